"""A feed as RSS 2.0, with the full text in content:encoded and its own address in atom:link.

An item has one enclosure, its first picture: readers take no more. Media RSS 1.5.1 has them all,
with captions and credits, for which an enclosure has no place.
"""

from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from lxml import etree
from lxml.etree import _Element

from tidewire.formats.atom import ATOM, HISTORY
from tidewire.formats.feeds import GENERATOR, NAMESPACE, Feed, FeedItem
from tidewire.formats.pictures import ShownPicture
from tidewire.formats.wire_item import moment

CONTENT = "http://purl.org/rss/1.0/modules/content/"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
MEDIA = "http://search.yahoo.com/mrss/"


def rss(feed: Feed) -> bytes:
    """The RSS document, in UTF-8. A retracted item keeps its guid and says so, without text."""
    spaces = {"atom": ATOM, "content": CONTENT, "dc": DUBLIN_CORE, "fh": HISTORY}
    spaces |= {"media": MEDIA, "tw": NAMESPACE}
    root = etree.Element("rss", nsmap=spaces)
    root.set("version", "2.0")
    channel = etree.SubElement(root, "channel")
    _add(channel, "title", feed.title)
    _add(channel, "link", feed.home_url)
    _add(channel, "description", feed.description)
    _add(channel, "language", feed.language)
    _add(channel, "lastBuildDate", _rfc822(feed.updated))
    _add(channel, "generator", GENERATOR)
    for rel, href in (("self", feed.urls["rss"]), *feed.links("rss")):
        link = _add(channel, f"{{{ATOM}}}link")
        link.attrib.update({"rel": rel, "href": href})
        if rel != "hub":
            link.set("type", "application/rss+xml")
    if feed.archived:
        _add(channel, f"{{{HISTORY}}}archive")
    for item in feed.items:
        _item(channel, item)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _item(channel: _Element, item: FeedItem) -> None:
    element = etree.SubElement(channel, "item")
    _add(element, "title", item.title)
    _add(element, "link", item.url)
    _add(element, "guid", item.id).set("isPermaLink", "false")
    _add(element, "pubDate", _rfc822(item.published))
    _add(element, f"{{{ATOM}}}updated", moment(item.updated))
    _add(element, f"{{{DUBLIN_CORE}}}creator", item.author)
    for _, label in item.categories:
        _add(element, "category", label)
    _add(element, "description", escape(item.summary))  # RSS 2.0: entity-encoded HTML
    if item.html:
        _add(element, f"{{{CONTENT}}}encoded", item.html)
    for picture in item.pictures[:1]:
        enclosure = _add(element, "enclosure")
        enclosure.attrib.update(
            {"url": picture.url, "length": str(picture.size), "type": picture.media_type}
        )
    for picture in item.pictures:
        _media(element, picture, item.language)
    for name, value in (("sequence", item.sequence), ("version", item.version), ("act", item.act)):
        _add(element, f"{{{NAMESPACE}}}{name}", str(value))


def _media(element: _Element, picture: ShownPicture, language: str) -> None:
    content = _add(element, f"{{{MEDIA}}}content")
    content.attrib.update(
        {
            "url": picture.url,
            "fileSize": str(picture.size),
            "type": picture.media_type,
            "medium": "image",
            "width": str(picture.width),
            "height": str(picture.height),
            "lang": language,
        }
    )
    # No media:description: readers take it for the item's own.
    if said := picture.caption or picture.alt:
        _add(content, f"{{{MEDIA}}}title", said).set("type", "plain")
    if picture.credit:
        _add(content, f"{{{MEDIA}}}credit", picture.credit)


def _add(parent: _Element, name: str, text: str | None = None) -> _Element:
    element = etree.SubElement(parent, name)
    element.text = text
    return element


def _rfc822(at: datetime) -> str:
    """A moment as RSS writes it: "Tue, 03 Mar 2026 12:00:00 GMT"."""
    return format_datetime(at.astimezone(UTC), usegmt=True)
