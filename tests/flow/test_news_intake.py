"""News items over HTTP: another wire's NewsML-G2 and ninjs become the same release here."""

import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from news_items import BASE, lanternfish_edition, without_pictures
from tidewire.access.keys import issue_key, open_issuer
from tidewire.app import problems
from tidewire.clock import FixedClock
from tidewire.formats.newsml_g2 import news_message, newsml_g2
from tidewire.formats.ninjs import MEDIA_TYPE as NINJS
from tidewire.formats.ninjs import ninjs
from tidewire.formats.ninjs_1_6 import MEDIA_TYPE as NINJS_1
from tidewire.formats.ninjs_1_6 import ninjs_1_6
from tidewire.intake import routes as intake
from tidewire.intake.translated import G2
from tidewire.model.issuer import Issuer
from tidewire.model.opening import Opening, Why
from tidewire.model.release import Act, Release
from tidewire.store.database import Database
from wire import SilentBell, a_vault

RELEASES = "/api/v1/releases"


@dataclass
class Office:
    """The API of intake, and a way to see what it stored."""

    http: httpx.AsyncClient
    database: Database
    clock: FixedClock

    async def hand_in(self, body: bytes | AsyncIterator[bytes], kind: str) -> httpx.Response:
        return await self.http.post(RELEASES, content=body, headers={"content-type": kind})

    async def stored(self) -> list[Release]:
        vault = a_vault(self.database, self.clock)
        async with self.database.transaction() as tx:
            rows = await (await tx.execute("SELECT id FROM release ORDER BY id")).fetchall()
            found = []
            for (release_id,) in rows:
                whole = await vault.whole(tx, release_id, 1, Opening("test", Why.SHOW))
                assert whole is not None
                found.append(whole.edition.release)
        return found


@pytest.fixture
async def office(database: Database, clock: FixedClock) -> AsyncIterator[Office]:
    async with database.transaction() as tx:
        caller = await open_issuer(tx, Issuer(0, "sample", "Sample AG"), clock.now())
        key = await issue_key(tx, caller.account_id, clock.now())
    app = FastAPI()
    problems.install(app)
    app.include_router(intake.routes(database, clock, SilentBell(), a_vault(database, clock)))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app),
        base_url=BASE,
        headers={"authorization": f"Bearer {key}"},
    ) as http:
        yield Office(http, database, clock)


FORMS: dict[str, tuple[Callable[..., bytes], str]] = {
    "newsml-g2": (newsml_g2, G2[0]),
    "ninjs": (ninjs, NINJS),
    "ninjs-1.6": (ninjs_1_6, NINJS_1),
}


@pytest.mark.parametrize("name", FORMS)
async def test_what_another_wire_sent_is_the_same_release_here(office: Office, name: str) -> None:
    make, kind = FORMS[name]
    edition = lanternfish_edition()
    answer = await office.hand_in(make(edition, "de", BASE, audience="media"), kind)
    assert answer.status_code == 201, answer.text
    [stored] = await office.stored()
    whole = without_pictures(replace(edition.release, t0=None, embargo=False))
    assert stored == replace(whole, renditions=(whole.rendition("de"),))
    [told] = [p for p in answer.json()["problems"] if p["code"] == "picture-elsewhere"]
    picture, said = edition.release.pictures[0], edition.release.rendition("de").captions[0]
    assert told["severity"] == "warning" and told["pointer"] == "/pictures/0/href"
    for word in (said.alt, said.text, picture.credit, f"{BASE}/releases/{edition.ref}/pictures/"):
        assert word in told["message"]


async def test_a_message_brings_all_renditions(office: Office) -> None:
    edition = lanternfish_edition()
    items = [newsml_g2(edition, t, BASE, audience="media") for t in edition.release.languages()]
    message = news_message(items, office.clock.now(), "other.example")
    answer = await office.hand_in(message, G2[1])
    assert answer.status_code == 201, answer.text
    [stored] = await office.stored()
    assert stored == without_pictures(replace(edition.release, t0=None, embargo=False))
    [told] = [p for p in answer.json()["problems"] if p["code"] == "picture-elsewhere"]
    for rendition in edition.release.renditions:
        assert f"{rendition.language}: {rendition.captions[0].text}" in told["message"]


def hostile() -> dict[str, tuple[bytes, str, int]]:
    item = newsml_g2(lanternfish_edition(), "en", BASE)
    bomb = b'<!DOCTYPE b [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><b>&b;</b>'
    outside = b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><b>&a;</b>'
    headless = re.sub(b"<headline>.*?</headline>", b"", item)
    return {
        "bomb": (bomb, G2[0], 400),
        "outside": (outside, G2[0], 400),
        "latin-1": ("<a>ü</a>".encode("latin-1"), G2[0], 400),
        "zero": (b"<a>\0</a>", G2[0], 400),
        "deep xml": (b"<a>" * 10_000, G2[0], 400),
        "deep json": (b"[" * 10_000, NINJS, 400),
        "empty": (b"", G2[0], 400),
        "no ninjs": (b"{}", NINJS, 400),
        "wrong type": (b'{"uri": "urn:x", "headlines": 5}', NINJS, 422),
        "no headline": (b'{"uri": "urn:x", "bodies": [{"value": "<p>x</p>"}]}', NINJS, 422),
        "no headline in xml": (headless, G2[0], 422),
        "kill": (newsml_g2(lanternfish_edition(Act.KILL), "en", BASE), G2[0], 422),
        "over 2 MB": (b" " * 2_100_000, G2[0], 413),
    }


@pytest.mark.parametrize("name", hostile())
async def test_hostile_items_are_refused_and_nothing_is_stored(office: Office, name: str) -> None:
    body, kind, status = hostile()[name]
    answer = await office.hand_in(body, kind)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["title"]
    if status == 422:
        assert problem["errors"][0]["pointer"].startswith("/")
    assert await office.stored() == []


async def test_a_hundred_megabytes_are_not_read_to_the_end(office: Office) -> None:
    sent = 0

    async def flood() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(1_000):
            sent += 100_000
            yield b" " * 100_000

    answer = await office.hand_in(flood(), G2[0])
    assert answer.status_code == 413 and sent < 3_000_000


async def test_the_key_is_asked_for_before_the_item_is_read(office: Office) -> None:
    del office.http.headers["authorization"]
    answer = await office.hand_in(b"<!DOCTYPE x><x/>", G2[0])
    assert answer.status_code == 401
