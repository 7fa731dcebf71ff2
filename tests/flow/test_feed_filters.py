"""Feeds by country, issuer and circuit; full text or summary; the archive; compression; links."""

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import feedparser
import httpx
import pytest
from fastapi import FastAPI
from lxml import etree

from editions import BODY_MARKS, SUBHEADLINE_MARKS, a_release
from tidewire.access.tokens import Signer
from tidewire.app import problems
from tidewire.channels.channel import ChannelContext
from tidewire.channels.feed.channel import sequences_in
from tidewire.channels.feed.routes import routes
from tidewire.clock import FixedClock
from tidewire.formats.atom import ATOM, HISTORY, TOMBSTONES
from tidewire.formats.feed_names import names_of, read_address
from tidewire.formats.feeds import entry_id
from tidewire.model.release import Act, Release
from tidewire.model.subscriber import Circuit
from tidewire.store import circuits, editions
from tidewire.store.database import Database
from wire import add_release, add_version, go

BASE = "http://wire.example"
FORMS = ("atom", "rss", "json")


@pytest.fixture
async def http(
    database: Database, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    app = FastAPI()
    problems.install(app)
    app.include_router(routes(ChannelContext(clock, database, Signer(b"x" * 32), BASE, tmp_path)))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        yield client


async def publish(database: Database, clock: FixedClock, *contents: Release) -> list[str]:
    """Releases that are public now, one after the other; returns their refs."""
    refs = []
    for content in contents:
        release_id = await add_release(database, clock.now(), content=content)
        await go(database, clock)
        async with database.transaction() as tx:
            found = await editions.edition(tx, release_id, 1)
        assert found is not None
        refs.append(found.ref)
    return refs


async def shown(http: httpx.AsyncClient, address: str) -> list[int]:
    """The sequence numbers in a feed, which must be the same in every format."""
    path, _, query = address.partition("?")
    found = []
    for form in FORMS:
        answer = await http.get(f"/feeds/{path}.{form}?{query}")
        assert answer.status_code == 200, answer.text
        found.append(list(sequences_in(answer.content, form).values()))
    assert found[0] == found[1] == found[2]
    return found[0]


async def test_a_country_or_region_has_what_is_about_it_or_written_from_it(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    written = replace(a_release(("de",)), countries=())  # the dateline is in Germany
    abroad = replace(
        a_release(("de",)),
        countries=("JP",),
        renditions=tuple(replace(r, dateline=None) for r in a_release(("de",)).renditions),
    )
    await publish(database, clock, written, abroad)
    assert await shown(http, "de/country/DE") == [1]
    assert await shown(http, "de/country/JP") == [2]
    assert await shown(http, "de/country/150") == [1]
    assert await shown(http, "de/country/001") == [2, 1]
    assert await shown(http, "de/country/FR") == []
    assert await shown(http, "en/country/DE") == []
    title = feedparser.parse((await http.get("/feeds/de/country/JP.atom")).content).feed.title
    assert title == "Tidewire – Deutsch – Japan"


async def test_an_issuer_has_a_feed_of_its_own(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    await publish(database, clock, a_release(), a_release())
    async with database.transaction() as tx:
        first, second = reversed(await editions.latest(tx))
    assert await shown(http, f"de/issuer/{first.issuer_slug}") == [1]
    assert await shown(http, f"en/issuer/{second.issuer_slug}") == [2]
    answer = await http.get(f"/feeds/en/issuer/{second.issuer_slug}.json")
    assert answer.json()["title"] == "Tidewire – English – Nordmeer Sample AG"


async def test_a_circuit_has_what_was_sent_to_it_and_what_in_its_sectors_was_for_all(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    async with database.transaction() as tx:
        for name, sectors in (("Sun & Sea/1", {"energy"}), ("Quiet", {"mining"}), ("All", set())):
            await circuits.add(tx, Circuit(name, sectors=frozenset(sectors)))
    await publish(
        database,
        clock,
        a_release(),
        replace(a_release(), sectors=("mining",)),
        replace(a_release(), circuits=("Quiet",)),
    )
    assert await shown(http, "de/circuit/Sun%20%26%20Sea%2F1") == [1]
    assert await shown(http, "de/circuit/Quiet") == [3, 2]
    assert await shown(http, "de/circuit/All") == [2, 1]
    url = "http://wire.example/feeds/de/circuit/Sun%20%26%20Sea%2F1.atom"
    answer = await http.get(url)
    assert f'<{url}>; rel="self"' in answer.headers["link"]
    address = read_address(url, BASE)
    assert address is not None and address.name.value == "Sun & Sea/1"


async def test_what_the_store_finds_is_what_the_names_of_a_release_say(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    every = [Circuit("A", sectors=frozenset({"energy"})), Circuit("B")]
    every.append(Circuit("C", sectors=frozenset({"mining"})))
    async with database.transaction() as tx:
        for circuit in every:
            await circuits.add(tx, circuit)
    content = replace(a_release(), circuits=("C",))
    await publish(database, clock, a_release(), content, replace(a_release(), sectors=()))
    async with database.transaction() as tx:
        found = await editions.latest(tx)
    for edition in found:
        for name in names_of(edition, every):
            assert edition.sequence in await shown(http, str(name))
    said = {str(name) for name in names_of(found[0], every)}
    assert "de/circuit/B" in said and "de/circuit/A" not in said and "de/circuit/C" not in said
    assert found[0].sequence not in await shown(http, "de/circuit/A")
    assert {"de/country/DE", "de/country/155", "de/country/001"} <= said


@pytest.mark.parametrize(
    "path",
    ["de/country/XX", "de/country/de", "de/country/Germany", "de/country/", "de/issuer/nobody",
     "de/circuit/none", "de/circuit/%00", "de/sector/energy", "de/colour/red", "xx/country/DE",
     "de/circuit/" + "x" * 200, "de/issuer/%FF"],
)  # fmt: skip
async def test_a_filter_that_is_none_is_a_404_problem(http: httpx.AsyncClient, path: str) -> None:
    for method in ("GET", "HEAD"):
        answer = await http.request(method, f"/feeds/{path}.atom")
        assert answer.status_code == 404
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "status"),
    [("archive=0", 404), ("archive=7", 404), ("archive=-1", 422), ("archive=x", 422),
     ("archive=99999999999999999999", 422), ("archive=184467440737095515", 404),
     ("text=half", 422)],
)  # fmt: skip
async def test_a_part_that_is_not_there_and_a_text_that_is_none_are_problems(
    http: httpx.AsyncClient, query: str, status: int
) -> None:
    answer = await http.get(f"/feeds/de.atom?{query}")
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_who_wants_summaries_gets_no_full_text(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    (ref,) = await publish(database, clock, a_release())
    for form in FORMS:
        whole = (await http.get(f"/feeds/de.{form}")).text
        answer = await http.get(f"/feeds/de.{form}?text=summary")
        assert BODY_MARKS["de"] in whole and BODY_MARKS["de"] not in answer.text
        assert SUBHEADLINE_MARKS["de"] in answer.text
        assert list(sequences_in(answer.content, form)) == [entry_id(ref, "de")]
        assert f'<{BASE}/feeds/de.{form}?text=summary>; rel="self"' in answer.headers["link"]
        assert f"{BASE}/feeds/de.{form}?text=summary" in answer.text
        assert not feedparser.parse(answer.content).bozo or form == "json"


async def test_everything_can_be_reached_through_the_archive(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    """210 releases, every third in mining, one corrected, one killed: each stands once.

    That is the newest document and four parts of the archive.
    """
    async with database.transaction() as tx:
        await circuits.add(tx, Circuit("All"))
    for number in range(210):
        sectors = ("mining",) if number % 3 == 0 else ("energy",)
        await add_release(
            database, clock.now(), content=replace(a_release(("de",)), sectors=sectors)
        )
    assert await go(database, clock) == 210
    async with database.transaction() as tx:
        every = await editions.wire(tx, 0, 300)
    clock.advance(60)
    await add_version(database, every[0].release_id, 2, Act.CORRECT, clock.now())
    await add_version(database, every[3].release_id, 2, Act.KILL, clock.now())
    await go(database, clock)
    for name in ("de", "de/mining", "de/country/DE", "de/circuit/All"):
        for form in FORMS:
            seen = await walk(http, f"{BASE}/feeds/{name}.{form}", form)
            numbers = {sequence for entry in seen for sequence in entry.values()}
            assert len(numbers) == len({one for entry in seen for one in entry})
            if name == "de/mining":
                assert {sequence % 3 for sequence in numbers if sequence <= 210} == {1}
            else:
                assert numbers == set(range(1, 213)) - {1, 4} and len(seen) == 5
                assert seen[0][entry_id(every[0].ref, "de")] == 211  # under the id that it had
                assert 2 in seen[-1].values()


async def walk(http: httpx.AsyncClient, url: str, form: str) -> list[dict[str, int]]:
    """Follow a feed to the end of its archive, and check each document's links on the way."""
    found, newest, last = [], url, ""
    while url:
        answer = await http.get(url)
        assert answer.status_code == 200
        assert answer.content.count(b"hub") == 0 or url == newest
        found.append(sequences_in(answer.content, form))
        links = links_of(answer.content, form)
        assert links["self"] == url
        assert f'<{url}>; rel="self"' in answer.headers["link"]
        assert ('rel="hub"' in answer.headers["link"]) == (url == newest)
        if form != "json":
            root = etree.fromstring(answer.content)
            assert (root.find(f".//{{{HISTORY}}}archive") is not None) == (url != newest)
            if url != newest:
                assert links["current"] == newest
                # The newest of a narrow feed may hold what stands in several parts.
                assert links.get("next-archive", "") == last or last == newest
            assert links.get("next") == links.get("prev-archive")
        last, url = url, links.get("next", "")
    return found


def links_of(body: bytes, form: str) -> dict[str, str]:
    if form == "json":
        document = json.loads(body)
        return {"self": document["feed_url"], "next": document.get("next_url", "")}
    root = etree.fromstring(body)
    top = root if form == "atom" else root[0]
    return {link.get("rel", ""): link.get("href", "") for link in top.findall(f"{{{ATOM}}}link")}


async def test_the_parts_of_an_archive_are_one_feed_and_keep_their_place(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    for _ in range(52):
        await add_release(database, clock.now())
    await go(database, clock)
    first = await http.get("/feeds/de.atom?archive=0")
    ids = [etree.fromstring(body).findtext(f"{{{ATOM}}}id") for body in (
        first.content, (await http.get("/feeds/de.atom")).content)]  # fmt: skip
    assert ids == [f"{BASE}/feeds/de.atom"] * 2
    for _ in range(60):
        await add_release(database, clock.now())
    await go(database, clock)
    again = await http.get("/feeds/de.atom?archive=0")
    assert sequences_in(again.content, "atom") == sequences_in(first.content, "atom")
    assert links_of(again.content, "atom")["next-archive"] == f"{BASE}/feeds/de.atom?archive=1"


async def test_a_kill_leaves_the_archive_and_stands_as_a_tombstone(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    for _ in range(60):
        await add_release(database, clock.now())
    await go(database, clock)
    async with database.transaction() as tx:
        victim = (await editions.wire(tx, 0, 1))[0]
    wanted = entry_id(victim.ref, "de")
    assert wanted in sequences_in((await http.get("/feeds/de.atom?archive=0")).content, "atom")
    await add_version(database, victim.release_id, 2, Act.KILL, clock.now())
    await go(database, clock)
    assert wanted not in sequences_in((await http.get("/feeds/de.atom?archive=0")).content, "atom")
    root = etree.fromstring((await http.get("/feeds/de.atom")).content)
    assert [e.get("ref") for e in root.iter(f"{{{TOMBSTONES}}}deleted-entry")] == [wanted]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_every_feed_names_its_hub_and_itself_in_headers_and_inside(
    database: Database, clock: FixedClock, http: httpx.AsyncClient, method: str
) -> None:
    await publish(database, clock, a_release())
    for name in ("de", "de/energy", "de/country/DE", "ko"):
        for form in FORMS:
            url = f"{BASE}/feeds/{name}.{form}"
            answer = await http.request(method, url)
            expected = f'<{BASE}/hub>; rel="hub", <{url}>; rel="self"'
            assert answer.headers["link"] == expected
            if method == "HEAD":
                assert answer.content == b""
            elif form == "json":
                assert answer.json()["hubs"] == [{"type": "WebSub", "url": f"{BASE}/hub"}]
            else:
                links = links_of(answer.content, form)
                assert (links["hub"], links["self"]) == (f"{BASE}/hub", url)


async def test_whoever_takes_gzip_gets_it_under_an_etag_of_its_own(
    database: Database, clock: FixedClock, http: httpx.AsyncClient
) -> None:
    await publish(database, clock, a_release())
    plain = await http.get("/feeds/de.atom", headers={"Accept-Encoding": "br"})
    for accept in ("gzip", "br, GZIP;q=0.5", "*", "x-gzip"):
        async with http.stream("GET", "/feeds/de.atom", headers={"Accept-Encoding": accept}) as got:
            raw = b"".join([part async for part in got.aiter_raw()])
        assert got.headers["content-encoding"] == "gzip"
        assert got.headers["vary"] == "Accept-Encoding" == plain.headers["vary"]
        assert gzip.decompress(raw) == plain.content
        assert len(raw) == int(got.headers["content-length"])
        assert got.headers["etag"] != plain.headers["etag"]
        fresh = {"Accept-Encoding": accept, "If-None-Match": got.headers["etag"]}
        assert (await http.get("/feeds/de.atom", headers=fresh)).status_code == 304
    for accept in ("gzip;q=0", "identity", "", "gzip;q=x"):
        answer = await http.get("/feeds/de.atom", headers={"Accept-Encoding": accept})
        assert "content-encoding" not in answer.headers
