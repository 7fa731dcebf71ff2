"""The public lists over a real database: by language, sector, country, issuer and day."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from lxml import html

from site_world import ENGLISH, T0, TIDAL, add_release, add_world
from tidewire.clock import FixedClock
from tidewire.model.release import Act
from tidewire.newsroom import reading
from tidewire.newsroom.routes import routes
from tidewire.store.database import Database

BASE = "https://wire.example"
LISTS = [
    "/news/en", "/news/zh-Hant", "/news/de/sector/energy", "/news/en/country/DK",
    "/news/en/country/150", "/issuers/harbourlight", "/archive/2026-03-03",
]  # fmt: skip


@pytest.fixture
async def reader(database: Database) -> AsyncIterator[AsyncClient]:
    """A reader of the site, with the small world behind it."""
    await add_world(database)
    app = FastAPI()
    app.include_router(routes(database, BASE, FixedClock(T0)))
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE) as client:
        yield client


def entries(page: str) -> list[str]:
    found = html.fromstring(page).xpath("//ol//h2/a/@href")
    return [str(one).removeprefix(f"{BASE}/releases/") for one in found]


def turn(page: str, rel: str) -> str | None:
    found = html.fromstring(page).xpath(f"//p[@class='turns']/a[@rel='{rel}']/@href")
    return str(found[0]) if found else None


@pytest.mark.parametrize(
    ("path", "listed"),
    [
        ("/news/en", ["corrected/en", "tidal/en"]),
        ("/news/de", ["german/de", "corrected/de", "tidal/de"]),
        ("/news/th/sector/energy", ["tidal/th"]),
        ("/news/th/sector/gaming", []),
        ("/news/ar/country/DK", ["tidal/ar"]),
        ("/news/ar/country/DE", ["tidal/ar"]),  # where it is written from
        ("/news/ar/country/150", ["tidal/ar"]),  # Europe
        ("/news/ar/country/JP", []),
        ("/issuers/harbourlight", ["german/de", "corrected/en", "tidal/en"]),
        ("/archive/2026-03-03", ["german/de", "corrected/en", "tidal/en"]),
    ],
)
async def test_a_list_holds_what_it_says_and_nothing_taken_back_or_sealed(
    reader: AsyncClient, path: str, listed: list[str]
) -> None:
    answer = await reader.get(path)
    assert answer.status_code == 200
    assert entries(answer.text) == listed
    assert "killed" not in answer.text and "sealed" not in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/news/tlh", "/news/nonsense", "/news/cy", "/news/en/sector/nothing", "/news/en/country/ZZ",
        "/news/en/circuit/Energy", "/news/en/sector", "/issuers/nobody", "/issuers/%00",
        "/archive/2026-03-04", "/archive/2026-03-02", "/archive/2026-02-30", "/archive/today",
        "/archive/0001-01-01", "/archive/9999-12-31", "/sitemap-1.xml", "/sitemap--1.xml",
        "/sitemap-00.xml", f"/sitemap-{10**19}.xml",
    ],
)  # fmt: skip
async def test_what_does_not_exist_is_the_calm_page(reader: AsyncClient, path: str) -> None:
    unknown = await reader.get("/releases/nothing/en")
    answer = await reader.get(path)
    assert (answer.status_code, answer.text) == (404, unknown.text)


async def test_another_spelling_leads_to_the_address(reader: AsyncClient) -> None:
    for asked, right in (
        ("/news/DE", "/news/de"),
        ("/news/zh-hant/sector/energy", "/news/zh-Hant/sector/energy"),
        ("/news/de/country/dk", "/news/de/country/DK"),
    ):
        answer = await reader.get(asked)
        assert (answer.status_code, answer.headers["location"]) == (308, f"{BASE}{right}")


async def test_the_archive_leads_to_its_newest_day(reader: AsyncClient) -> None:
    answer = await reader.get("/archive")
    assert (answer.status_code, answer.headers["location"]) == (302, f"{BASE}/archive/2026-03-03")


@pytest.mark.parametrize("path", LISTS)
async def test_a_list_leads_to_its_own_feeds(reader: AsyncClient, path: str) -> None:
    tree = html.fromstring((await reader.get(path)).text)
    feeds = [str(one) for one in tree.xpath("//link[@rel='alternate'][@type]/@href")]
    name = path.removeprefix("/news/").replace("/sector/", "/")
    name = {"/issuers/harbourlight": "en/issuer/harbourlight"}.get(path, name)
    name = "en" if path.startswith("/archive") else name
    assert feeds == [f"{BASE}/feeds/{name}.{form}" for form in ("atom", "rss", "json")]


async def test_every_release_can_be_reached_from_page_to_page_and_back(
    database: Database, reader: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "LENGTH", 2)
    async with database.transaction() as tx:
        row = await (await tx.execute("SELECT id FROM issuer")).fetchone()
        assert row is not None
        for number in range(7, 12):
            release = replace(TIDAL, renditions=(replace(ENGLISH, headline=f"Number {number}"),))
            await add_release(tx, row[0], f"r{number}", [(Act.PUBLISH, release, "")], first=number)
        await tx.execute("UPDATE wire_head SET sequence = 11")
    everything = [f"r{number}/en" for number in range(11, 6, -1)] + ["corrected/en", "tidal/en"]
    for start in ("/news/en", "/news/en/sector/energy", "/news/en/country/DK"):
        seen, path, pages = [], start, []
        while path is not None:
            page = (await reader.get(path)).text
            pages.append(entries(page))
            canonical = html.fromstring(page).xpath("//link[@rel='canonical']/@href")
            assert canonical == [f"{BASE}{path}"]
            seen += pages[-1]
            last, path = path, turn(page, "next")
        assert seen == everything
        back, path = [pages.pop()], turn((await reader.get(last)).text, "prev")
        while path is not None:
            page = (await reader.get(path)).text
            back.append(entries(page))
            path = turn(page, "prev")
        # Going back, the parts are cut from the other end; nothing is left out between.
        assert [one for part in reversed(back) for one in part] == everything


@pytest.mark.parametrize(
    "query", ["below=x", "below=-1", "above=", f"below={10**30}", "x=1", "%00"]
)
async def test_a_place_in_a_list_that_is_none_counts_as_not_said(
    reader: AsyncClient, query: str
) -> None:
    answer = await reader.get(f"/news/en?{query}")
    assert entries(answer.text) == ["corrected/en", "tidal/en"]


async def test_days_lead_to_the_days_before_and_after(
    database: Database, reader: AsyncClient
) -> None:
    async with database.transaction() as tx:
        row = await (await tx.execute("SELECT id FROM issuer")).fetchone()
        assert row is not None
        await add_release(tx, row[0], "late", [(Act.PUBLISH, TIDAL, "")], first=7)
        await tx.execute(
            "UPDATE release_version SET published_at = %s WHERE sequence = 7",
            (T0 + timedelta(days=3),),
        )
        await tx.execute("UPDATE wire_head SET sequence = 7")
    days = {}
    for day in ("2026-03-03", "2026-03-04", "2026-03-06"):
        answer = await reader.get(f"/archive/{day}")
        assert answer.status_code == 200, day
        links = html.fromstring(answer.text).xpath("//nav[@class='turns']/a/@href")
        days[day] = (len(entries(answer.text)), [str(one) for one in links])
    assert days == {
        "2026-03-03": (3, ["/archive/2026-03-06"]),
        "2026-03-04": (0, ["/archive/2026-03-03", "/archive/2026-03-06"]),
        "2026-03-06": (1, ["/archive/2026-03-03"]),
    }


async def test_a_release_page_leads_to_every_list_that_it_stands_in(reader: AsyncClient) -> None:
    tree = html.fromstring((await reader.get("/releases/tidal/ar")).text)
    links = [str(one) for one in tree.xpath("//nav[@class='onward']//a/@href")]
    assert links == [
        "/issuers/harbourlight", "/news/ar/sector/energy", "/news/ar/sector/technology",
        "/news/ar/sector/environment", "/news/ar/country/DK", "/news/ar/country/DE",
        "/archive/2026-03-03",
    ]  # fmt: skip
    for link in links:
        assert f"{BASE}/releases/tidal/" in (await reader.get(link)).text, link


async def test_an_entry_says_when_it_was_corrected_and_folds_many_languages(
    reader: AsyncClient,
) -> None:
    tree = html.fromstring((await reader.get("/news/en")).text)
    corrected, tidal = tree.xpath("//ol[@class='front']/li")
    assert "Corrected: 3 March 2026, 13:00 UTC" in corrected.text_content()
    assert len(corrected.xpath(".//p[@class='tags others']/a")) == 2
    assert tidal.xpath("string(.//summary)") == "Read in other languages (5)"
    assert len(tidal.xpath(".//details//a")) == 5


async def test_an_issuers_own_page_names_it_once(reader: AsyncClient) -> None:
    tree = html.fromstring((await reader.get("/issuers/harbourlight")).text)
    assert tree.xpath("string(//h1)") == "Harbour Light Energy"
    assert tree.xpath("//ol[@class='front']//h2") and not tree.xpath("//span[@class='source']")
