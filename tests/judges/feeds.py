"""Feeds before readers that others wrote, and before the rules that readers do not ask for.

Documents: in each of the sample's languages the newest part, the same with summaries alone, and
a part of the archive. In each stand a publication, a correction, a withdrawal and a kill.
"""

import os
import sqlite3
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from pathlib import Path
from typing import Any

import feedparser
import reader
from lxml import html

from judges import programs
from judges.feed_rules import FAULTS
from judges.row import Row, Said
from news_items import ACTS, BASE, lanternfish, lanternfish_edition
from tidewire.formats.feed_forms import write
from tidewire.formats.feed_names import FeedName
from tidewire.formats.feeds import MEDIA_TYPES, Feed, Place, compose, feed_item

PLACES = {
    "newest": Place(older=7),
    "summaries": Place(older=7, summary=True),
    "archive": Place(archive=7, older=6, newer=8),
}
NAMES = {"atom": "Atom", "rss": "RSS 2.0", "json": "JSON Feed 1.1"}


@dataclass(frozen=True, slots=True)
class Entry:
    """What a reader should have made of an item, or has: the words of its text, without tags."""

    title: str
    link: str
    published: datetime | None
    words: str


@cache
def feeds() -> Mapping[str, Feed]:
    """Every document by its name, not yet in a form."""
    found = {}
    for tag in lanternfish().languages():
        editions = [
            replace(lanternfish_edition(act), release_id=n, ref=f"tw{n:06d}", sequence=n * 10)
            for n, act in enumerate(ACTS, 42)
        ]
        items = [feed_item(edition, tag, BASE) for edition in editions]
        for name, place in PLACES.items():
            found[f"{name}-{tag}"] = compose(FeedName(tag), items, BASE, place=place)
    return found


def documents(form: str) -> dict[str, bytes]:
    return {name: write(feed, form) for name, feed in feeds().items()}


def wanted(feed: Feed, form: str) -> dict[str, Entry]:
    """The entries that a reader should find, by id. In Atom what was taken back is none."""
    items = [item for item in feed.items if not (form == "atom" and item.retracted)]
    return {
        item.id: Entry(item.title, item.url, item.published, words(item.html or item.summary))
        for item in items
    }


def words(text: str) -> str:
    """The text of HTML, or of what is none, without tags and with single spaces."""
    return " ".join(
        html.fragment_fromstring(text or " ", create_parent="div").text_content().split()
    )


def compared(found: Mapping[str, Mapping[str, Entry]], form: str) -> Said:
    """What readers have made of the documents against what they should have."""
    said = {}
    for name, read in found.items():
        right = wanted(feeds()[name], form)
        said[name] = [
            f"{key}: {read.get(key)} instead of {right.get(key)}"
            for key in {*read, *right}
            if read.get(key) != right.get(key)
        ]
    return said


def by_feedparser(form: str, _: Path) -> Said:
    found: dict[str, dict[str, Entry]] = {}
    broken = {}
    for name, raw in documents(form).items():
        parsed = feedparser.parse(raw)
        broken[name] = [str(parsed.bozo_exception)] if parsed.bozo else []
        found[name] = {
            one.id: Entry(
                one.title,
                one.link,
                datetime(*one.published_parsed[:6], tzinfo=UTC),
                words(one.content[0].value if "content" in one else one.summary),
            )
            for one in parsed.entries
        }
    return {name: [*wrong, *broken[name]] for name, wrong in compared(found, form).items()}


def by_reader(form: str, folder: Path) -> Said:
    found: dict[str, dict[str, Entry]] = {}
    refused = {}
    with served(form, folder) as base, reader.make_reader(":memory:") as library:
        for name in feeds():
            library.add_feed(f"{base}/{name}.{form}")
        library.update_feeds()
        for feed in library.get_feeds():
            name = feed.url.rpartition("/")[2].rpartition(".")[0]
            refused[name] = [str(feed.last_exception)] if feed.last_exception else []
            found[name] = {
                one.id: Entry(
                    one.title or "",
                    one.link or "",
                    one.published,
                    words(str(one.content[0].value) if one.content else str(one.summary)),
                )
                for one in library.get_entries(feed=feed)
            }
    return {name: [*wrong, *refused[name]] for name, wrong in compared(found, form).items()}


def by_newsboat(form: str, folder: Path) -> Said:
    """What it has in its cache after a reload. One cache for each place: it keys items by id."""
    found: dict[str, dict[str, Entry]] = {}
    program = programs.program("newsboat", "newsboat")
    environment = {"HOME": str(folder), "LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]}
    with served(form, folder) as base:
        for place in PLACES:
            cache, urls = folder / f"{place}.db", folder / f"{place}.urls"
            names = [name for name in feeds() if name.startswith(f"{place}-")]
            urls.write_text("".join(f"{base}/{name}.{form}\n" for name in names))
            command = [program, "-u", urls, "-c", cache, "-C", os.devnull, "-x", "reload"]
            subprocess.run(command, check=True, env=environment, timeout=120, capture_output=True)
            found |= {name: {} for name in names}
            with closing(sqlite3.connect(cache)) as stored:
                for url, guid, title, link, at, text in stored.execute(
                    "SELECT feedurl, guid, title, url, pubDate, content FROM rss_item"
                ):
                    name = url.rpartition("/")[2].rpartition(".")[0]
                    moment = datetime.fromtimestamp(at, UTC)
                    found[name][guid] = Entry(title, link, moment, words(text))
    return compared(found, form)


def by_feedsmith(form: str, _: Path) -> Said:
    given = {name: raw.decode() for name, raw in documents(form).items()}
    read = programs.node("feedsmith.mjs", "feedsmith", given)
    said = compared({name: dict(SMITHED[form](one["feed"])) for name, one in read.items()}, form)
    return {
        name: [*wrong, *([] if read[name]["format"] == form else [read[name]["format"]])]
        for name, wrong in said.items()
    }


def _smithed_atom(feed: dict[str, Any]) -> Iterator[tuple[str, Entry]]:
    for one in feed["entries"]:
        (link,) = [x["href"] for x in one["links"] if x["rel"] == "alternate"]
        text = one["content"]["value"] if "content" in one else one["summary"]["value"]
        moment = datetime.fromisoformat(one["published"])
        yield one["id"], Entry(one["title"]["value"], link, moment, words(text))


def _smithed_rss(feed: dict[str, Any]) -> Iterator[tuple[str, Entry]]:
    for one in feed["items"]:
        text = one.get("content", {}).get("encoded") or one["description"]
        moment = datetime.strptime(one["pubDate"], "%a, %d %b %Y %H:%M:%S %Z").replace(tzinfo=UTC)
        yield one["guid"]["value"], Entry(one["title"], one["link"], moment, words(text))


def _smithed_json(feed: dict[str, Any]) -> Iterator[tuple[str, Entry]]:
    for one in feed["items"]:
        text = one.get("content_html") or one["content_text"]
        moment = datetime.fromisoformat(one["date_published"])
        yield one["id"], Entry(one["title"], one["url"], moment, words(text))


SMITHED = {"atom": _smithed_atom, "rss": _smithed_rss, "json": _smithed_json}


def by_rules(form: str, _: Path) -> Said:
    return {
        name: FAULTS[form](write(feed, form), feed.urls[form]) for name, feed in feeds().items()
    }


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder under the media types of feeds."""

    def guess_type(self, path: object) -> str:
        return MEDIA_TYPES[str(path).rpartition(".")[2]]

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@contextmanager
def served(form: str, folder: Path) -> Iterator[str]:
    """The address of a server that has every document in this form."""
    for name, raw in documents(form).items():
        (folder / f"{name}.{form}").write_bytes(raw)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


RULES = {
    "atom": "our own account of RFC 4287, 5005 and 6721",
    "rss": "our own account of RSS 2.0.11",
    "json": "our own account of JSON Feed 1.1",
}
ROWS = tuple(
    row
    for form, name in NAMES.items()
    for row in (
        *([Row(name, "feedparser", partial(by_feedparser, form), partial(version, "feedparser"))]
          if form != "json" else []),
        Row(name, "reader", partial(by_reader, form), partial(version, "reader")),
        *([Row(name, "newsboat", partial(by_newsboat, form))] if form != "json" else []),
        Row(name, "feedsmith", partial(by_feedsmith, form), programs.version_of("feedsmith")),
        Row(name, RULES[form], partial(by_rules, form)),
    )
)  # fmt: skip
