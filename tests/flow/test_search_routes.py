"""The search over HTTP, on a real database: the page, the JSON, and what nobody may ask."""

from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import html

from search_world import a_text, publish
from tidewire.app import problems
from tidewire.clock import FixedClock
from tidewire.newsroom import search_routes
from tidewire.newsroom.routes import routes
from tidewire.newsroom.search import answer, read_question
from tidewire.store.database import Database

BASE = "https://wire.example"
HOSTILE = (
    "%", '"', "'", "\0", "\\", "';DROP TABLE search_entry;--", "a' & 'b", "(((", ":*", "a:*", "!a",
    "& | ! <->", "=l:en", "'=s:energy'", "$$", "\ud7ff\uffff", "%00", "_", "--", "<script>", "\n\t",
    "\u202e", "a" * 200, "漢" * 200, "ก" * 200, "é" * 200, "1,2.3,4", "\u0301" * 200, "a " * 100,
)  # fmt: skip


@pytest.fixture
async def reader(database: Database, clock: FixedClock) -> AsyncIterator[AsyncClient]:
    """A reader of a site without releases."""
    app = FastAPI()
    problems.install(app)
    app.include_router(search_routes.routes(database, BASE))
    app.include_router(routes(database, BASE, clock))
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE) as client:
        yield client


@pytest.fixture
async def stocked(database: Database, clock, reader: AsyncClient) -> AsyncClient:
    """The same, with one release in three languages and one in English."""
    await publish(
        database, clock, a_text("en", "Tidal power & light"), a_text("zh-Hant", "潮汐電站啟用"),
        a_text("ar", "محطة للطاقة"), sectors=["energy"],
    )  # fmt: skip
    clock.advance(86_400)
    await publish(database, clock, a_text("en", "Second", "It is tidal too."))
    return reader


async def test_json_tells_where_each_release_is(stocked: AsyncClient) -> None:
    found = (await stocked.get("/api/v1/search?q=tidal")).json()
    assert (found["found"], found["whole"], found["more"], found["page"]) == (2, True, False, 1)
    first, second = found["items"]
    assert first["headline"] == "Tidal power & light"
    assert first["languages"] == ["ar", "en", "zh-Hant"]
    assert first["url"] == f"{BASE}/releases/{first['ref']}/en"
    assert first["published_at"] == "2026-03-03T12:00:00Z"
    assert second["headline"] == "Second"


@pytest.mark.parametrize(
    ("query", "headlines"),
    [
        ("q=潮汐", ["潮汐電站啟用"]),
        ("q=الطاقة&language=ar", ["محطة للطاقة"]),
        ("q=tidal&sector=energy", ["Tidal power & light"]),
        ("q=tidal&from=2026-03-04", ["Second"]),
        ("q=tidal&until=2026-03-03", ["Tidal power & light"]),
        ("q=tidal&language=de", []),
        ("q=tidal&issuer=nobody", []),
        ("q=tidal&page=2", []),
        ("language=zh-hant", ["潮汐電站啟用"]),
        ("", ["Second", "Tidal power & light"]),
    ],
)
async def test_filters(stocked: AsyncClient, query: str, headlines: list[str]) -> None:
    answer = await stocked.get(f"/api/v1/search?{query}", headers={"accept-language": "en"})
    assert [one["headline"] for one in answer.json()["items"]] == headlines


async def test_an_issuer_is_found_by_its_slug_and_its_name(
    stocked: AsyncClient, database: Database
) -> None:
    async with database.transaction() as tx:
        row = await (await tx.execute("SELECT slug FROM issuer ORDER BY id")).fetchone()
    assert row is not None
    answer = await stocked.get(f"/api/v1/search?q=tidal&issuer={row[0]}")
    assert [one["headline"] for one in answer.json()["items"]] == ["Tidal power & light"]
    assert (await stocked.get("/api/v1/search?q=nordmeer")).json()["found"] == 2


async def test_a_release_is_shown_once_in_the_language_a_reader_prefers(
    database: Database, clock, reader: AsyncClient
) -> None:
    await publish(database, clock, a_text("en", "Tidewind 42"), a_text("de", "Tidewind 42"))
    for language in ("de", "en"):
        answer = await reader.get("/search?q=tidewind", headers={"Accept-Language": language})
        tree = html.fromstring(answer.text)
        assert [str(one)[-3:] for one in tree.xpath("//h2/a/@href")] == [f"/{language}"]


async def test_the_page_holds_its_question_and_escapes_it(stocked: AsyncClient) -> None:
    answer = await stocked.get("/search", params={"q": '"><script>tidal', "sector": "energy"})
    tree = html.fromstring(answer.text)
    assert tree.xpath("//input[@name='q']/@value") == ['"><script>tidal']
    assert tree.xpath("//select[@name='sector']/option[@selected]/@value") == ["energy"]
    assert tree.xpath("//script") == []
    answer = await stocked.get("/search?q=power+light")
    assert "Tidal power &amp; light" in answer.text


async def test_the_page_speaks_the_language_that_is_searched(stocked: AsyncClient) -> None:
    tree = html.fromstring((await stocked.get("/search?q=الطاقة&language=ar")).text)
    assert (tree.get("lang"), tree.get("dir")) == ("ar", "rtl")
    assert len(tree.xpath("//ol[@class='front']/li")) == 1
    for field in tree.xpath("//form[@role='search']//*[self::input or self::select][@id]"):
        assert tree.xpath(f"//label[@for='{field.get('id')}']"), "each field has a label"


async def test_nothing_found_is_said_and_nothing_asked_is_not(stocked: AsyncClient) -> None:
    assert "Nothing was found" in (await stocked.get("/search?q=bicycle")).text
    page = (await stocked.get("/search")).text
    assert "Nothing was found" not in page
    assert "Tidal" not in page


async def test_crawlers_may_keep_the_form_and_no_page_of_what_was_found(
    stocked: AsyncClient,
) -> None:
    for query in ("?q=tidal", "?q=bicycle", "?language=ar"):
        assert 'name="robots" content="noindex"' in (await stocked.get(f"/search{query}")).text
    assert "noindex" not in (await stocked.get("/search")).text


async def test_pages_go_on_and_back(database: Database, clock, reader: AsyncClient) -> None:
    for _ in range(21):
        await publish(database, clock, a_text("en", "Anemone"), indexed=False)
    await publish(database, clock, a_text("en", "Anemone"))
    first = html.fromstring((await reader.get("/search?q=anemone&language=en")).text)
    onward = first.xpath("//nav[@class='turns']/a[@rel='next']/@href")
    second = html.fromstring((await reader.get(str(onward[0]))).text)
    seen = first.xpath("//h2/a/@href") + second.xpath("//h2/a/@href")
    assert len(set(seen)) == 22
    back = second.xpath("//nav[@class='turns']/a[@rel='prev']/@href")
    assert back == ["/search?q=anemone&language=en"]


@pytest.mark.parametrize("words", HOSTILE)
async def test_a_hostile_question_is_a_question_like_any_other(
    stocked: AsyncClient, database: Database, words: str
) -> None:
    for path in ("/api/v1/search", "/search"):
        assert (await stocked.get(path, params={"q": words})).status_code == 200
    assert (await stocked.get("/api/v1/search?q=tidal")).json()["found"] == 2


@pytest.mark.parametrize("path", ["/api/v1/search", "/search"])
async def test_ten_thousand_characters_are_refused(reader: AsyncClient, path: str) -> None:
    answer = await reader.get(path, params={"q": "tidal " * 1_700})
    assert answer.status_code == 422
    if path == "/search":
        assert "too long" in answer.text
        kept = html.fromstring(answer.text).xpath("//input[@name='q']/@value")
        assert kept == [("tidal " * 1_700)[:200]]
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert [one["pointer"] for one in answer.json()["errors"]] == ["/query/q"]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("language=english", "language"), ("language=%00", "language"), ("sector=fun", "sector"),
        ("issuer=%27--", "issuer"), ("issuer=" + "a" * 101, "issuer"), ("from=yesterday", "from"),
        ("from=2026-02-30", "from"), ("until=99999-01-01", "until"), ("until=0001-01-01", "until"),
        ("from=2026-03-04&until=2026-03-03", "until"), ("page=0", "page"), ("page=-1", "page"),
        ("page=1e3", "page"), ("page=101", "page"), ("page=²", "page"),
    ],
)  # fmt: skip
async def test_a_filter_that_is_none_is_refused(
    reader: AsyncClient, query: str, pointer: str
) -> None:
    answer = await reader.get(f"/api/v1/search?q=tidal&{query}")
    assert answer.status_code == 422
    assert [one["pointer"] for one in answer.json()["errors"]] == [f"/query/{pointer}"]


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    words=st.text(max_size=200) | st.text(alphabet="a'\\:*&|!()<->%\"=漢ก한ا \0", max_size=200),
    language=st.sampled_from(["", "en", "ar", "zh-Hant", "ko"]),
)
async def test_any_text_can_be_asked_for(database: Database, words: str, language: str) -> None:
    question = read_question(words=words, language=language)
    found = await answer(database, question, ["en"])
    assert found.count == 0
