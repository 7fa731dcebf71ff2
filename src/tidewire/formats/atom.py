"""A feed as Atom (RFC 4287); what was taken back stands as a tombstone (RFC 6721).

All documents of a feed have its id, the parts of its archive too (RFC 5005, section 4).
"""

from typing import Any

from lxml import etree
from lxml.etree import _Element

from tidewire.formats.feeds import GENERATOR, NAMESPACE, Feed, FeedItem
from tidewire.formats.wire_item import moment

ATOM = "http://www.w3.org/2005/Atom"
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
HISTORY = "http://purl.org/syndication/history/1.0"
_SPACES: dict[Any, str] = {None: ATOM, "at": TOMBSTONES, "fh": HISTORY, "tw": NAMESPACE}
_XML = "http://www.w3.org/XML/1998/namespace"


def atom(feed: Feed) -> bytes:
    """The Atom document, in UTF-8."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=_SPACES)
    root.set(f"{{{_XML}}}lang", feed.language)
    _add(root, "id", feed.current["atom"])
    _add(root, "title", feed.title)
    _add(root, "subtitle", feed.description)
    _add(root, "updated", moment(feed.updated))
    _add(_add(root, "author"), "name", GENERATOR)
    _add(root, "generator", GENERATOR)
    _link(root, "self", feed.urls["atom"], "application/atom+xml")
    _link(root, "alternate", feed.home_url, "text/html")
    for rel, href in feed.links("atom"):
        _link(root, rel, href, "" if rel == "hub" else "application/atom+xml")
    if feed.archived:
        etree.SubElement(root, f"{{{HISTORY}}}archive")
    for item in feed.items:
        if item.retracted:
            _tombstone(root, item)
        else:
            _entry(root, item)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _entry(root: _Element, item: FeedItem) -> None:
    entry = _add(root, "entry")
    entry.set(f"{{{_XML}}}lang", item.language)
    _add(entry, "id", item.id)
    _add(entry, "title", item.title)
    _add(entry, "updated", moment(item.updated))
    _add(entry, "published", moment(item.published))
    author = _add(entry, "author")
    _add(author, "name", item.author)
    if item.author_url:
        _add(author, "uri", item.author_url)
    _link(entry, "alternate", item.url, "text/html", item.language)
    # Readers take one alternate link for the entry's own, some the first and some the last.
    for language, url in item.others:
        _link(entry, "related", url, "text/html", language)
    for picture in item.pictures:
        link = _link(entry, "enclosure", picture.url, picture.media_type)
        link.set("length", str(picture.size))
        if picture.words:
            link.set("title", picture.words)
    for slug, label in item.categories:
        _add(entry, "category").attrib.update({"term": slug, "label": label})
    if item.rights:
        _add(entry, "rights", item.rights)
    _add(entry, "summary", item.summary)
    if item.html:
        _add(entry, "content", item.html).set("type", "html")
    _numbers(entry, item)


def _tombstone(root: _Element, item: FeedItem) -> None:
    """RFC 6721, section 3: the id of the entry that is gone, when, by whom and why."""
    gone = etree.SubElement(root, f"{{{TOMBSTONES}}}deleted-entry")
    gone.set("ref", item.id)
    gone.set("when", moment(item.updated) or "")
    gone.set(f"{{{_XML}}}lang", item.language)
    _add(etree.SubElement(gone, f"{{{TOMBSTONES}}}by"), "name", GENERATOR)
    etree.SubElement(gone, f"{{{TOMBSTONES}}}comment").text = item.summary
    _link(gone, "alternate", item.url, "text/html", item.language)
    _numbers(gone, item)


def _numbers(element: _Element, item: FeedItem) -> None:
    for name, value in (("sequence", item.sequence), ("version", item.version), ("act", item.act)):
        etree.SubElement(element, f"{{{NAMESPACE}}}{name}").text = str(value)


def _add(parent: _Element, name: str, text: str | None = None) -> _Element:
    element = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    element.text = text
    return element


def _link(parent: _Element, rel: str, href: str, kind: str, language: str = "") -> _Element:
    link = _add(parent, "link")
    link.attrib.update({"rel": rel, "href": href})
    if kind:
        link.set("type", kind)
    if language:
        link.set("hreflang", language)
    return link
