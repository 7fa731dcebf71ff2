"""An issuer's and an editor's desk: the API of intake and desk on a test's store."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from fastapi import FastAPI

from tidewire.access.keys import issue_key, open_editor, open_issuer
from tidewire.app import problems
from tidewire.bus.bell import Topic
from tidewire.clock import FixedClock
from tidewire.desk import routes as desk
from tidewire.intake import picture_routes
from tidewire.intake import routes as intake
from tidewire.intake.submit import examine
from tidewire.model.issuer import Caller, Issuer
from tidewire.newsroom import routes as newsroom
from tidewire.publish.moment import Press, publish_due
from tidewire.store.database import Database
from wire import SilentBell, a_vault

RELEASES = "/api/v1/releases"
DESK = "/api/v1/desk/releases"

SUBMISSION: dict[str, Any] = {
    "renditions": [
        {
            "language": "en",
            "headline": "Tidewind opens its first floating park",
            "dateline": {"place": "Husum", "country": "DE", "date": "2026-03-03"},
            "body_html": "<p>The park feeds 48,000 homes.</p>",
        }
    ],
    "contacts": [{"role": "Press office", "name": "Ada Sample", "mail": "press@tidewind.example"}],
    "sectors": ["energy"],
}


class Bells:
    """Keeps what was rung."""

    def __init__(self) -> None:
        self.rung: list[tuple[Topic, str]] = []

    async def ring(self, topic: Topic, what: str = "") -> None:
        self.rung.append((topic, what))

    def listen(self, *topics: Topic) -> Any:
        raise AssertionError("nobody listens here")

    async def close(self) -> None:
        pass


@dataclass
class Office:
    """The API with an issuer, another one, and an editor."""

    http: httpx.AsyncClient
    database: Database
    clock: FixedClock
    bells: Bells
    issuer: dict[str, str]
    other: dict[str, str]
    editor: dict[str, str]

    async def hand_in(self, **changes: Any) -> str:
        answer = await self.http.post(RELEASES, json=SUBMISSION | changes, headers=self.issuer)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["ref"])

    async def decide(self, ref: str, what: str, **body: Any) -> httpx.Response:
        return await self.http.post(f"{DESK}/{ref}/{what}", json=body, headers=self.editor)

    async def publish(self) -> None:
        """What publishing does, without an audience."""
        async with self.database.transaction() as tx:
            await tx.execute(
                "UPDATE release_version SET staged_at = %s, planned_at = %s WHERE t0 IS NOT NULL",
                (self.clock.now(), self.clock.now()),
            )
        press = Press(self.database, self.clock, SilentBell(), a_vault(self.database, self.clock))
        assert await publish_due(press) == 1

    async def published(self) -> str:
        ref = await self.hand_in()
        assert (await self.decide(ref, "approve")).status_code == 200
        assert (await self.decide(ref, "schedule", at="now")).status_code == 200
        await self.publish()
        return ref

    async def rows(self, query: str) -> list[Any]:
        async with self.database.transaction() as tx:
            return await (await tx.execute(query.encode())).fetchall()


@asynccontextmanager
async def open_office(database: Database, clock: FixedClock) -> AsyncIterator[Office]:
    bells = Bells()
    app = FastAPI()
    problems.install(app)
    vault = a_vault(database, clock)
    app.include_router(intake.routes(database, clock, bells, vault))
    app.include_router(picture_routes.routes(database, clock, bells, vault))
    replacement = intake.replacement(database, clock, bells, vault)
    app.include_router(
        desk.routes(
            database,
            clock,
            bells,
            vault,
            check=partial(examine, database, clock),
            replacement=replacement,
        )
    )

    app.include_router(newsroom.routes(database, "http://desk.example", clock))

    async def bearer(opened: Callable[[Any], Awaitable[Caller]]) -> dict[str, str]:
        async with database.transaction() as tx:
            caller = await opened(tx)
            key = await issue_key(tx, caller.account_id, clock.now())
        return {"Authorization": f"Bearer {key}"}

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://desk.example") as http:
        yield Office(
            http,
            database,
            clock,
            bells,
            issuer=await bearer(
                lambda tx: open_issuer(tx, Issuer(0, "tidewind", "Tidewind"), clock.now())
            ),
            other=await bearer(
                lambda tx: open_issuer(tx, Issuer(0, "other", "Other"), clock.now())
            ),
            editor=await bearer(lambda tx: open_editor(tx, "Mara Muster", clock.now())),
        )
