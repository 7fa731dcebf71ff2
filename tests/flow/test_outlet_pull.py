"""Outlets pull the wire: in their format, from a cursor on, waiting for the next, within bounds."""

import asyncio
import email
import gzip
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import httpx
import pytest
import uvicorn
from fastapi import FastAPI
from lxml import etree

from editions import BODY_MARKS, HEADLINE_MARKS, a_release
from news_items import g2_schema, ninjs_validator, nitf_schema
from tidewire.access.keys import issue_key, open_editor, open_issuer
from tidewire.access.tokens import Signer, desktop_key, outlet_key
from tidewire.app import problems
from tidewire.bus.bell import Topic
from tidewire.bus.postgres import PostgresBell
from tidewire.clock import FixedClock
from tidewire.model.issuer import Issuer
from tidewire.model.release import Act
from tidewire.outlets import renderings, waiting
from tidewire.outlets.limits import OUTLET, PUBLIC
from tidewire.outlets.routes import routes
from tidewire.store import subscribers
from tidewire.store.database import Database
from wire import add_release, add_subscriber, add_version, go

SIGNER = Signer(b"x" * 32)
WIRE = "/api/v1/wire"
G2 = "application/vnd.iptc.g2.newsmessage+xml"
NAMES = {"n": "http://iptc.org/std/nar/2006-10-01/"}


@dataclass
class Newsroom:
    """A wire over real HTTP, and hands to publish on it."""

    http: httpx.AsyncClient
    database: Database
    clock: FixedClock
    bell: PostgresBell
    base: str

    async def publish(self, *languages: str, **changes: object) -> int:
        content = replace(a_release(languages or ("de", "en")), **changes)  # type: ignore[arg-type]
        release_id = await add_release(self.database, self.clock.now(), content=content)
        assert await go(self.database, self.clock) == 1
        return release_id

    async def change(self, release_id: int, version: int, act: Act) -> None:
        self.clock.advance(60)
        await add_version(self.database, release_id, version, act, self.clock.now())
        assert await go(self.database, self.clock) == 1

    async def outlet(self) -> tuple[int, dict[str, str]]:
        async with self.database.transaction() as tx:
            outlet, _ = await add_subscriber(tx, self.clock.now())
        return outlet, {"authorization": f"Bearer {outlet_key(SIGNER, outlet, 0)}"}


@pytest.fixture
async def newsroom(database: Database, clock: FixedClock) -> AsyncIterator[Newsroom]:
    listening = socket.create_server(("127.0.0.1", 0))
    base = f"http://127.0.0.1:{listening.getsockname()[1]}"
    bell = PostgresBell(database)
    app = FastAPI()
    problems.install(app)
    app.include_router(routes(database, clock, bell, SIGNER, base))
    config = uvicorn.Config(app, log_config=None, ws="none", lifespan="off")
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve([listening]))
    async with httpx.AsyncClient(base_url=base, timeout=30) as http:
        yield Newsroom(http, database, clock, bell, base)
    server.should_exit = True
    await serving
    await bell.close()


async def test_every_format_is_valid_over_http(newsroom: Newsroom) -> None:
    release_id = await newsroom.publish()
    await newsroom.change(release_id, 2, Act.CORRECT)
    ninjs = await newsroom.http.get(WIRE, params={"format": "ninjs"})
    assert ninjs.headers["content-type"].startswith("application/json; profile=")
    items = ninjs.json()["items"]
    assert [(i["version"], i["language"]) for i in items] == [
        ("1", "de"), ("1", "en"), ("2", "de"), ("2", "en"),
    ]  # fmt: skip
    assert [list(ninjs_validator().iter_errors(item)) for item in items] == [[]] * 4
    g2 = await newsroom.http.get(WIRE, headers={"accept": G2})
    assert g2.headers["content-type"] == G2
    g2_schema().assertValid(tree := etree.fromstring(g2.content))
    assert len(tree.findall("n:itemSet/n:newsItem", NAMES)) == 4
    nitf = await newsroom.http.get(WIRE, headers={"accept": "application/nitf+xml"})
    head = f"Content-Type: {nitf.headers['content-type']}\r\n\r\n".encode()
    parts = email.message_from_bytes(head + nitf.content).get_payload()
    assert len(parts) == 4
    for part in parts:
        assert part.get_content_type() == "application/nitf+xml"
        nitf_schema().assertValid(etree.fromstring(part.get_payload(decode=True)))
    old = (await newsroom.http.get(WIRE, params={"format": "ninjs-1.6"})).json()["items"]
    assert [i["pubstatus"] for i in old] == ["usable"] * 4


async def test_an_empty_run_breaks_no_format(newsroom: Newsroom) -> None:
    for form in ("newsml-g2", "nitf"):  # neither has an envelope that may be empty
        none = await newsroom.http.get(WIRE, params={"format": form})
        assert (none.status_code, none.content) == (204, b"")
        assert none.links["next"]["url"].endswith(f"format={form}&after=0")
    for form in ("json", "ninjs", "ninjs-1.6"):
        run = (await newsroom.http.get(WIRE, params={"format": form})).json()
        assert run == {"items": [], "next": 0, "head": 0, "more": False}


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("", "application/json"),
        ("text/html, application/*;q=0.1", "application/json"),
        (f"application/json;q=0.5, {G2};q=0.9", G2),
        (f"{G2};q=0, */*;q=0.1", "application/json"),
        ('application/json; profile="https://iptc.org/std/ninjs/3.1"', "application/json; profile"),
        ('application/json; profile="https://iptc.org/std/ninjs/1.6"', "application/json; profile"),
    ],
)
async def test_the_accept_header_chooses(newsroom: Newsroom, accept: str, kind: str) -> None:
    await newsroom.publish()
    answer = await newsroom.http.get(WIRE, headers={"accept": accept})
    assert answer.status_code == 200 and answer.headers["content-type"].startswith(kind)
    assert "Accept" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("query", "accept"),
    [("format=xml", "*/*"), ("format=", "*/*"), ("", "text/html"), ("", "image/*;q=1")],
)
async def test_a_format_that_there_is_not_is_406(
    newsroom: Newsroom, query: str, accept: str
) -> None:
    for path in (WIRE, f"{WIRE}/1"):
        answer = await newsroom.http.get(f"{path}?{query}", headers={"accept": accept})
        assert answer.status_code == 406
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("colour=blue", "/colour"),
        ("after=7", "/after"),
        ("sector=moonlight", "/sector"),
        ("country=ZZ", "/country"),
        ("country=", "/country"),
        ("language=no_tag", "/language"),
        ("language=%00", "/language"),
        ("issuer=nobody", "/issuer"),
        ("issuer=%27%3B--", "/issuer"),
        ("circuit=none", "/circuit"),
        (f"circuit={'x' * 5000}", "/circuit"),
        ("circuit=a%00b", "/circuit"),
    ],
)
async def test_a_filter_that_there_is_not_is_400_with_a_pointer(
    newsroom: Newsroom, query: str, pointer: str
) -> None:
    answer = await newsroom.http.get(f"{WIRE}?{query}")
    assert answer.status_code == 400, answer.text
    assert [e["pointer"] for e in answer.json()["errors"]] == [pointer]


async def test_filters_keep_what_fits_and_the_cursor_goes_on(newsroom: Newsroom) -> None:
    await newsroom.publish("de", sectors=("energy",), countries=("DE",))
    await newsroom.publish("en", sectors=("mining",), countries=("FR",))
    await newsroom.publish("de", "en", sectors=("mining",), countries=("DE",))

    async def seen(**asked: str | int) -> list[int]:
        run = (await newsroom.http.get(WIRE, params=asked)).json()
        assert run["next"] <= run["head"] == 3
        return [item["sequence"] for item in run["items"]]

    assert await seen(language="de") == [1, 3]
    assert await seen(sector="mining") == [2, 3]
    assert await seen(country="fr") == [2]
    assert await seen(country="DE", sector="mining", language="en") == [3]
    assert await seen(language="th") == []
    run = (await newsroom.http.get(WIRE, params={"language": "en", "format": "ninjs"})).json()
    assert [i["language"] for i in run["items"]] == ["en", "en"] and run["next"] == 3
    first = await newsroom.http.get(WIRE, params={"language": "de", "limit": 1})
    assert first.links["next"]["url"] == f"{newsroom.base}{WIRE}?language=de&limit=1&after=1"
    second = await newsroom.http.get(first.links["next"]["url"])
    assert [i["sequence"] for i in second.json()["items"]] == [3]


async def test_nothing_shows_before_its_moment(newsroom: Newsroom) -> None:
    later = newsroom.clock.now().replace(hour=13)
    await add_release(newsroom.database, newsroom.clock.now(), t0=later)
    assert await go(newsroom.database, newsroom.clock) == 0
    for form in ("json", "ninjs", "newsml-g2", "nitf"):
        text = (await newsroom.http.get(WIRE, params={"format": form})).text
        assert not any(mark in text for mark in HEADLINE_MARKS.values())
    assert (await newsroom.http.get(f"{WIRE}/1")).status_code == 404


async def test_a_kill_leaves_no_text_in_any_format(newsroom: Newsroom) -> None:
    release_id = await newsroom.publish()
    forms = ("json", "ninjs", "ninjs-1.6", "newsml-g2", "nitf")
    for form in forms:
        text = (await newsroom.http.get(WIRE, params={"format": form})).text
        assert BODY_MARKS["de"] in text
    await newsroom.change(release_id, 2, Act.KILL)
    for form in forms:
        text = (await newsroom.http.get(WIRE, params={"format": form})).text
        assert BODY_MARKS["de"] not in text and BODY_MARKS["en"] not in text
        assert form == "json" or "canceled" in text
    assert (await newsroom.http.get(f"{WIRE}/1")).status_code == 404
    killed = await newsroom.http.get(f"{WIRE}/2", params={"format": "newsml-g2"})
    assert b"stat:canceled" in killed.content


async def test_one_edition_is_one_document(newsroom: Newsroom) -> None:
    await newsroom.publish()
    one = await newsroom.http.get(f"{WIRE}/1", params={"format": "newsml-g2", "language": "en"})
    assert one.headers["content-type"] == "application/vnd.iptc.g2.newsitem+xml"
    g2_schema().assertValid(etree.fromstring(one.content))
    assert HEADLINE_MARKS["en"] in one.text
    assert (await newsroom.http.get(f"{WIRE}/1?language=th")).status_code == 404
    assert (await newsroom.http.get(f"{WIRE}/2")).status_code == 404
    assert (await newsroom.http.get(f"{WIRE}/0")).status_code == 422


async def test_who_has_it_gets_304_compressed_or_not(newsroom: Newsroom) -> None:
    await newsroom.publish()
    tags = set()
    for coding in ("gzip", "identity", "gzip;q=0"):
        asked = {"accept-encoding": coding}
        first = await newsroom.http.get(WIRE, headers=asked)
        tags.add(first.headers["etag"])
        assert ("content-encoding" in first.headers) == (coding == "gzip")
        again = await newsroom.http.get(
            WIRE, headers=asked | {"if-none-match": first.headers["etag"]}
        )
        assert (again.status_code, again.content) == (304, b"")
    assert len(tags) == 2
    await newsroom.publish()
    changed = await newsroom.http.get(WIRE, headers={"if-none-match": ", ".join(tags)})
    assert changed.status_code == 200
    async with newsroom.http.stream("GET", WIRE, headers={"accept-encoding": "gzip"}) as raw:
        body = b"".join([part async for part in raw.aiter_raw()])
    assert json.loads(gzip.decompress(body))["head"] == 2


async def test_each_rendering_is_made_once_for_all(
    newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[int, str, str]] = []
    whole = renderings.Renderings._make

    def counted(self, wanted, form, audience):  # type: ignore[no-untyped-def]
        made.extend((e.version, tag, form) for e, tag in wanted)
        return whole(self, wanted, form, audience)

    monkeypatch.setattr(renderings.Renderings, "_make", counted)
    await newsroom.publish()
    asked = [newsroom.http.get(WIRE, params={"format": "newsml-g2"}) for _ in range(20)]
    answers = await asyncio.gather(*asked)
    assert len({a.content for a in answers}) == 1
    await newsroom.http.get(f"{WIRE}/1", params={"format": "newsml-g2"})
    assert sorted(made) == [(1, "de", "newsml-g2"), (1, "en", "newsml-g2")]


async def test_an_outlet_with_a_key_sees_contacts_for_the_media(newsroom: Newsroom) -> None:
    await newsroom.publish()
    outlet, key = await newsroom.outlet()
    asked = {"format": "newsml-g2"}
    public = await newsroom.http.get(WIRE, params=asked)
    keyed = await newsroom.http.get(WIRE, params=asked, headers=key)
    assert "Otto Oktopus" not in public.text and "Otto Oktopus" in keyed.text
    assert keyed.headers["cache-control"] == "private, no-cache"
    async with newsroom.database.transaction() as tx:
        await subscribers.void_key(tx, outlet, newsroom.clock.now())
    assert (await newsroom.http.get(WIRE, headers=key)).status_code == 401


async def test_keys_open_what_they_are_for(newsroom: Newsroom) -> None:
    now = newsroom.clock.now()
    async with newsroom.database.transaction() as tx:
        desktop, _ = await add_subscriber(tx, now, kind=3)
        editor = await issue_key(tx, (await open_editor(tx, "Erika Entwurf", now)).account_id, now)
        opened = await open_issuer(tx, Issuer(0, "sample", "Sample AG"), now)
        issuer = await issue_key(tx, opened.account_id, now)
    statuses = {
        desktop_key(SIGNER, desktop, 0): 403,
        outlet_key(SIGNER, desktop, 0): 401,  # signed, but for no outlet
        outlet_key(SIGNER, 99_999, 0): 401,
        outlet_key(Signer(b"y" * 32), desktop, 0): 401,
        "tw_nobody": 401,
        editor: 200,
        issuer: 200,
    }
    for key, status in statuses.items():
        answer = await newsroom.http.get(WIRE, headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == status, answer.text


async def test_a_quota_is_told_kept_and_filled_again(newsroom: Newsroom) -> None:
    _, key = await newsroom.outlet()
    first = await newsroom.http.get(WIRE)
    assert first.headers["ratelimit-policy"] == f'"public";q={PUBLIC.quota};w=60'
    assert first.headers["ratelimit"] == f'"public";r={PUBLIC.quota - 1};t=1'
    for _ in range(PUBLIC.quota - 1):
        assert (await newsroom.http.get(f"{WIRE}/1")).status_code == 404
    over = await newsroom.http.get(WIRE)
    assert over.status_code == 429 and over.headers["retry-after"] == "1"
    assert over.headers["ratelimit"].startswith('"public";r=0;')
    assert over.headers["content-type"] == "application/problem+json"
    keyed = await newsroom.http.get(WIRE, headers=key)  # each has a bucket of its own
    assert keyed.headers["ratelimit"] == f'"outlet";r={OUTLET.quota - 1};t=1'
    newsroom.clock.advance(1)
    assert (await newsroom.http.get(WIRE)).status_code == 200


async def test_a_long_poll_is_answered_when_the_next_is_out(newsroom: Newsroom) -> None:
    async with newsroom.bell.listen(Topic.PUBLISHED):  # the connection is there
        asked = [
            asyncio.create_task(newsroom.http.get(WIRE, params={"wait": 20, **more}))
            for more in ({}, {"format": "newsml-g2"}, {"language": "de"})
        ]
        await asyncio.wait(asked, timeout=0.3)
        assert not any(task.done() for task in asked)
        await newsroom.publish()
        await newsroom.bell.ring(Topic.PUBLISHED, "1")
        answers = await asyncio.gather(*asked)
    assert all(HEADLINE_MARKS["de"] in a.text for a in answers)
    assert max(a.elapsed.total_seconds() for a in answers) < 10


async def test_a_long_poll_goes_on_past_what_does_not_fit(newsroom: Newsroom) -> None:
    asked = asyncio.create_task(newsroom.http.get(WIRE, params={"wait": 20, "language": "en"}))
    await asyncio.wait([asked], timeout=0.3)
    await newsroom.publish("de")
    await asyncio.wait([asked], timeout=2)
    assert not asked.done()
    await newsroom.publish("en")  # no ring: it looks by itself
    run = (await asked).json()
    assert [i["sequence"] for i in run["items"]] == [2]


async def test_a_long_poll_ends_empty_when_nothing_comes(newsroom: Newsroom) -> None:
    answer = await newsroom.http.get(WIRE, params={"wait": 1})
    assert answer.json()["items"] == [] and 0.9 < answer.elapsed.total_seconds() < 10
    assert (await newsroom.http.get(WIRE, params={"wait": 61})).status_code == 422


async def test_no_more_wait_than_may(newsroom: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "MOST_WAITERS", 1)
    first = asyncio.create_task(newsroom.http.get(WIRE, params={"wait": 5}))
    await asyncio.wait([first], timeout=0.5)
    second = await newsroom.http.get(WIRE, params={"wait": 5})
    assert second.status_code == 503 and second.headers["retry-after"] == "5"
    await newsroom.publish()
    assert (await first).status_code == 200
