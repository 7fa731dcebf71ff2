"""What a feed must be beyond what readers ask for: RFC 4287, 5005 and 6721, RSS 2.0.11, JSON Feed
1.1, WebSub's links. Each function says what is wrong with one document, [] where nothing is.

Readers take almost anything, so each rule has a broken document of its own in
`tests/unit/test_feed_rules.py`.
"""

import json
import re
from collections.abc import Iterable, Iterator
from email.utils import parsedate_to_datetime
from typing import Any

from lxml import etree, html

from tidewire.formats.atom import ATOM, HISTORY, TOMBSTONES
from tidewire.formats.rss import CONTENT, DUBLIN_CORE

SPACES = {"a": ATOM, "at": TOMBSTONES, "fh": HISTORY, "c": CONTENT, "dc": DUBLIN_CORE}
RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
RFC_822 = re.compile(r"[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d (GMT|[+-]\d{4})")
ABSOLUTE = re.compile(r"https?://[^\s/]+(/\S*)?")
URI = re.compile(r"[a-z][a-z0-9+.-]*:\S+")
TAG = re.compile(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|\d{3}))?")  # as this wire writes BCP 47
MAIL = re.compile(r"\S+@\S+\.\S+( \(.+\))?")
TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")
XML = "http://www.w3.org/XML/1998/namespace"

CHANNEL = {
    "title", "link", "description", "language", "copyright", "managingEditor", "webMaster",
    "pubDate", "lastBuildDate", "category", "generator", "docs", "cloud", "ttl", "image",
    "textInput", "skipHours", "skipDays", "item",
}  # fmt: skip
ITEM = {
    "title", "link", "description", "author", "category", "comments", "enclosure", "guid",
    "pubDate", "source",
}  # fmt: skip
FEED_KEYS = {
    "version": str, "title": str, "home_page_url": str, "feed_url": str, "description": str,
    "user_comment": str, "next_url": str, "icon": str, "favicon": str, "authors": list,
    "language": str, "expired": bool, "hubs": list, "items": list,
}  # fmt: skip
ITEM_KEYS = {
    "id": str, "url": str, "external_url": str, "title": str, "content_html": str,
    "content_text": str, "summary": str, "image": str, "banner_image": str,
    "date_published": str, "date_modified": str, "authors": list, "tags": list, "language": str,
    "attachments": list,
}  # fmt: skip

Element = etree._Element


def atom_faults(raw: bytes, url: str) -> list[str]:
    """RFC 4287, 5005 and 6721, of the document that is served at `url`."""
    root = etree.fromstring(raw)
    entries, gone = _all(root, "a:entry"), _all(root, "at:deleted-entry")
    found = [*_said(root.tag == f"{{{ATOM}}}feed", "the root is no feed")]
    found += _links(root, url, "application/atom+xml")
    for holder in (root, *entries):
        found += _atom_container(holder)
    for entry in entries:
        authors = _all(entry, "a:author") or _all(root, "a:author")
        found += _said(authors, "entry: nobody is its author")
        found += _said(_all(entry, "a:link[@rel='alternate']"), "entry: no alternate link")
        found += _html(_text(entry, "a:content"), "entry")
    for one in gone:
        found += _said(URI.fullmatch(one.get("ref", "")), "deleted-entry: ref")
        found += _said(RFC_3339.fullmatch(one.get("when", "")), "deleted-entry: when")
    ids = [_text(one, "a:id") for one in (root, *entries)] + [one.get("ref", "") for one in gone]
    found += _said(len(ids) == len(set(ids)), "an id stands twice")
    return found


def _atom_container(holder: Element) -> Iterator[str]:
    """What RFC 4287 says of feeds and entries alike (sections 3, 4.1 and 4.2)."""
    where = etree.QName(holder).localname
    for name in ("id", "title", "updated"):
        yield from _said(len(_all(holder, f"a:{name}")) == 1, f"{where}: one {name}")
    for name in ("published", "rights", "subtitle", "summary", "content", "generator", "icon"):
        yield from _said(len(_all(holder, f"a:{name}")) < 2, f"{where}: two of {name}")
    yield from _said(URI.fullmatch(_text(holder, "a:id")), f"{where}: id is no IRI")
    for one in (*_all(holder, "a:updated"), *_all(holder, "a:published")):
        yield from _said(RFC_3339.fullmatch(one.text or ""), f"{where}: a date is not RFC 3339")
    yield from _said(
        _text(holder, "a:published") <= _text(holder, "a:updated"), f"{where}: updated too early"
    )
    for one in _all(holder, "a:author"):
        yield from _said(len(_all(one, "a:name")) == 1 and _text(one, "a:name"), f"{where}: author")
        for uri in _all(one, "a:uri"):
            yield from _said(ABSOLUTE.fullmatch(uri.text or ""), f"{where}: author's uri")
    for one in _all(holder, "a:category"):
        yield from _said(one.get("term"), f"{where}: a category without term")
    for name in ("title", "subtitle", "summary", "rights", "content"):
        for one in _all(holder, f"a:{name}"):
            kind = one.get("type", "text")
            yield from _said(kind in ("text", "html"), f"{where}: {name} of type {kind}")
            yield from _said(not len(one), f"{where}: elements in {name}")
    yield from _said(TAG.fullmatch(holder.get(f"{{{XML}}}lang", "")), f"{where}: xml:lang")
    for link in _all(holder, "a:link"):
        yield from _said(ABSOLUTE.fullmatch(link.get("href", "")), f"{where}: a relative link")
        kind, tag = link.get("type"), link.get("hreflang")
        yield from _said(kind is None or TYPE.fullmatch(kind), f"{where}: a link's type")
        yield from _said(tag is None or TAG.fullmatch(tag), f"{where}: a link's hreflang")
        measure = link.get("rel") != "enclosure" or (kind and link.get("length", "").isdigit())
        yield from _said(measure, f"{where}: an enclosure without type or length")
    kinds = [(x.get("type"), x.get("hreflang")) for x in _all(holder, "a:link[@rel='alternate']")]
    yield from _said(len(kinds) == len(set(kinds)), f"{where}: alternate links of one kind")


def rss_faults(raw: bytes, url: str) -> list[str]:
    """RSS 2.0.11, and the best practice of its board, of the document that is served at `url`."""
    root = etree.fromstring(raw)
    found = _said(root.tag == "rss" and root.get("version") == "2.0", "the root is no RSS 2.0")
    found += _said([one.tag for one in root] == ["channel"], "one channel")
    (channel,) = root
    found += _said(_plain(channel) <= CHANNEL, f"channel: unknown {_plain(channel) - CHANNEL}")
    for name in ("title", "link", "description"):
        found += _said(len(channel.findall(name)) == 1 and _text(channel, name), f"channel: {name}")
    found += _said(ABSOLUTE.fullmatch(_text(channel, "link")), "channel: a relative link")
    found += _said(TAG.fullmatch(_text(channel, "language")), "channel: language")
    found += _links(channel, url, "application/rss+xml")
    for one in (*channel.findall("pubDate"), *channel.findall("lastBuildDate")):
        found += _rfc_822(one.text or "")
    items = channel.findall("item")
    for item in items:
        found += _rss_item(item)
    guids = [_text(item, "guid") for item in items]
    return found + _said(len(guids) == len(set(guids)), "a guid stands twice")


def _rss_item(item: Element) -> Iterator[str]:
    yield from _said(_plain(item) <= ITEM, f"item: unknown {_plain(item) - ITEM}")
    for name in ("title", "link", "description", "guid", "pubDate", "enclosure", "c:encoded"):
        yield from _said(len(_all(item, name)) < 2, f"item: two of {name}")
    yield from _said(_text(item, "title") or _text(item, "description"), "item: says nothing")
    yield from _said(ABSOLUTE.fullmatch(_text(item, "link")), "item: a relative link")
    guid = item.find("guid")
    yield from _said(guid is not None and guid.text, "item: no guid")
    if guid is not None and guid.get("isPermaLink", "true") == "true":
        yield from _said(ABSOLUTE.fullmatch(guid.text or ""), "item: guid is no permalink")
    yield from _rfc_822(_text(item, "pubDate"))
    for one in item.findall("author"):
        yield from _said(MAIL.fullmatch(one.text or ""), "item: author is no mail address")
    yield from _said(item.find("author") is not None or _text(item, "dc:creator"), "item: nobody")
    for one in item.findall("enclosure"):
        whole = (
            ABSOLUTE.fullmatch(one.get("url", ""))
            and one.get("length", "").isdigit()
            and TYPE.fullmatch(one.get("type", ""))
        )
        yield from _said(whole, "item: enclosure without url, length or type")
    yield from _html(_text(item, "description"), "item")
    yield from _html(_text(item, "c:encoded"), "item")


def json_faults(raw: bytes, url: str) -> list[str]:
    """JSON Feed 1.1, of the document that is served at `url`."""
    feed = json.loads(raw)
    found = _said(feed.get("version") == "https://jsonfeed.org/version/1.1", "version")
    found += _keys(feed, FEED_KEYS, "feed")
    found += _said(feed.get("title"), "feed: no title")
    found += _said(feed.get("feed_url") == url, f"feed: feed_url is not {url}")
    found += _said(feed.get("next_url") != url, "feed: next_url is its own")
    hubs = feed.get("hubs", [])
    right = all(isinstance(h, dict) and set(h) == {"type", "url"} for h in hubs)
    right = right and all(ABSOLUTE.fullmatch(h["url"]) for h in hubs)
    found += _said(right, "feed: hubs without type or url")
    found += _said(_archived(url) != bool(hubs), "feed: the newest alone has a hub")
    for item in feed.get("items", []):
        found += _json_item(item)
    ids = [item.get("id") for item in feed.get("items", [])]
    return found + _said(len(ids) == len(set(map(str, ids))), "an id stands twice")


def _json_item(item: dict[str, Any]) -> Iterator[str]:
    yield from _keys(item, ITEM_KEYS, "item")
    yield from _said(item.get("id"), "item: no id")
    yield from _said({"content_html", "content_text"} & set(item), "item: no content")
    for key in ("date_published", "date_modified"):
        yield from _said(RFC_3339.fullmatch(str(item.get(key))), f"item: {key}")
    yield from _said(all(isinstance(tag, str) for tag in item.get("tags", [])), "item: tags")
    for one in item.get("attachments", []):
        whole = ABSOLUTE.fullmatch(one.get("url", "")) and TYPE.fullmatch(one.get("mime_type", ""))
        yield from _said(whole, "item: attachment without url or mime_type")
    yield from _html(item.get("content_html", ""), "item")


def _keys(holder: dict[str, Any], kinds: dict[str, type], where: str) -> Iterator[str]:
    """Keys that JSON Feed knows, each of its type; others begin with an underscore."""
    for key, value in holder.items():
        if key.startswith("_"):
            yield from _said(isinstance(value, dict), f"{where}: {key} is no object")
        elif key not in kinds:
            yield f"{where}: unknown {key}"
        elif not isinstance(value, kinds[key]):
            yield f"{where}: {key} is of the wrong type"
        elif key.endswith(("url", "icon", "image")):
            yield from _said(ABSOLUTE.fullmatch(value), f"{where}: {key} is relative")
    tag = holder.get("language")
    yield from _said(tag is None or TAG.fullmatch(str(tag)), f"{where}: language")
    for one in holder.get("authors", []):
        yield from _said(one and set(one) <= {"name", "url", "avatar"}, f"{where}: authors")


def _links(holder: Element, url: str, kind: str) -> Iterator[str]:
    """Of a whole feed: itself, its hub (WebSub section 4), its neighbours (RFC 5005)."""
    by: dict[str, list[Element]] = {}
    for link in _all(holder, "a:link"):
        by.setdefault(link.get("rel", "alternate"), []).append(link)
        yield from _said(ABSOLUTE.fullmatch(link.get("href", "")), "feed: a relative link")
    own = [(link.get("href"), link.get("type")) for link in by.get("self", [])]
    yield from _said(own == [(url, kind)], f"feed: self is {own}, not {url}")
    archived = _archived(url)
    yield from _said(archived == bool(_all(holder, "fh:archive")), "feed: fh:archive")
    yield from _said(archived != ("hub" in by), "feed: the newest alone has a hub")
    yield from _said(archived == ("current" in by), "feed: an archive alone names the current")
    for name in ("current", "prev-archive", "next-archive", "first", "previous", "next"):
        there = [(link.get("href"), link.get("type")) for link in by.get(name, [])]
        right = len(there) < 2 and all(href != url and of == kind for href, of in there)
        yield from _said(right, f"feed: {name}")


def _archived(url: str) -> bool:
    return "archive=" in url


def _rfc_822(text: str) -> list[str]:
    """A date as RSS writes it, on the weekday that it was."""
    right = RFC_822.fullmatch(text) and f"{parsedate_to_datetime(text):%a}" == text[:3]
    return _said(right, f"{text!r} is no date of RFC 822")


def _html(text: str, where: str) -> Iterator[str]:
    """Links and pictures in a feed's HTML lead somewhere from wherever it is read."""
    if not text.strip():
        return
    for _, attribute, link, _ in html.fragment_fromstring(text, create_parent="div").iterlinks():
        right = ABSOLUTE.fullmatch(link) or link.startswith(("mailto:", "tel:"))
        yield from _said(right, f"{where}: {attribute}={link!r} in its text")
    yield from _said("<script" not in text and "<style" not in text, f"{where}: a script")


def _plain(holder: Element) -> set[str]:
    """The names of its elements that are in no namespace."""
    return {str(one.tag) for one in holder if not str(one.tag).startswith("{")}


def _all(holder: Element, path: str) -> list[Element]:
    found: Iterable[Any] = holder.xpath(path, namespaces=SPACES)  # type: ignore[assignment]
    return list(found)


def _text(holder: Element, path: str) -> str:
    return holder.findtext(path, "", SPACES)


def _said(holds: object, fault: str) -> list[str]:
    return [] if holds else [fault]


FAULTS = {"atom": atom_faults, "rss": rss_faults, "json": json_faults}
