"""News items over HTTP: another wire's NewsML-G2 and ninjs become the same release here."""

import json
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
from tidewire.formats.newsml_g2 import NAR, news_message, newsml_g2
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


def changed(document: bytes, *pairs: tuple[str, str]) -> bytes:
    """The document with each first text in the place of the second; each is there."""
    text = document.decode()
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text.encode()


def hostile() -> dict[str, tuple[bytes, str, int]]:
    item = newsml_g2(lanternfish_edition(), "en", BASE)
    bomb = b'<!DOCTYPE b [<!ENTITY a "haha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><b>&b;</b>'
    outside = b'<!DOCTYPE b [<!ENTITY a SYSTEM "file:///etc/passwd">]><b>&a;</b>'
    headless = re.sub(b"<headline>.*?</headline>", b"", item)
    embargo = "<embargoed>2026-03-03T12:00:00.000+00:00"
    body = "</body.head><body.content>"
    return {
        "bomb": (bomb, G2[0], 400),
        "outside": (outside, G2[0], 400),
        "latin-1": ("<a>ü</a>".encode("latin-1"), G2[0], 400),
        "utf-16": (item.decode().replace("UTF-8", "UTF-16").encode("utf-16"), G2[0], 400),
        "overlong utf-8": (item.replace(b"Port", b"\xc0\xaf", 1), G2[0], 400),
        "zero": (b"<a>\0</a>", G2[0], 400),
        "zero as a reference": (changed(item, ("Port", "&#0;")), G2[0], 400),
        "surrogate as a reference": (changed(item, ("Port", "&#xD800;")), G2[0], 400),
        "deep xml": (b"<a>" * 100_000, G2[0], 400),
        "deep body": (changed(item, (body, body + "<block>" * 100_000)), G2[0], 400),
        "an attribute twice": (changed(item, ("<newsItem ", '<newsItem a="1" a="2" ')), G2[0], 400),
        "another namespace": (changed(item, (NAR, "http://other.example/")), G2[0], 400),
        "no namespace": (changed(item, (f'xmlns="{NAR}"', "")), G2[0], 400),
        "nothing but a prefixed root": (
            b'<x:newsItem xmlns:x="' + NAR.encode() + b'"/>',
            G2[0],
            400,
        ),
        "empty": (b"", G2[0], 400),
        "over 2 MB": (b" " * 2_100_000, G2[0], 413),
        "no headline in xml": (headless, G2[0], 422),
        "kill": (newsml_g2(lanternfish_edition(Act.KILL), "en", BASE), G2[0], 422),
        "version 0": (changed(item, (' version="1"', ' version="0"')), G2[0], 422),
        "version of 5,000 digits": (
            changed(item, (' version="1"', f' version="{"9" * 5_000}"')),
            G2[0],
            422,
        ),
        "embargo without a zone": (
            changed(item, (embargo, "<embargoed>2036-03-03T12:00:00")),
            G2[0],
            422,
        ),
        "embargo that is no time": (changed(item, (embargo, "<embargoed>tomorrow")), G2[0], 422),
        "link with a script": (
            changed(item, (body, f'{body}<p><a href="javascript:alert(1)">x</a></p>')),
            G2[0],
            422,
        ),
        "provider with a script": (
            changed(item, ('literal="https://provider.example/', 'literal="javascript:alert(1)//')),
            G2[0],
            422,
        ),
        "two items of one guid": (
            news_message([item, item], lanternfish_edition().published_at, "x"),  # type: ignore[arg-type]
            G2[1],
            422,
        ),
        "30,000 items": (
            f'<newsMessage xmlns="{NAR}"><itemSet>'.encode()
            + b'<newsItem guid="a"><itemMeta/></newsItem>' * 30_000
            + b"</itemSet></newsMessage>",
            G2[1],
            422,
        ),
        "organisations without end": (
            changed(
                item,
                ("<slugline>", ORGANISATION * 9_000 + "<slugline>"),
                ("</newsItem>", '<assert literal="q"/>' * 20_000 + "</newsItem>"),
            ),
            G2[0],
            422,
        ),
        **hostile_json(),
    }


ORGANISATION = '<subject type="cpnat:organisation" literal="zz"><name>x</name></subject>'


def hostile_json() -> dict[str, tuple[bytes, str, int]]:
    raw = ninjs(lanternfish_edition(), "en", BASE)

    def said(**more: object) -> bytes:
        return json.dumps({**json.loads(raw), **more}).encode()

    def added(text: bytes) -> bytes:
        return raw[:-1] + b"," + text + b"}"

    keys = b",".join(b'"k%d":1' % number for number in range(150_000))
    refused = {
        "deep json": b"[" * 100_000,
        "deep json that nobody reads": added(b'"x":' + b"[" * 100_000 + b"]" * 100_000),
        "no ninjs": b"{}",
        "keys without end": b"{" + keys + b"}",
        "a key twice": added(b'"uri":"urn:other"'),
        "nan": added(b'"x":NaN'),
        "infinity": added(b'"x":-Infinity'),
        "5,000 digits": added(b'"x":' + b"9" * 5_000),
        "utf-32": raw.decode().encode("utf-32"),
        "bad utf-8": raw.replace(b"Port", b"P\xff", 1),
    }
    wrong = {
        "wrong type": b'{"uri": "urn:x", "headlines": 5}',
        "no headline": b'{"uri": "urn:x", "bodies": [{"value": "<p>x</p>"}]}',
        "half a character": raw.replace(b"Port Ember", b"\\ud800", 1),
        "half a character for a uri": said(uri="\ud800"),
        "zero in json": raw.replace(b"Port Ember", b"\\u0000", 1),
        "a float for urgency": raw.replace(b'"urgency":5', b'"urgency":1e999'),
        "version 0 in json": said(version="0"),
        "a number for version": said(version=2),
        "no zone in json": said(embargoedUntil="2036-01-01T00:00:00"),
        "a script in json": said(
            bodies=[{"role": "main", "value": '<p><a href="javascript:alert(1)">x</a></p>'}]
        ),
        "a uri without end": said(uri="u" * 100_000),
        "an item twice": json.dumps({"items": [json.loads(raw)] * 2}).encode(),
    }
    return {name: (body, NINJS, 400) for name, body in refused.items()} | {
        name: (body, NINJS, 422) for name, body in wrong.items()
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
        wholes = ("two items of one guid", "30,000 items", "an item twice")
        assert problem["errors"][0]["pointer"].startswith("/") or name in wholes
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


@pytest.mark.parametrize("name", ["newsml-g2", "ninjs"])
async def test_what_only_looks_odd_is_taken(office: Office, name: str) -> None:
    """A byte order mark, another encoding's name, keys and attributes that nobody reads."""
    make, kind = FORMS[name]
    raw = make(lanternfish_edition(), "en", BASE, audience="media")
    attributes = " ".join(f'a{number}="1"' for number in range(50_000))
    keys = b",".join(b'"k%d":1' % number for number in range(50_000))
    if name == "ninjs":
        odd = raw[:-1] + b"," + keys + b"}"
    else:
        odd = changed(
            raw,
            ("encoding='UTF-8'", "encoding='ISO-8859-1'"),
            ("<newsItem ", f"<newsItem {attributes} "),
        )
    answer = await office.hand_in(b"\xef\xbb\xbf" + odd, kind)
    assert answer.status_code == 201, answer.text
    [stored] = await office.stored()
    meant = without_pictures(lanternfish_edition().release)
    assert stored.renditions == (meant.rendition("en"),)


@pytest.mark.parametrize("name", FORMS)
async def test_an_item_that_comes_again_is_the_same_release(office: Office, name: str) -> None:
    make, kind = FORMS[name]
    edition = lanternfish_edition()
    first = await office.hand_in(make(edition, "de", BASE), kind)
    again = await office.hand_in(make(edition, "de", BASE), kind)
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["ref"] == first.json()["ref"]
    other = make(edition, "de", BASE).replace(b"Port Ember", b"Port Oak")
    clash = await office.hand_in(other, kind)
    assert clash.status_code == 409 and "next version" in clash.json()["detail"]
    assert len(await office.stored()) == 1


@pytest.mark.parametrize("name", ["newsml-g2", "ninjs"])
async def test_the_next_version_of_an_item_takes_the_place_of_what_was_returned(
    office: Office, name: str
) -> None:
    make, kind = FORMS[name]
    ref = (await office.hand_in(make(lanternfish_edition(), "de", BASE), kind)).json()["ref"]
    second = lanternfish_edition(Act.CORRECT)
    assert second.version == 2
    german = replace(second.release.rendition("de"), headline="Die Fähre fährt später")
    second = replace(second, release=replace(second.release, renditions=(german,)))
    early = await office.hand_in(make(second, "de", BASE), kind)
    assert early.status_code == 409 and ref in early.json()["title"]
    async with office.database.transaction() as tx:
        await tx.execute("UPDATE release SET state = 'returned'")
    taken = await office.hand_in(make(second, "de", BASE), kind)
    assert taken.status_code in (200, 201), taken.text
    assert (taken.json()["ref"], taken.json()["state"]) == (ref, "received")
    [stored] = await office.stored()
    assert stored.renditions[0].headline == "Die Fähre fährt später"
    old = await office.hand_in(make(lanternfish_edition(), "de", BASE), kind)
    assert old.status_code == 409 and "newer version" in old.json()["title"]


async def test_the_same_guid_from_another_issuer_is_another_release(office: Office) -> None:
    raw = newsml_g2(lanternfish_edition(), "de", BASE)
    mine = (await office.hand_in(raw, G2[0])).json()["ref"]
    async with office.database.transaction() as tx:
        caller = await open_issuer(tx, Issuer(0, "other", "Other AG"), office.clock.now())
        key = await issue_key(tx, caller.account_id, office.clock.now())
    office.http.headers["authorization"] = f"Bearer {key}"
    theirs = await office.hand_in(raw, G2[0])
    assert theirs.status_code == 201 and theirs.json()["ref"] != mine
