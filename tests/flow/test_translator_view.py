"""A translator works behind a link: opens, saves, hands in; whoever has no link sees nothing."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from lxml import html

from office import Office, open_office
from tidewire.access.tokens import Signer
from tidewire.app import problems
from tidewire.clock import FixedClock
from tidewire.intake import translator_routes
from tidewire.intake.submit import Intake
from tidewire.ledger.openings import openings
from tidewire.store import releases, waiting_renditions
from tidewire.store.database import Database
from wire import SilentBell, a_vault

BODY = (
    "<p>The <strong>park</strong> feeds 48,000 homes.</p>"
    '<p>More at <a href="https://tidewind.example">ours</a>.</p>'
)
RENDITION = {
    "language": "en",
    "headline": "Tidewind opens its first floating park",
    "dateline": {"place": "Husum", "country": "DE", "date": "2026-03-03"},
    "body_html": BODY,
}
FRENCH = {
    "headline": "Tidewind ouvre son premier parc flottant",
    "place": "Husum",
    "body-1": "Le ⟦1⟧parc⟦/1⟧ alimente 48 000 foyers.",
    "body-2": "Pour en savoir plus : ⟦1⟧notre site⟦/1⟧.",
}


@dataclass
class Page:
    """What a browser has of the page: its form, and how to send it."""

    http: httpx.AsyncClient
    path: str
    answer: httpx.Response
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def text(self) -> str:
        return " ".join(html.fromstring(self.answer.text).text_content().split())

    def target(self, name: str) -> str:
        return self.fields[f"t-{name}"]

    async def send(self, act: str, texts: dict[str, str], **changes: str) -> "Page":
        typed = {f"t-{name}": text for name, text in texts.items()}
        data = {**self.fields, **typed, "act": act, **changes}
        return read(self.http, self.path, await self.http.post(self.path, data=data))


def read(http: httpx.AsyncClient, path: str, answer: httpx.Response) -> Page:
    found = html.fromstring(answer.text)
    fields = {one.get("name"): one.get("value") for one in found.xpath("//input")}
    fields |= {one.get("name"): (one.text or "").lstrip("\n") for one in found.xpath("//textarea")}
    return Page(http, path, answer, fields)


@dataclass
class Room:
    """The office, and a browser that has no key."""

    office: Office
    http: httpx.AsyncClient
    clock: FixedClock

    async def link(self, ref: str, who: dict[str, str] | None = None, **body: Any) -> str:
        answer = await self.ask(ref, who, **body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["url"]).removeprefix("http://wire.example")

    async def ask(self, ref: str, who: dict[str, str] | None = None, **body: Any) -> httpx.Response:
        wanted = {"to": "fr", "translator": "Lou Example", "hours": 24} | body
        return await self.http.post(
            f"/api/v1/releases/{ref}/translation-links",
            json=wanted,
            headers=self.office.issuer if who is None else who,
        )

    async def open(self, path: str) -> Page:
        return read(self.http, path, await self.http.get(path))

    async def waiting(self, ref: str) -> list[tuple[str, str]]:
        async with self.office.database.transaction() as tx:
            [row] = await releases.queue(tx, ref=ref)
            found = await waiting_renditions.every(tx, row.id)
            return [(one.language, one.hand.value) for one in found]


@pytest.fixture
async def room(database: Database, clock: FixedClock) -> AsyncIterator[Room]:
    app = FastAPI()
    problems.install(app)
    intake = Intake(database, clock, SilentBell(), a_vault(database, clock))
    app.include_router(translator_routes.routes(intake, Signer(b"s" * 32), "http://wire.example"))
    async with open_office(database, clock) as office:
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://wire.example") as http:
            yield Room(office, http, clock)


async def test_a_draft_is_kept_and_then_handed_in_to_wait(room: Room) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    path = await room.link(ref)
    page = await room.open(path)
    assert page.answer.status_code == 200
    assert page.answer.headers["cache-control"] == "no-store"
    assert page.answer.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in page.answer.headers["x-robots-tag"]
    assert "The ⟦1⟧park⟦/1⟧ feeds 48,000 homes." in page.text
    assert "link to https://tidewind.example" in page.text
    saved = await page.send("save", {"headline": FRENCH["headline"]})
    assert saved.answer.status_code == 200
    assert "Saved. 1 of 4" in saved.text
    again = await room.open(path)
    assert again.target("headline") == FRENCH["headline"]
    assert await room.waiting(ref) == []
    done = await again.send("hand-in", FRENCH)
    assert "Handed in." in done.text
    assert await room.waiting(ref) == [("fr", "person")]
    shown = await room.office.http.get(f"/api/v1/desk/releases/{ref}", headers=room.office.editor)
    [waits] = shown.json()["waiting"]
    content = waits["content"]
    assert content["made_by"]["name"] == "Lou Example"
    assert "Le <strong>parc</strong> alimente 48 000 foyers." in content["body"]
    assert 'href="https://tidewind.example"' in content["body"]
    assert (await room.office.decide(ref, "approve")).status_code == 200
    assert (await room.open(path)).answer.status_code == 409
    assert await room.office.rows("SELECT * FROM translation_draft") == []


async def test_the_translator_stands_in_the_ledger(room: Room) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    page = await room.open(await room.link(ref))
    await page.send("hand-in", FRENCH)
    async with room.office.database.transaction() as tx:
        [row] = await releases.queue(tx, ref=ref)
        said = [one.who_and_why for one in await openings(tx, row.id)]
    assert "issuer tidewind, to have it translated" in said
    assert "translator Lou Example, to have it translated" in said
    assert "translator Lou Example, to check a rendition against it" in said


async def test_nothing_of_a_draft_stands_in_clear(room: Room, database: Database) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    page = await room.open(await room.link(ref))
    assert "Saved." in (await page.send("save", FRENCH)).text
    [(sealed,)] = await room.office.rows("SELECT sealed FROM translation_draft")
    assert b"parc" not in bytes(sealed)
    with psycopg.connect(database.url) as connection:
        tables = connection.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
        ).fetchall()
        for (table,) in tables:
            dumped = connection.execute(f'SELECT t::text FROM "{table}" t').fetchall()
            assert not [
                row for row in dumped if "flottant" in row[0] or b"flottant".hex() in row[0]
            ]


async def test_a_lost_code_or_text_hands_nothing_in_and_says_where(room: Room) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    path = await room.link(ref)
    page = await room.open(path)
    for name, text, said in (
        ("body-1", "Le parc alimente 48 000 foyers.", "lacks code 1"),
        ("body-1", "Le ⟦1⟧parc⟦/1⟧ ⟦2⟧alimente.", "code 2 that the source does not have"),
        ("body-2", "", "Nothing stands here yet"),
    ):
        page = await page.send("hand-in", FRENCH | {name: text})
        assert page.answer.status_code == 422
        assert said in page.text
        area = html.fromstring(page.answer.text).xpath(f"//textarea[@id='t-{name}']")[0]
        assert area.get("aria-invalid") == "true"
        assert page.target(name) == text
        assert await room.waiting(ref) == []


async def test_what_the_checks_refuse_is_said_too(room: Room) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    page = await room.open(await room.link(ref))
    refused = await page.send("hand-in", FRENCH | {"headline": "T" * 600})
    assert refused.answer.status_code == 422
    area = html.fromstring(refused.answer.text).xpath("//textarea[@id='t-headline']")[0]
    assert area.get("aria-invalid") == "true"
    assert await room.waiting(ref) == []


async def test_a_form_from_elsewhere_changes_nothing(room: Room) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    page = await room.open(await room.link(ref))
    other = await room.open(await room.link(ref, translator="Kim Example"))
    for proof in ("", "forged", "é", other.fields["form"]):
        assert (await page.send("save", FRENCH, form=proof)).answer.status_code == 403
    assert await room.office.rows("SELECT * FROM translation_draft") == []


async def test_a_link_is_refused_when_forged_expired_or_dead(room: Room) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    path = await room.link(ref)
    page = await room.open(path)
    await page.send("save", FRENCH)
    for wrong in (path[:-2], path + "AA", "/translate/x", "/translate/%C3%A9"):
        answer = await room.http.get(wrong)
        assert answer.status_code == 404
        assert "not valid" in answer.text
        assert answer.headers["cache-control"] == "no-store"
    room.clock.advance(24 * 3600)
    assert (await room.open(path)).answer.status_code == 403
    assert "expired" in (await page.send("hand-in", FRENCH)).text
    path = await room.link(ref)
    page = await room.open(path)
    assert page.target("headline") == FRENCH["headline"]
    assert (await room.office.decide(ref, "kill", note="Wrong.")).status_code == 200
    dead = await room.open(path)
    assert dead.answer.status_code == 409
    assert "taken back" in dead.text
    assert "park" not in dead.text
    assert (await page.send("hand-in", FRENCH)).answer.status_code == 409
    assert await room.office.rows("SELECT * FROM translation_draft") == []


async def test_a_link_is_made_by_issuer_and_editor_only(room: Room) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    office = room.office
    assert (await room.ask(ref, office.editor)).status_code == 201
    assert (await room.ask(ref, office.other)).status_code == 404
    assert (await room.ask(ref, {})).status_code == 401
    for wrong in ({"to": "en"}, {"to": "x"}, {"hours": 0}, {"hours": 10_000}, {"translator": " "}):
        assert (await room.ask(ref, **wrong)).status_code in (409, 422), wrong
    assert (await room.ask("nothere")).status_code == 404


async def test_two_windows_do_not_overwrite_each_other_unseen(room: Room) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    path = await room.link(ref)
    one, two = await room.open(path), await room.open(path)
    assert "Saved." in (await one.send("save", FRENCH)).text
    late = await two.send("save", {"headline": "Un autre titre"})
    assert late.answer.status_code == 409
    assert late.target("headline") == "Un autre titre"
    assert (await room.open(path)).target("headline") == FRENCH["headline"]
    assert "Saved." in (await late.send("save", {})).text
    assert (await room.open(path)).target("headline") == "Un autre titre"


async def test_a_source_that_changed_is_named_before_anything_is_handed_in(room: Room) -> None:
    ref = await room.office.hand_in(renditions=[RENDITION])
    path = await room.link(ref)
    page = await (await room.open(path)).send("save", FRENCH)
    await room.office.decide(ref, "return", note="The figure.")
    changed = {**RENDITION, "body_html": BODY.replace("48,000", "52,000")}
    again = await room.office.http.post(
        f"/api/v1/releases/{ref}/resubmit",
        json={
            "renditions": [changed],
            "contacts": [{"role": "Press", "name": "Ada Sample", "mail": "press@tidewind.example"}],
            "sectors": ["energy"],
        },
        headers=room.office.issuer,
    )
    assert again.status_code == 200, again.text
    opened = await room.open(path)
    assert len(re.findall("The source is another one", opened.text)) == 1
    late = await page.send("hand-in", {})
    assert late.answer.status_code == 422
    assert await room.waiting(ref) == []
