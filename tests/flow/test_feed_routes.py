"""Feeds and archive over HTTP, from a store: what they show, when, and to whom again."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import feedparser
import httpx
import pytest
from fastapi import FastAPI

from editions import BODY_MARKS, BOILERPLATE_MARKS, HEADLINE_MARKS, a_release
from tidewire.access.tokens import Signer
from tidewire.app import problems
from tidewire.bus.postgres import PostgresBell
from tidewire.channels.channel import ChannelContext
from tidewire.channels.feed.channel import FeedChannel, sequences_in
from tidewire.channels.feed.routes import routes
from tidewire.clock import FixedClock
from tidewire.formats.feeds import entry_id
from tidewire.model.delivery import Accepted, Deferred, Outcome, Outgoing, Refused
from tidewire.model.release import Act, Edition
from tidewire.outlets import routes as outlets
from tidewire.store import editions
from tidewire.store.database import Database
from wire import add_release, add_version, go

BASE = "http://wire.example"
FORMS = ("atom", "rss", "json")


@pytest.fixture
def context(database: Database, clock: FixedClock, tmp_path: Path) -> ChannelContext:
    return ChannelContext(clock, database, Signer(b"x" * 32), BASE, tmp_path)


@pytest.fixture
async def http(context: ChannelContext) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(routes(context))
    bell = PostgresBell(context.database)
    app.include_router(outlets.routes(context.database, context.clock, bell, context.tokens, BASE))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def published(database: Database, clock: FixedClock, *languages: str) -> Edition:
    """A release that is public now."""
    content = a_release(languages or ("de", "en"))
    release_id = await add_release(database, clock.now(), content=content)
    await go(database, clock)
    return await at_version(database, release_id, 1)


async def at_version(database: Database, release_id: int, version: int) -> Edition:
    async with database.transaction() as tx:
        found = await editions.edition(tx, release_id, version)
    assert found is not None and found.sequence is not None
    return found


async def after(
    database: Database, clock: FixedClock, first: Edition, version: int, act: Act
) -> Edition:
    """A later version of a public release, public now."""
    clock.advance(60)
    await add_version(database, first.release_id, version, act, clock.now())
    await go(database, clock)
    return await at_version(database, first.release_id, version)


async def test_a_release_stands_in_its_feeds_in_every_format(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    edition = await published(database, clock)
    for name in ("de", "de/energy", "de/technology"):
        for form in FORMS:
            answer = await http.get(f"/feeds/{name}.{form}")
            assert answer.status_code == 200
            assert BODY_MARKS["de"] in answer.text
            assert BODY_MARKS["en"] not in answer.text
            assert f"{BASE}/feeds/{name}.{form}" in answer.text
            assert sequences_in(answer.content, form) == {
                entry_id(edition.ref, "de"): edition.sequence
            }
    assert BODY_MARKS["de"] not in (await http.get("/feeds/de/mining.atom")).text


async def test_the_media_types_are_those_of_the_formats(http: httpx.AsyncClient) -> None:
    for form, kind in zip(FORMS, ("atom+xml", "rss+xml", "feed+json"), strict=True):
        answer = await http.get(f"/feeds/en.{form}")
        assert answer.headers["content-type"] == f"application/{kind}; charset=utf-8"


async def test_nothing_shows_before_its_moment(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    await add_release(database, clock.now(), t0=clock.now().replace(hour=13))
    await go(database, clock)
    for path in ("/feeds/de.atom", "/feeds/de/energy.rss", "/feeds/en.json", "/api/v1/wire"):
        text = (await http.get(path)).text
        assert HEADLINE_MARKS["de"] not in text and HEADLINE_MARKS["en"] not in text
    clock.advance(3600)
    await go(database, clock)
    for path in ("/feeds/de.atom", "/feeds/de/energy.rss", "/feeds/de.json", "/api/v1/wire"):
        assert HEADLINE_MARKS["de"] in (await http.get(path)).text


async def test_who_has_the_newest_gets_304(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    first = await published(database, clock)
    clock.advance(5)
    whole = await http.get("/feeds/de.atom")
    etag, modified = whole.headers["etag"], whole.headers["last-modified"]
    assert modified == "Tue, 03 Mar 2026 12:00:00 GMT"
    assert etag.startswith('"')
    for headers in (
        {"If-None-Match": etag},
        {"If-None-Match": f'"other", W/{etag}'},
        {"If-None-Match": "*"},
        {"If-Modified-Since": modified},
        {"If-None-Match": etag, "If-Modified-Since": "Mon, 02 Mar 2026 12:00:00 GMT"},
    ):
        again = await http.get("/feeds/de.atom", headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == "public, no-cache"
    for headers in (
        {"If-None-Match": '"other"', "If-Modified-Since": modified},
        {"If-Modified-Since": "Tue, 03 Mar 2026 11:59:59 GMT"},
        {"If-Modified-Since": "yesterday"},
        {"If-Modified-Since": "Tue, 99 Mar 2026 11:59:59 GMT"},
    ):
        assert (await http.get("/feeds/de.atom", headers=headers)).status_code == 200
    await after(database, clock, first, 2, Act.CORRECT)
    clock.advance(5)
    for headers in ({"If-None-Match": etag}, {"If-Modified-Since": modified}):
        newer = await http.get("/feeds/de.atom", headers=headers)
        assert newer.status_code == 200
        assert newer.headers["etag"] != etag


async def test_two_editions_in_one_second_are_told_apart_by_date_too(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    await published(database, clock)
    assert "last-modified" not in (await http.get("/feeds/de.atom")).headers
    clock.advance(0.5)
    await published(database, clock)
    clock.advance(1)
    assert "last-modified" in (await http.get("/feeds/de.atom")).headers


async def test_head_answers_as_get_does_without_a_body(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    await published(database, clock)
    for path in ("/feeds/de.atom", "/feeds/de/energy.json", "/api/v1/wire"):
        get, head = await http.get(path), await http.head(path)
        assert (head.status_code, head.content) == (200, b"")
        for answer in (get, head):  # what is left of the quota goes down
            answer.headers.pop("ratelimit", None)
        assert dict(head.headers) == dict(get.headers)


@pytest.mark.parametrize(
    "path",
    ["/feeds/de.xml", "/feeds/xx.atom", "/feeds/DE.atom", "/feeds/de/nonsense.atom",
     "/feeds/de/.atom", "/feeds/eo.atom", "/feeds/de.", "/feeds/de%00.atom", "/feeds/de%2Fx.atom",
     "/feeds/%FF.atom"],
)  # fmt: skip
async def test_a_feed_that_is_none_is_a_404_problem(http: httpx.AsyncClient, path: str) -> None:
    answer = await http.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_language_beyond_the_usual_has_a_feed_once_it_has_a_release(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    assert (await http.get("/feeds/eo.atom")).status_code == 404
    await published(database, clock, "eo")
    assert (await http.get("/feeds/eo.atom")).status_code == 200
    assert (await http.get("/feeds/ko.atom")).status_code == 200


async def test_a_killed_release_leaves_no_text_anywhere(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    first = await published(database, clock)
    assert BODY_MARKS["de"] in (await http.get("/feeds/de.rss")).text
    await after(database, clock, first, 2, Act.KILL)
    for path in (*(f"/feeds/{n}.{f}" for n in ("de", "en/energy") for f in FORMS), "/api/v1/wire"):
        text = (await http.get(path)).text
        for marks in (BODY_MARKS, BOILERPLATE_MARKS):
            assert not [word for word in marks.values() if word in text]
    entries = feedparser.parse((await http.get("/feeds/de.rss")).content).entries
    assert [(e.id, e.title[:4]) for e in entries] == [(entry_id(first.ref, "de"), "KILL")]


async def test_the_archive_has_no_gaps(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    editions = [await published(database, clock) for _ in range(3)]
    await after(database, clock, editions[0], 2, Act.CORRECT)
    await after(database, clock, editions[1], 2, Act.WITHDRAW)
    seen, cursor, more = [], 0, True
    while more:
        part = (await http.get("/api/v1/wire", params={"after": cursor, "limit": 2})).json()
        seen += part["items"]
        cursor, more = part["next"], part["more"]
        assert part["head"] == 5
    assert [item["sequence"] for item in seen] == [1, 2, 3, 4, 5]
    assert [item["act"] for item in seen] == [*["publish"] * 3, "correct", "withdraw"]
    assert [item["superseded_by"] for item in seen] == [4, 5, None, None, None]
    assert ["body_html" in item for item in seen] == [True, False, True, True, False]
    assert [item["renditions"][0]["language"] for item in seen] == ["en"] * 5
    assert BODY_MARKS["en"] in seen[2]["renditions"][0]["body_html"]
    end = (await http.get("/api/v1/wire", params={"after": 5})).json()
    assert end == {"items": [], "next": 5, "head": 5, "more": False}


@pytest.mark.parametrize(
    "query",
    ["after=-1", "after=x", "after=1.5", "after=", "after=1", "after=99999999999999999999",
     "after=9223372036854775807", "limit=0", "limit=101", "limit=x"],
)  # fmt: skip
async def test_a_cursor_that_cannot_be_is_a_problem(http: httpx.AsyncClient, query: str) -> None:
    answer = await http.get(f"/api/v1/wire?{query}")
    ahead = query in ("after=1", "after=9223372036854775807")
    assert answer.status_code == (400 if ahead else 422)
    assert answer.headers["content-type"] == "application/problem+json"
    assert query.partition("=")[0] in answer.json()["errors"][0]["pointer"]


async def test_a_feed_holds_the_latest_fifty(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    for _ in range(52):
        await add_release(database, clock.now())
    assert await go(database, clock) == 52
    for form in FORMS:
        found = sequences_in((await http.get(f"/feeds/de.{form}")).content, form)
        assert list(found.values()) == list(range(52, 2, -1))


async def outcome(context: ChannelContext, edition: Edition, name: str) -> Outcome:
    """What the channel says of one delivery."""
    outgoing = Outgoing(7, name, f"{edition.release_id}.{edition.version}.7", 1, "de")
    (receipt,) = [r async for r in FeedChannel(context).send(edition, "de", [outgoing])]
    return receipt.outcome


async def test_a_delivery_is_accepted_once_it_can_be_read(
    database: Database, clock: FixedClock, context: ChannelContext, http: httpx.AsyncClient
) -> None:
    edition = await published(database, clock)
    found = await outcome(context, edition, "de/energy")
    assert isinstance(found, Accepted)
    for form in FORMS:
        answer = await http.get(f"/feeds/de/energy.{form}", headers={"Accept-Encoding": "identity"})
        assert answer.headers["etag"] in found.detail


async def test_a_delivery_of_what_is_not_public_is_deferred(
    database: Database, clock: FixedClock, context: ChannelContext
) -> None:
    edition = await published(database, clock)
    ahead = replace(edition, version=2, sequence=2)
    staged = replace(edition, version=2, sequence=None, published_at=None)
    elsewhere = replace(edition, ref="no-such-release")
    for one in (ahead, staged, elsewhere):
        found = await outcome(context, one, "de")
        assert isinstance(found, Deferred) and not found.blame_host


async def test_a_delivery_to_a_feed_that_is_none_is_refused(
    database: Database, clock: FixedClock, context: ChannelContext
) -> None:
    edition = await published(database, clock)
    assert isinstance(await outcome(context, edition, "de/nonsense"), Refused)


async def test_deliveries_of_every_act_are_accepted(
    database: Database, clock: FixedClock, context: ChannelContext
) -> None:
    first = await published(database, clock)
    corrected = await after(database, clock, first, 2, Act.CORRECT)
    for edition in (corrected, first):
        assert isinstance(await outcome(context, edition, "de"), Accepted)
    killed = await after(database, clock, first, 3, Act.KILL)
    for edition in (killed, corrected, first):
        assert isinstance(await outcome(context, edition, "de"), Accepted)


async def test_a_feed_that_a_release_left_or_was_pushed_out_of_is_done_with_it(
    database: Database, clock: FixedClock, context: ChannelContext
) -> None:
    first = await published(database, clock)
    found = await outcome(context, first, "de/mining")
    assert isinstance(found, Accepted) and "no longer" in found.detail
    for _ in range(50):
        await add_release(database, clock.now())
    await go(database, clock)
    pushed = await outcome(context, first, "de")
    assert isinstance(pushed, Accepted) and "50 newer" in pushed.detail


async def test_a_database_that_does_not_answer_defers(
    database: Database, clock: FixedClock, context: ChannelContext
) -> None:
    edition = await published(database, clock)
    await database.close()
    found = await outcome(context, edition, "de")
    assert isinstance(found, Deferred) and not found.blame_host


async def test_every_sequence_read_back_is_that_of_the_document(http: httpx.AsyncClient) -> None:
    for form in FORMS:
        assert sequences_in((await http.get(f"/feeds/de.{form}")).content, form) == {}
