"""The feed channel against the suite of all channels; its world is the feeds' own readers."""

import json
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from contract.channel_contract import ChannelContract, Copy, outgoing
from editions import T0
from tidewire.access.tokens import Signer
from tidewire.channels.channel import ChannelContext
from tidewire.channels.feed.channel import FeedChannel
from tidewire.channels.feed.routes import routes
from tidewire.clock import FixedClock
from tidewire.model.delivery import ChannelCode, Outgoing, Receipt
from tidewire.model.release import Edition
from tidewire.store.database import Database
from tidewire.store.editions import write_document


class PublishingFirst:
    """The channel, in a house where what is sent has been published, as it always has."""

    code = ChannelCode.FEED

    def __init__(self, context: ChannelContext) -> None:
        self._channel = FeedChannel(context)
        self._database = context.database

    def host(self, address: str) -> str:
        return self._channel.host(address)

    def prepare(self, edition: Edition, language: str, deliveries: Sequence[Outgoing]) -> bytes:
        return self._channel.prepare(edition, language, deliveries)

    async def warm(self, edition: Edition, language: str, addresses: Sequence[str]) -> None:
        await self._channel.warm(edition, language, addresses)

    async def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",
    ) -> AsyncGenerator[Receipt]:
        if edition.release_id == 42:  # 43 is the one that cannot be rendered, nor stored
            await _publish(self._database, edition)
        async for receipt in self._channel.send(edition, language, deliveries, prepared):
            yield receipt

    async def close(self) -> None:
        await self._channel.close()


async def _publish(database: Database, edition: Edition) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO issuer (id, slug, name, website, created_at) OVERRIDING SYSTEM VALUE"
            " VALUES (1, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            (edition.issuer_slug, edition.issuer_name, edition.issuer_website, T0),
        )
        await tx.execute(
            "INSERT INTO release (id, ref, issuer_id, state, version, received_at)"
            " OVERRIDING SYSTEM VALUE VALUES (%s, %s, 1, 'published', 1, %s)"
            " ON CONFLICT DO NOTHING",
            (edition.release_id, edition.ref, T0),
        )
        await tx.execute(
            "INSERT INTO release_version (release_id, version, act, document, note, created_at,"
            " t0, sequence, published_at) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            (
                edition.release_id, edition.version, edition.act, write_document(edition.release),
                edition.note, T0, T0, edition.sequence, edition.published_at,
            ),
        )  # fmt: skip
        await tx.execute("UPDATE wire_head SET sequence = %s", (edition.sequence,))


class FeedRig:
    """The channel and someone who reads the feeds that were delivered to."""

    def __init__(self, context: ChannelContext) -> None:
        self.channel = PublishingFirst(context)
        self._app = FastAPI()
        self._app.include_router(routes(context))
        self._asked: set[str] = set()

    def deliveries(self, count: int, language: str) -> list[Outgoing]:
        names = [language, f"{language}/energy", f"{language}/technology"]
        self._asked.update(names[:count])
        return [outgoing(n + 1, names[n % len(names)], language) for n in range(count)]

    def dead(self) -> Outgoing | None:
        return None

    def unwilling(self) -> Outgoing | None:
        return outgoing(9002, "de/nonsense", "de")

    async def received(self) -> list[Copy]:
        copies = []
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://w.example") as client:
            for name in sorted(self._asked):
                feed = (await client.get(f"/feeds/{name}.json")).json()
                copies += [
                    Copy(item["id"], json.dumps(item, ensure_ascii=False)) for item in feed["items"]
                ]
        return copies


class TestFeed(ChannelContract):
    @pytest.fixture
    def rig(self, database: Database, clock: FixedClock, tmp_path: Path) -> FeedRig:
        tokens = Signer(b"x" * 32)
        return FeedRig(ChannelContext(clock, database, tokens, "http://w.example", tmp_path))
