"""A language that nobody speaks, added by one file: it works everywhere. A bad file is named."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import feedparser
import httpx
import pytest
from fastapi import FastAPI
from lxml import html

from editions import a_release, an_edition
from programs import Installation
from tidewire import languages
from tidewire.access.tokens import Signer
from tidewire.channels.channel import ChannelContext
from tidewire.channels.email.render import render
from tidewire.channels.feed import routes as feed
from tidewire.clock import FixedClock
from tidewire.formats.article import article
from tidewire.formats.text import article_text
from tidewire.intake.furniture import sector_of
from tidewire.newsroom import routes as newsroom
from tidewire.store.database import Database
from tongues import WORDS, add_language
from wire import add_release, go

BASE = "http://wire.example"
TAG, WORD = "tlh", WORDS["ltr"]


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder of the operator's with one file in it."""
    place = tmp_path / "tongues"
    place.mkdir()
    add_language(
        place, TAG, about_wire=f"{WORD} about-wire", latest_releases=f"{WORD} latest",
        feed_title=f"{WORD} feed {{language}}", energy=f"{WORD} energy",
    )  # fmt: skip
    languages.load(place)
    yield place
    languages.load()


@pytest.fixture
async def http(
    folder: Path, database: Database, clock: FixedClock, tmp_path: Path
) -> AsyncIterator[httpx.AsyncClient]:
    """The site and the feeds, with one release in that language."""
    context = ChannelContext(clock, database, Signer(b"x" * 32), BASE, tmp_path)
    await add_release(database, clock.now(), content=a_release((TAG,)))
    await go(database, clock)
    app = FastAPI()
    app.include_router(feed.routes(context))
    app.include_router(newsroom.routes(database, BASE, clock))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=BASE) as client:
        yield client


def test_its_furniture_mail_and_intake_need_nothing_else(folder: Path) -> None:
    assert TAG in languages.known()
    shown = article(an_edition(languages=(TAG,)), TAG, BASE)
    assert (shown.language, shown.furniture_language) == (TAG, TAG)
    assert shown.sectors_line.startswith(WORD)
    text = article_text(shown)
    assert f"{WORD} about-wire" in text and "Industries" not in text
    body = render(an_edition(languages=(TAG,)), TAG, BASE)
    assert (b"Content-Language", b" tlh") in body.fields
    assert f"{WORD} about-wire".encode() in body.content
    assert b"open newswire" not in body.content
    assert sector_of(f"{WORD} energy") == "energy"


async def test_its_pages_and_feeds_need_nothing_else(http: httpx.AsyncClient) -> None:
    front = await http.get("/", headers={"Accept-Language": TAG})
    assert f"{WORD} latest" in front.text
    (address,) = html.fromstring(front.text).xpath("//h2/a/@href")
    page = html.fromstring((await http.get(address)).text)
    assert page.get("lang") == TAG
    assert f"{WORD} about-wire" in page.find_class("furniture")[0].text_content()
    read = feedparser.parse((await http.get(f"/feeds/{TAG}.atom")).text)
    assert read.feed.title.startswith(f"{WORD} feed")
    assert f"{WORD} about-wire" in read.entries[0].content[0].value
    cards = html.fromstring((await http.get("/languages")).text)
    assert f"{WORD} about-wire" in cards.get_element_by_id(TAG).text_content()


async def test_a_file_of_a_name_that_ships_takes_its_place(folder: Path) -> None:
    add_language(folder, "de", contacts="Ansprechleute")
    languages.load(folder)
    assert languages.furniture("de").phrase("contacts") == "Ansprechleute"
    languages.load()
    assert languages.furniture("de").phrase("contacts") != "Ansprechleute"
    assert TAG not in languages.known()


@pytest.mark.parametrize(
    "command",
    [("web",), ("worker",), ("gateway",), ("serve",), ("submit", "a.en.md", "--issuer", "acme"),
     ("desk", "list")],
    ids=lambda command: command[0],
)  # fmt: skip
def test_a_bad_file_is_named_with_its_key_and_nothing_starts(
    command: tuple[str, ...], tmp_path: Path
) -> None:
    at_home = Installation(tmp_path / "home")
    place = tmp_path / "tongues"
    place.mkdir()
    file = add_language(place, TAG)
    file.write_text(file.read_text().replace('"home" = ', '"house" = '))
    at_home.environment["TIDEWIRE_LANGUAGES"] = str(place)
    ended = at_home.command(*command)
    assert ended.returncode == 2
    assert "tlh.toml: words.home is missing." in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not at_home.home.exists()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("tlh.toml", b"tag = ", "tlh.toml is not TOML"),
        ("tlh.toml", b"\xff\xfe", "not UTF-8"),
        ("xx.toml", None, "xx.toml: tag "),
        ("TLH.toml", None, "TLH.toml: tag "),
    ],
)
def test_what_is_no_language_file_is_named(
    tmp_path: Path, name: str, content: bytes | None, said: str
) -> None:
    made = add_language(tmp_path, TAG)
    whole = made.read_bytes()
    made.unlink()
    (tmp_path / name).write_bytes(whole if content is None else content)
    ended = _desk_with(tmp_path)
    assert ended[0] == 2
    assert said in ended[1]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    code, said = _desk_with(tmp_path / "nowhere")
    assert code == 2
    assert "TIDEWIRE_LANGUAGES" in said


def _desk_with(folder: Path) -> tuple[int, str]:
    at_home = Installation(folder.parent / "home")
    at_home.environment["TIDEWIRE_LANGUAGES"] = str(folder)
    ended = at_home.command("desk", "list")
    return ended.returncode, ended.stderr
