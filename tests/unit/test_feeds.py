"""Feed documents, read by lxml, by feedparser and as JSON."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from editions import BODY_MARKS, SUBHEADLINE_MARKS, T0, an_edition
from judges.feed_rules import FAULTS, RFC_3339, atom_faults, json_faults, rss_faults
from tidewire.formats.atom import ATOM, TOMBSTONES, atom
from tidewire.formats.body import line
from tidewire.formats.feed_forms import write
from tidewire.formats.feed_names import read_name
from tidewire.formats.feeds import NAMESPACE, Feed, compose, entry_id, feed_item, feeds_of
from tidewire.formats.json_feed import json_feed
from tidewire.formats.rss import CONTENT, DUBLIN_CORE, rss
from tidewire.model.release import Act, Edition
from tidewire.model.rendition import Rendition

BASE = "https://wire.example"
SPACES = {"a": ATOM, "at": TOMBSTONES, "tw": NAMESPACE, "c": CONTENT, "dc": DUBLIN_CORE}


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


def test_atom_names_itself_its_sequence_and_the_other_languages() -> None:
    raw = atom(a_feed(an_edition(), an_edition(release_id=43), name="de/energy"))
    assert atom_faults(raw, f"{BASE}/feeds/de/energy.atom") == []
    root = xml(raw)
    assert texts(root, "//a:content/@type") == ["html", "html"]
    assert texts(root, "//tw:sequence/text()") == ["421", "431"]
    (entry, _) = root.findall("a:entry", SPACES)
    assert texts(entry, "a:link[@hreflang='en']/@href") == [f"{BASE}/releases/tw000042/en"]


def test_rss_says_who_when_and_all_of_it() -> None:
    raw = rss(a_feed(an_edition(), an_edition(release_id=43)))
    assert rss_faults(raw, f"{BASE}/feeds/de.rss") == []
    root = xml(raw)
    for item in root.iter("item"):
        assert parsedate_to_datetime(item.findtext("pubDate", "")) == T0
        assert item.findtext("dc:creator", "", SPACES) == "Nordmeer Strom AG"
        assert BODY_MARKS["de"] in item.findtext("c:encoded", "", SPACES)
    assert texts(root, "//tw:sequence/text()") == ["421", "431"]


def test_json_feed_is_one() -> None:
    raw = json_feed(a_feed(an_edition(), an_edition(Act.KILL, release_id=43)))
    assert json_faults(raw, f"{BASE}/feeds/de.json") == []
    document = json.loads(raw)
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
    assert json_faults(json_feed(feed), f"{BASE}/feeds/ar.json") == []
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
    feed = a_feed(hostile(f"x {text} y"))
    for form, faults in FAULTS.items():
        assert faults(write(feed, form), feed.urls[form]) == []


@given(st.text(alphabet=st.characters(), max_size=40))
@settings(deadline=None)
def test_any_text_is_carried_as_text(text: str) -> None:
    assert_carried(text)


def test_an_issuers_address_that_is_none_is_left_out() -> None:
    feed = a_feed(replace(an_edition(), issuer_website="javascript:alert(1)"))
    assert b"javascript" not in atom(feed) + json_feed(feed)
