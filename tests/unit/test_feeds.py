"""Feed documents, read by lxml, by feedparser and as JSON."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from editions import BODY_MARKS, SUBHEADLINE_MARKS, T0, an_edition
from tidewire.formats.atom import ATOM, TOMBSTONES, atom
from tidewire.formats.body import line
from tidewire.formats.feed_names import read_name
from tidewire.formats.feeds import NAMESPACE, Feed, compose, entry_id, feed_item, feeds_of
from tidewire.formats.json_feed import json_feed
from tidewire.formats.rss import CONTENT, DUBLIN_CORE, rss
from tidewire.model.release import Act, Edition
from tidewire.model.rendition import Rendition

BASE = "https://wire.example"
SPACES = {"a": ATOM, "at": TOMBSTONES, "tw": NAMESPACE, "c": CONTENT, "dc": DUBLIN_CORE}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
RFC_822 = re.compile(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT")


def a_feed(*editions: Edition, name: str = "de") -> Feed:
    read = read_name(name)
    assert read is not None
    return compose(read, [feed_item(e, read.language, BASE) for e in editions], BASE)


def hostile(text: str) -> Edition:
    """An edition in which every text is this one."""
    edition = an_edition()
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    rendition = Rendition("de", text, f"<p>{escaped}</p>", text, boilerplate=f"<p>{escaped}</p>")
    release = replace(edition.release, renditions=(rendition,), source=text, licence=text)
    return replace(edition, issuer_name=text, issuer_website=text, release=release)


def xml(document: bytes) -> etree._Element:
    """The root, read strictly."""
    return etree.fromstring(document, etree.XMLParser(resolve_entities=False, huge_tree=False))


def texts(root: etree._Element, path: str) -> list[str]:
    found = root.xpath(path, namespaces=SPACES)
    assert isinstance(found, list)
    return [str(f) if isinstance(f, str) else "".join(f.itertext()) for f in found]


def test_a_release_stands_in_the_feed_of_each_language_and_sector() -> None:
    assert feeds_of(an_edition()) == [
        "de", "de/energy", "de/technology", "en", "en/energy", "en/technology",
    ]  # fmt: skip
    twice = replace(an_edition().release, sectors=("energy", "energy", "unheard-of"))
    assert feeds_of(replace(an_edition(languages=("de",)), release=twice))[:2] == [
        "de", "de/energy",
    ]  # fmt: skip


def test_an_id_belongs_to_a_release_in_a_language_for_good() -> None:
    items = [feed_item(an_edition(act), "de", BASE) for act in Act]
    assert len({item.id for item in items}) == 1
    assert items[0].id == entry_id("tw000042", "de")
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", items[0].id)
    assert entry_id("tw000042", "de") != entry_id("tw000042", "en")
    assert entry_id("tw000042", "de") != entry_id("tw000043", "de")


def test_an_edition_that_is_not_public_cannot_be_an_item() -> None:
    for gone in ({"sequence": None}, {"published_at": None}):
        with pytest.raises(ValueError, match="not public"):
            feed_item(replace(an_edition(), **gone), "de", BASE)  # type: ignore[arg-type]


def test_atom_has_what_rfc_4287_demands() -> None:
    root = xml(atom(a_feed(an_edition(), an_edition(release_id=43), name="de/energy")))
    assert root.tag == f"{{{ATOM}}}feed"
    for holder in [root, *root.findall("a:entry", SPACES)]:
        for name in ("id", "title", "updated"):
            assert len(holder.findall(f"a:{name}", SPACES)) == 1
        assert holder.findtext("a:id", "", SPACES)
        assert RFC_3339.fullmatch(holder.findtext("a:updated", "", SPACES))
        assert holder.findtext("a:author/a:name", "", SPACES)
        kinds = [
            (link.get("type"), link.get("hreflang"))
            for link in holder.findall("a:link[@rel='alternate']", SPACES)
        ]
        assert len(kinds) == len(set(kinds))
    ids = texts(root, "//a:id/text()")
    assert len(ids) == len(set(ids)) == 3
    assert texts(root, "/a:feed/a:link[@rel='self']/@href") == [f"{BASE}/feeds/de/energy.atom"]
    for href in texts(root, "//@href"):
        assert href.startswith("https://")
    assert texts(root, "//a:content/@type") == ["html", "html"]
    assert texts(root, "//tw:sequence/text()") == ["421", "431"]
    (entry, _) = root.findall("a:entry", SPACES)
    assert texts(entry, "a:link[@hreflang='en']/@href") == [f"{BASE}/releases/tw000042/en"]


def test_rss_has_what_its_specification_demands() -> None:
    root = xml(rss(a_feed(an_edition(), an_edition(release_id=43))))
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    (channel,) = root
    for name in ("title", "link", "description", "lastBuildDate", "language"):
        assert len(channel.findall(name)) == 1
    assert texts(channel, "a:link[@rel='self']/@href") == [f"{BASE}/feeds/de.rss"]
    assert channel.find("item/author") is None
    for item in channel.findall("item"):
        guid = item.find("guid")
        assert guid is not None and guid.get("isPermaLink") == "false"
        assert RFC_822.fullmatch(item.findtext("pubDate", ""))
        assert parsedate_to_datetime(item.findtext("pubDate", "")) == T0
        assert item.findtext("dc:creator", "", SPACES) == "Nordmeer Strom AG"
        assert item.findtext("link", "").startswith(f"{BASE}/releases/")
        assert BODY_MARKS["de"] in item.findtext("c:encoded", "", SPACES)
    assert texts(root, "//tw:sequence/text()") == ["421", "431"]


_ITEM = {
    "id": str, "url": str, "title": str, "summary": str, "content_html": str, "content_text": str,
    "date_published": str, "date_modified": str, "authors": list, "tags": list, "language": str,
    "_tidewire": dict,
}  # fmt: skip
_TOP = {
    "version": str, "title": str, "home_page_url": str, "feed_url": str, "description": str,
    "language": str, "authors": list, "items": list, "hubs": list, "next_url": str,
}  # fmt: skip


def assert_json_feed(document: dict[str, Any]) -> None:
    """JSON Feed 1.1: the keys that we use, their types, and what must be there."""
    assert document["version"] == "https://jsonfeed.org/version/1.1"
    for holder, kinds in [(document, _TOP), *((item, _ITEM) for item in document["items"])]:
        assert {"title"} <= set(holder) <= set(kinds)
        assert all(isinstance(value, kinds[key]) for key, value in holder.items())
        assert all(set(a) <= {"name", "url", "avatar"} and a["name"] for a in holder["authors"])
    for item in document["items"]:
        assert item["id"] and item["url"].startswith("https://")
        assert ("content_html" in item) != ("content_text" in item)
        assert all(isinstance(tag, str) for tag in item["tags"])
        for key in ("date_published", "date_modified"):
            assert RFC_3339.fullmatch(item[key])
            datetime.fromisoformat(item[key])


def test_json_feed_is_one() -> None:
    document = json.loads(json_feed(a_feed(an_edition(), an_edition(Act.KILL, release_id=43))))
    assert_json_feed(document)
    assert document["feed_url"] == f"{BASE}/feeds/de.json"
    assert [i["_tidewire"]["sequence"] for i in document["items"]] == [421, 432]
    assert document["items"][0]["tags"] == ["Energie", "Technologie"]


@pytest.mark.parametrize("make", [atom, rss])
def test_a_reader_reads_it(make: Any) -> None:
    read = feedparser.parse(make(a_feed(an_edition(), an_edition(Act.CORRECT, release_id=43))))
    assert not read.bozo
    assert read.feed.title == "Tidewire – Deutsch"
    first, second = read.entries
    assert first.id == entry_id("tw000042", "de")
    assert first.title == "Nordmeer Strom eröffnet den Quallenturm"
    assert first.link == f"{BASE}/releases/tw000042/de"
    assert BODY_MARKS["de"] in first.content[0].value
    assert SUBHEADLINE_MARKS["de"] in first.summary
    assert second.title.startswith("KORREKTUR: ")
    assert first.author == "Nordmeer Strom AG"


@pytest.mark.parametrize("act", [Act.KILL, Act.WITHDRAW])
def test_what_is_taken_back_stays_under_its_id_without_its_text(act: Act) -> None:
    feed = a_feed(an_edition(act))
    wanted = entry_id("tw000042", "de")
    root = xml(atom(feed))
    assert root.find("a:entry", SPACES) is None
    (gone,) = root.findall("at:deleted-entry", SPACES)
    assert gone.get("ref") == wanted
    assert RFC_3339.fullmatch(gone.get("when", ""))
    assert "the third paragraph was changed" in gone.findtext("at:comment", "", SPACES)
    (item,) = xml(rss(feed)).iter("item")
    assert item.findtext("guid") == wanted
    assert item.find("c:encoded", SPACES) is None
    (entry,) = json.loads(json_feed(feed))["items"]
    assert entry["id"] == wanted
    assert item.findtext("title") == entry["title"]
    mark = "KILL: nicht verwenden" if act is Act.KILL else "ZURÜCKGEZOGEN"
    assert entry["title"].startswith(mark)
    for body in (atom(feed), rss(feed), json_feed(feed)):
        assert BODY_MARKS["de"] not in body.decode()
        assert SUBHEADLINE_MARKS["de"] not in body.decode()


def test_a_correction_changes_when_it_was_updated_and_not_when_it_was_published() -> None:
    later = T0 + timedelta(hours=2)
    feed = a_feed(replace(an_edition(Act.CORRECT), published_at=later))
    (entry,) = xml(atom(feed)).findall("a:entry", SPACES)
    assert entry.findtext("a:published", "", SPACES) == "2026-03-03T12:00:00.000Z"
    assert entry.findtext("a:updated", "", SPACES) == "2026-03-03T14:00:00.000Z"
    (item,) = xml(rss(feed)).iter("item")
    assert item.findtext("pubDate") == "Tue, 03 Mar 2026 12:00:00 GMT"
    assert feed.updated == later


def test_a_feed_without_items_is_whole_and_always_the_same() -> None:
    feed = a_feed(name="ar")
    assert xml(atom(feed)).findtext("a:updated", "", SPACES) == "1970-01-01T00:00:00.000Z"
    assert xml(rss(feed)).find("channel/item") is None
    assert_json_feed(json.loads(json_feed(feed)))
    assert atom(feed) == atom(a_feed(name="ar"))


ATTACKS: Sequence[str] = (
    "]]>", "<![CDATA[x]]>", "<script>alert(1)</script>", "&lt;b&gt;", "&amp;", "&nbsp;", "&#0;",
    "<!-- -->", "<?php ?>", "\"'", "a\x00b\x08\x0b\x1f\x7f", "\ufffe\uffff", "\ud800",
    '<!DOCTYPE a [<!ENTITY e "x">]>&e;', "\u202e", "\U0001f30a", "https://a.example/?a=1&b=<2>",
)  # fmt: skip


def assert_carried(text: str) -> None:
    feed = a_feed(hostile(text))
    said = line(text)
    root = xml(atom(feed))
    (item,) = xml(rss(feed)).iter("item")
    (entry,) = json.loads(json_feed(feed))["items"]
    assert root.findtext("a:entry/a:title", "", SPACES) == said
    assert root.findtext("a:entry/a:author/a:name", "", SPACES) == said
    assert item.findtext("title", "") == said
    assert item.findtext("dc:creator", "", SPACES) == said
    assert entry["title"] == said
    assert_json_feed({**json.loads(json_feed(feed)), "items": []})
    for html in (
        root.findtext("a:entry/a:content", "", SPACES),
        item.findtext("c:encoded", "", SPACES),
        entry["content_html"],
    ):
        assert "<script" not in html.lower()
    for document in (atom(feed), rss(feed)):
        document.decode("utf-8")


@pytest.mark.parametrize("text", ATTACKS)
def test_hostile_text_is_carried_as_text(text: str) -> None:
    assert_carried(f"x {text} y")


@given(st.text(alphabet=st.characters(), max_size=40))
def test_any_text_is_carried_as_text(text: str) -> None:
    assert_carried(text)


def test_an_issuers_address_that_is_none_is_left_out() -> None:
    feed = a_feed(replace(an_edition(), issuer_website="javascript:alert(1)"))
    assert b"javascript" not in atom(feed) + json_feed(feed)
