"""The public site over a real database: what is shown, what never is."""

import re
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from lxml import html

from site_world import add_world
from tidewire.clock import FixedClock
from tidewire.languages import furniture, known, language_name, unturned
from tidewire.newsroom.routes import routes
from tidewire.store.database import Database

BASE = "https://wire.example"


@pytest.fixture
async def reader(database: Database, clock: FixedClock) -> AsyncIterator[AsyncClient]:
    """A reader of the site, with the small world behind it."""
    await add_world(database)
    app = FastAPI()
    app.include_router(routes(database, BASE, clock))
    async with AsyncClient(transport=ASGITransport(app), base_url=BASE) as client:
        yield client


def hrefs(page: str, path: str) -> list[str]:
    return [str(one) for one in html.fromstring(page).xpath(path)]


async def test_front_lists_what_is_public_and_nothing_else(reader: AsyncClient) -> None:
    answer = await reader.get("/")
    assert answer.status_code == 200
    listed = hrefs(answer.text, "//h2/a/@href")
    assert listed == [f"{BASE}/releases/{ref}" for ref in ("german/de", "corrected/en", "tidal/en")]
    assert "sealed" not in answer.text
    assert "killed" not in answer.text


async def test_a_list_in_one_language_shows_only_releases_that_speak_it(
    reader: AsyncClient,
) -> None:
    asked = await reader.get("/?language=ar")
    assert (asked.status_code, asked.headers["location"]) == (308, f"{BASE}/news/ar")
    page = (await reader.get("/news/ar")).text
    assert hrefs(page, "//h2/a/@href") == [f"{BASE}/releases/tidal/ar"]
    assert html.fromstring(page).get("dir") == "rtl"
    assert hrefs(page, "//nav[@class='languages']/a[@aria-current]/@hreflang") == ["ar"]


async def test_front_follows_the_readers_languages(reader: AsyncClient) -> None:
    answer = await reader.get("/", headers={"Accept-Language": "tlh, de;q=0.8, en;q=0.5"})
    assert "Neueste Mitteilungen" in answer.text
    assert f"{BASE}/releases/tidal/de" in hrefs(answer.text, "//h2/a/@href")
    assert "Accept-Language" in answer.headers["vary"]


@pytest.mark.parametrize(
    ("wanted", "language"),
    [("de-AT,en;q=0.3", "de"), ("th;q=0.2, ja;q=0.9", "ja"), ("fr", "en"), ("", "en"),
     ("de;q=nonsense, ar", "ar"), ("*", "en")],
)  # fmt: skip
async def test_a_release_leads_to_the_best_language(
    reader: AsyncClient, wanted: str, language: str
) -> None:
    answer = await reader.get("/releases/tidal", headers={"Accept-Language": wanted})
    assert answer.status_code == 302
    assert answer.headers["location"] == f"{BASE}/releases/tidal/{language}"


async def test_alternates_are_reciprocal_and_absolute(reader: AsyncClient) -> None:
    sets = []
    for language in ("en", "de", "ar", "ja", "th", "zh-Hant"):
        page = (await reader.get(f"/releases/tidal/{language}")).text
        tree = html.fromstring(page)
        links = tree.xpath("//link[@rel='alternate'][@hreflang]")
        sets.append({link.get("hreflang"): link.get("href") for link in links})
        assert hrefs(page, "//link[@rel='canonical']/@href") == [
            f"{BASE}/releases/tidal/{language}"
        ]
        assert tree.get("lang") == language
    assert all(one == sets[0] for one in sets)
    assert sets[0]["x-default"] == f"{BASE}/releases/tidal"
    assert sets[0]["ar"] == f"{BASE}/releases/tidal/ar"
    assert set(sets[0]) == {"en", "de", "ar", "ja", "th", "zh-Hant", "x-default"}


async def test_contacts_for_media_only_are_not_on_the_page(reader: AsyncClient) -> None:
    page = (await reader.get("/releases/tidal/en")).text
    assert "press@harbourlight.example" in page
    assert "Oktopus" not in page


async def test_unknown_and_unpublished_are_told_the_same(reader: AsyncClient) -> None:
    unknown = await reader.get("/releases/nothing/en")
    for what in ("sealed/en", "sealed", "tidal/fr", "tidal/nonsense", "%00/en", "nothing"):
        address = f"/releases/{what}"
        answer = await reader.get(address)
        assert (answer.status_code, answer.text) == (404, unknown.text), address


async def test_a_correction_says_what_changed(reader: AsyncClient) -> None:
    tree = html.fromstring((await reader.get("/releases/corrected/en")).text)
    notice = tree.xpath("//section[contains(@class,'notice')]")[0]
    assert "The depth and the yearly output were wrong." in notice.text_content()
    assert [one.text for one in notice.iter("del")] == ["38", "172"]
    assert [one.text for one in notice.iter("ins")] == ["36", "168"]
    german = (await reader.get("/releases/corrected/de")).text
    assert "Der Text in dieser Sprache ist unverändert." in german


async def test_a_killed_release_keeps_its_address_and_says_so(reader: AsyncClient) -> None:
    answer = await reader.get("/releases/killed/en")
    assert answer.status_code == 410
    tree = html.fromstring(answer.text)
    assert tree.xpath("//h1/s")[0].text == "Quiet turbines for seals"
    assert "It was not sent by the company." in answer.text
    assert "megawatts" not in answer.text
    assert "61,000" not in answer.text


async def test_a_reader_who_holds_the_page_is_told_so(reader: AsyncClient) -> None:
    first = await reader.get("/releases/tidal/en")
    again = await reader.get(
        "/releases/tidal/en", headers={"If-None-Match": f'W/{first.headers["etag"]}, "x"'}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == first.headers["etag"]
    other = await reader.get("/releases/tidal/de", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200


async def test_a_tag_in_other_letters_leads_to_the_right_address(reader: AsyncClient) -> None:
    answer = await reader.get("/releases/tidal/DE")
    assert (answer.status_code, answer.headers["location"]) == (308, f"{BASE}/releases/tidal/de")


async def test_head_is_answered_without_a_body(reader: AsyncClient) -> None:
    answer = await reader.head("/releases/tidal/en")
    assert answer.status_code == 200
    assert answer.headers["etag"]


async def test_all_languages_stand_side_by_side_for_native_readers(reader: AsyncClient) -> None:
    answer = await reader.get("/languages")
    assert answer.status_code == 200
    tree = html.fromstring(answer.text)
    assert tree.get("lang") == "en"
    jumps = [str(one) for one in tree.xpath("//ul[@class='jump']//a/@href")]
    assert sorted(jumps) == sorted(f"#{tag}" for tag in known())
    for tag in known():
        words = furniture(tag)
        card = tree.get_element_by_id(tag)
        own = card.xpath("./header/h2 | ./dl/dd")
        assert {(one.get("lang"), one.get("dir")) for one in own} == {(tag, words.direction)}
        said = unturned(card.text_content())
        assert language_name(tag, tag) in said and language_name(tag, "en") in said
        values = {"sectors": words.sector("energy"), "language": words.language(tag)}
        for key in (
            "about_wire", "sectors", "disclaimer_linked", "source", "contacts", "media_contact",
            "about_issuer", "embargo", "mark_correct", "mark_kill", "mark_withdraw",
            "correct_noted", "kill_noted", "withdraw_noted", "prevails",
        ):  # fmt: skip
            fixed = re.split(r"\{\w+\}", words.phrases[key].format_map(Kept(values)))
            assert all(part in said for part in fixed), key
        for word in ("mail_why", "mail_preferences", "unsubscribe", "unsubscribe_ask"):
            assert words.word(word) in said
        assert words.number(1_234_567.5) in said


class Kept(dict[str, str]):
    """Placeholders without a value stay as they are."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"


async def test_one_language_shows_every_word_of_its_file(reader: AsyncClient) -> None:
    tree = html.fromstring((await reader.get("/languages/de")).text)
    words = furniture("de")
    said = [one.text_content() for one in tree.xpath("//dd[@lang='de']")]
    tables = (words.phrases, words.sectors, words.subjects, words.roles, words.words)
    assert sorted(said) == sorted(text for table in tables for text in table.values())
    assert (await reader.get("/languages/tlh")).status_code == 404
    assert (await reader.get("/languages/DE")).status_code == 404


@pytest.mark.parametrize("page", ["/", "/releases/tidal/ar", "/releases/nothing/en", "/languages"])
async def test_every_page_leads_to_the_languages(reader: AsyncClient, page: str) -> None:
    assert "/languages" in hrefs((await reader.get(page)).text, "//footer//a/@href")
