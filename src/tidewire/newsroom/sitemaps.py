"""Sitemaps (sitemaps.org 0.9), Google's for news, and robots.txt."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from lxml import etree

from tidewire.formats import addresses
from tidewire.formats.body import line
from tidewire.languages.spellings import news_sitemap_language
from tidewire.store.sitemap_rows import Row

MEDIA_TYPE = "application/xml; charset=utf-8"
NEWS_AGE = timedelta(hours=48)
NEWS_MOST = 1_000  # articles in one file, as Google takes them
RUN = 500  # sequence numbers in one part: far below 50,000 addresses, in however many languages
MOST = 50_000  # addresses in one file, as sitemaps.org has it

SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"

_MAP: dict[Any, str] = {None: SITEMAP}  # the stubs know no default namespace
_NEWS_MAP: dict[Any, str] = {None: SITEMAP, "news": NEWS}

ROBOTS = """User-agent: *
Disallow: /api/
Disallow: /preferences
Disallow: /unsubscribe
Disallow: /hub

Sitemap: {base}/sitemap.xml
Sitemap: {base}/sitemap-news.xml
"""


def robots(base_url: str) -> str:
    """What crawlers may read: all that is public. Never names what is not."""
    return ROBOTS.format(base=base_url)


def run_of(number: int) -> tuple[int, int]:
    """(after, last): the sequence numbers of one part."""
    return number * RUN, (number + 1) * RUN


def index(head: int, base_url: str) -> bytes:
    """All parts, up to the head of the wire."""
    root = etree.Element(f"{{{SITEMAP}}}sitemapindex", nsmap=_MAP)
    for number in range((head + RUN - 1) // RUN or 1):
        entry = etree.SubElement(root, f"{{{SITEMAP}}}sitemap")
        _say(entry, SITEMAP, "loc", f"{base_url}/sitemap-{number}.xml")
    return _bytes(root)


def part(rows: Sequence[Row], base_url: str) -> bytes:
    """The pages of these releases, in each language."""
    root = etree.Element(f"{{{SITEMAP}}}urlset", nsmap=_MAP)
    found = [(row, language) for row in rows for language, _ in row.renditions]
    for row, language in found[:MOST]:
        entry = etree.SubElement(root, f"{{{SITEMAP}}}url")
        _say(entry, SITEMAP, "loc", addresses.release_url(base_url, row.ref, language))
        _say(entry, SITEMAP, "lastmod", _instant(row.changed_at))
    return _bytes(root)


def news(rows: Sequence[Row], base_url: str, now: datetime) -> bytes:
    """Articles that are not older than 48 hours, 1,000 at most; `rows` are the newest first."""
    root = etree.Element(f"{{{SITEMAP}}}urlset", nsmap=_NEWS_MAP)
    fresh = [row for row in rows if row.published_at > now - NEWS_AGE]
    found = [(row, *rendition) for row in fresh for rendition in row.renditions]
    for row, language, headline in found[:NEWS_MOST]:
        entry = etree.SubElement(root, f"{{{SITEMAP}}}url")
        _say(entry, SITEMAP, "loc", addresses.release_url(base_url, row.ref, language))
        _say(entry, SITEMAP, "lastmod", _instant(row.changed_at))
        told = etree.SubElement(entry, f"{{{NEWS}}}news")
        publication = etree.SubElement(told, f"{{{NEWS}}}publication")
        _say(publication, NEWS, "name", "Tidewire")
        _say(publication, NEWS, "language", news_sitemap_language(language))
        _say(told, NEWS, "publication_date", _instant(row.published_at))
        _say(told, NEWS, "title", line(headline))
    return _bytes(root)


def _say(parent: etree._Element, namespace: str, name: str, text: str) -> None:
    etree.SubElement(parent, f"{{{namespace}}}{name}").text = text


def _bytes(root: etree._Element) -> bytes:
    written: bytes = etree.tostring(root, xml_declaration=True, encoding="utf-8")
    return written


def _instant(at: datetime) -> str:
    """W3C Datetime with its offset, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds")
