"""A release is given out for translation: as XLIFF, on record, to whoever may see it."""

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from fastapi import FastAPI

from tidewire.access.keys import issue_key, open_editor, open_issuer
from tidewire.app import problems
from tidewire.clock import FixedClock
from tidewire.formats.xliff.names import SegmentState
from tidewire.formats.xliff.read import read_xliff
from tidewire.intake import routes as intake
from tidewire.ledger.openings import openings
from tidewire.model.issuer import Issuer
from tidewire.model.rendition import Dateline, Rendition
from tidewire.store import releases, waiting_renditions
from tidewire.store.database import Database
from tidewire.translation.libretranslate import LibreTranslate
from tidewire.translation.provider import Provider
from wire import SilentBell, a_vault

RELEASES = "/api/v1/releases"
SUBMISSION: dict[str, Any] = {
    "renditions": [
        {
            "language": "en",
            "headline": "Tidewind opens its first floating park",
            "dateline": {"place": "Husum", "country": "DE"},
            "body_html": "<p>The <strong>park</strong> feeds 48,000 homes.</p>",
        }
    ],
    "contacts": [{"role": "Press office", "name": "Ada Sample", "mail": "press@tidewind.example"}],
    "sectors": ["energy"],
}
SOURCE = Rendition(
    "en",
    "Tidewind opens its first floating park",
    "<p>The <strong>park</strong> feeds 48,000 homes.</p>",
    dateline=Dateline("Husum", "DE"),
)


@pytest.fixture
async def machine() -> AsyncIterator[Provider]:
    async def languages(request: web.Request) -> web.Response:
        return web.json_response([{"code": "en"}, {"code": "fr"}])

    async def translate(request: web.Request) -> web.Response:
        asked = await request.json()
        return web.json_response({"translatedText": [f"{text} !" for text in asked["q"]]})

    app = web.Application()
    app.router.add_get("/languages", languages)
    app.router.add_post("/translate", translate)
    server = TestServer(app)
    await server.start_server()
    yield LibreTranslate(str(server.make_url("")))
    await server.close()


class Desk:
    def __init__(self, database: Database, clock: FixedClock, machine: Provider | None) -> None:
        self.database, self.clock = database, clock
        app = FastAPI()
        problems.install(app)
        vault = a_vault(database, clock)
        app.include_router(intake.routes(database, clock, SilentBell(), vault, translator=machine))
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://wire.example"
        )
        self.issuer: dict[str, str] = {}
        self.other: dict[str, str] = {}
        self.editor: dict[str, str] = {}

    async def open(self) -> str:
        now = self.clock.now()
        async with self.database.transaction() as tx:
            one = await open_issuer(tx, Issuer("tidewind", "Tidewind", ""), now)
            two = await open_issuer(tx, Issuer("other", "Other", ""), now)
            mara = await open_editor(tx, "Mara Muster", now)
            for name, who in (("issuer", one), ("other", two), ("editor", mara)):
                key = await issue_key(tx, who.account_id, now)
                setattr(self, name, {"Authorization": f"Bearer {key}"})
        answer = await self.http.post(RELEASES, json=SUBMISSION, headers=self.issuer)
        return str(answer.json()["ref"])

    async def ask(self, ref: str, who: dict[str, str], **query: str) -> httpx.Response:
        return await self.http.get(f"{RELEASES}/{ref}/xliff", params=query, headers=who)


async def opened(database: Database, ref: str) -> list[str]:
    async with database.transaction() as tx:
        [row] = await releases.queue(tx, ref=ref)
        return [one.who_and_why for one in await openings(tx, row.id)]


async def test_its_issuer_and_an_editor_take_it_and_that_is_on_record(
    database: Database, clock: FixedClock
) -> None:
    desk = Desk(database, clock, None)
    ref = await desk.open()
    for who in (desk.issuer, desk.editor):
        answer = await desk.ask(ref, who, to="fr")
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/xliff+xml"
        assert b"48,000 homes" in answer.content
        assert f'original="{ref}/1"'.encode() in answer.content
    said = await opened(database, ref)
    assert len([line for line in said if "to have it translated" in line]) == 2
    assert any("editor Mara Muster" in line for line in said)


async def test_nobody_else_learns_that_it_is_there(database: Database, clock: FixedClock) -> None:
    desk = Desk(database, clock, None)
    ref = await desk.open()
    assert (await desk.ask(ref, desk.other, to="fr")).status_code == 404
    assert (await desk.ask(ref, {}, to="fr")).status_code == 401
    assert (await desk.ask("nothere", desk.editor, to="fr")).status_code == 404


@pytest.mark.parametrize("to", ["en", "klingonish", "x"])
async def test_a_language_that_cannot_be_is_refused(
    database: Database, clock: FixedClock, to: str
) -> None:
    desk = Desk(database, clock, None)
    answer = await desk.ask(await desk.open(), desk.editor, to=to)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/to"


async def test_a_machine_fills_it_in_and_says_so(
    database: Database, clock: FixedClock, machine: Provider
) -> None:
    desk = Desk(database, clock, machine)
    ref = await desk.open()
    answer = await desk.ask(ref, desk.editor, to="fr", machine="true")
    assert answer.status_code == 200, answer.text
    assert b"LibreTranslate: translated by machine" in answer.content
    back = read_xliff(answer.content, SOURCE)
    assert back.state is SegmentState.INITIAL
    assert back.rendition.body == "<p>The <strong>park</strong> feeds 48,000 homes. !</p>"
    assert "editor Mara Muster, to have it translated by machine" in await opened(database, ref)


async def test_without_a_machine_it_says_so_and_opens_nothing(
    database: Database, clock: FixedClock
) -> None:
    desk = Desk(database, clock, None)
    ref = await desk.open()
    answer = await desk.ask(ref, desk.editor, to="fr", machine="true")
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/machine"
    assert await opened(database, ref) == []


async def translated(desk: Desk, ref: str) -> bytes:
    """The file as a translator sends it back."""
    given = await desk.ask(ref, desk.editor, to="fr")
    text = given.content.decode().replace('state="initial"', 'state="translated"')
    text = re.sub("<source>(.*?)</source>", r"<source>\1</source><target>\1</target>", text)
    for english, french in (
        ("<target>Tidewind opens its first floating park", "<target>Tidewind ouvre son parc"),
        ("<target>The <pc", "<target>Le <pc"),
        (">park</pc> feeds 48,000 homes.</target>", ">parc</pc> alimente 48 000 foyers.</target>"),
    ):
        assert english in text
        text = text.replace(english, french)
    return text.encode()


async def waiting(database: Database, ref: str) -> list[tuple[str, str]]:
    async with database.transaction() as tx:
        [row] = await releases.queue(tx, ref=ref)
        found = await waiting_renditions.every(tx, row.id)
        return [(one.language, one.hand.value) for one in found]


async def send(desk: Desk, ref: str, raw: bytes, **query: str) -> httpx.Response:
    return await desk.http.post(
        f"{RELEASES}/{ref}/xliff",
        content=raw,
        params=query,
        headers={**desk.editor, "Content-Type": "application/xliff+xml"},
    )


async def test_a_translation_comes_back_and_waits(database: Database, clock: FixedClock) -> None:
    desk = Desk(database, clock, None)
    ref = await desk.open()
    raw = await translated(desk, ref)
    dry = await send(desk, ref, raw, dry_run="true")
    assert (dry.status_code, await waiting(database, ref)) == (200, [])
    answer = await send(desk, ref, raw, translator="Lou Example")
    assert answer.status_code == 201, answer.text
    assert answer.json()["language"] == "fr"
    assert await waiting(database, ref) == [("fr", "person")]


async def test_what_does_not_fit_leaves_nothing_behind(
    database: Database, clock: FixedClock, machine: Provider
) -> None:
    desk = Desk(database, clock, machine)
    ref = await desk.open()
    whole = await translated(desk, ref)
    filled = (await desk.ask(ref, desk.editor, to="fr", machine="true")).content
    for raw, status in (
        (whole[:-9], 400),
        (b"", 400),
        (b"<!DOCTYPE x>" + whole.partition(b"?>")[2], 400),
        (whole.replace(b'unit id="body-1"', b'unit id="body-7"'), 422),
        (whole.replace(b"<target>Tidewind ouvre", b"<target>" + b"T" * 600), 422),
        (filled, 422),
        (b" " * 2_100_000, 413),
    ):
        answer = await send(desk, ref, raw)
        assert answer.status_code == status, answer.text
    assert await waiting(database, ref) == []


async def test_a_machine_makes_a_rendition_that_is_labelled_and_waits(
    database: Database, clock: FixedClock, machine: Provider
) -> None:
    desk = Desk(database, clock, machine)
    ref = await desk.open()
    path = f"{RELEASES}/{ref}/translate"
    answer = await desk.http.post(path, json={"to": ["fr"]}, headers=desk.issuer)
    assert answer.status_code == 201, answer.text
    assert await waiting(database, ref) == [("fr", "machine")]
    refused = await desk.http.post(path, json={"to": ["ja"]}, headers=desk.issuer)
    assert refused.status_code == 422
    assert await waiting(database, ref) == [("fr", "machine")]
    none = await desk.http.post(path, json={"to": ["en"]}, headers=desk.issuer)
    assert none.status_code == 409


async def test_a_machine_does_not_take_the_place_of_a_person(
    database: Database, clock: FixedClock, machine: Provider
) -> None:
    desk = Desk(database, clock, machine)
    ref = await desk.open()
    assert (await send(desk, ref, await translated(desk, ref))).status_code == 201
    path = f"{RELEASES}/{ref}/translate"
    answer = await desk.http.post(path, json={"to": ["fr"]}, headers=desk.issuer)
    assert answer.status_code == 409
    assert await waiting(database, ref) == [("fr", "person")]
