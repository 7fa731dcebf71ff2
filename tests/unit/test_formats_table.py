"""Every format before every judge, as one table: `docs/formats.md` is what a run of this saw.

To write it anew: TIDEWIRE_WRITE_FORMATS=1 ./dev test tests/unit/test_formats_table.py
"""

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.metadata import version
from itertools import product

import feedparser
from lxml import etree

from editions import T0
from news_items import (
    ACTS,
    BASE,
    ROOT,
    NewsMLG2,
    catalog_aliases,
    g2_schema,
    lanternfish,
    lanternfish_edition,
    ninjs_validator,
    nitf_schema,
    qcodes,
    without_pictures,
)
from ninjs_1_6_keys import ninjs_1_6_validator
from tidewire.formats.atom import atom
from tidewire.formats.feed_names import FeedName
from tidewire.formats.feeds import compose, feed_item
from tidewire.formats.newsml_g2 import CATALOG, news_message, newsml_g2
from tidewire.formats.ninjs import ninjs
from tidewire.formats.ninjs_1_6 import ninjs_1_6
from tidewire.formats.nitf import nitf
from tidewire.formats.nitf_body import NITF
from tidewire.formats.rss import rss
from tidewire.intake.newsml_g2 import read_newsml_g2
from tidewire.intake.ninjs import read_ninjs
from tidewire.intake.read import document_of
from tidewire.intake.submission import raw_release, read_submission, sanitised

PAGE = ROOT / "docs" / "formats.md"
LANGUAGES = lanternfish().languages()
Seen = tuple[str, str, int, int]  # format, judge, documents, faults


def every(make: Callable[..., bytes]) -> Iterator[bytes]:
    """A document for each kind of edition and each language, as the media get it."""
    for act, tag in product(ACTS, LANGUAGES):
        yield make(lanternfish_edition(act), tag, BASE, audience="media")


def against(schema: etree.XMLSchema, make: Callable[..., bytes]) -> list[bool]:
    return [schema.validate(etree.fromstring(raw)) for raw in every(make)]


def inner_nitf() -> list[bool]:
    inside = [e for raw in every(newsml_g2) for e in etree.fromstring(raw).iter(f"{{{NITF}}}nitf")]
    return [nitf_schema().validate(etree.fromstring(etree.tostring(e))) for e in inside]


def known_codes() -> list[bool]:
    known = catalog_aliases()
    trees = map(etree.fromstring, every(newsml_g2))
    return [all(code.partition(":")[0] in known for code in qcodes(tree)) for tree in trees]


def read_by_others() -> list[bool]:
    items = [NewsMLG2.NewsMLG2Document(raw).get_item() for raw in every(newsml_g2)]
    return [item.standardversion == "2.35" and bool(item.guid) for item in items]


def back(make: Callable[..., bytes], read: Callable[[bytes], object]) -> list[bool]:
    """Whether each rendition comes back as the release that it was."""
    sent = without_pictures(replace(lanternfish(), t0=None, embargo=False))
    found = []
    for tag in LANGUAGES:
        raw = make(lanternfish_edition(), tag, BASE, audience="media")
        taken = sanitised(raw_release(read_submission(document_of(read(raw)))))  # type: ignore[arg-type]
        found.append(taken == replace(sent, renditions=(sent.rendition(tag),)))
    return found


def messages() -> list[bool]:
    whole = list(every(newsml_g2))
    runs = [whole[at : at + len(LANGUAGES)] for at in range(0, len(whole), len(LANGUAGES))]
    made = [news_message(run, T0, "wire.example") for run in runs]
    return [g2_schema().validate(etree.fromstring(raw)) for raw in made]


def feeds(make: Callable[..., bytes]) -> list[bool]:
    found = []
    for act, tag in product(ACTS, LANGUAGES):
        feed = compose(FeedName(tag), [feed_item(lanternfish_edition(act), tag, BASE)], BASE)
        found.append(not feedparser.parse(make(feed)).bozo)
    return found


def table() -> list[Seen]:
    """All rows; a fault is a document that its judge does not take."""
    by_ninjs = [not list(ninjs_validator().iter_errors(json.loads(r))) for r in every(ninjs)]
    by_keys = [ninjs_1_6_validator().is_valid(json.loads(r)) for r in every(ninjs_1_6)]
    catalog = CATALOG.rpartition("/")[2]
    rows = [
        ("NewsML-G2 2.35, newsItem", "IPTC's XSD (All-Power)", against(g2_schema(), newsml_g2)),
        ("NewsML-G2 2.35, newsMessage", "IPTC's XSD (All-Power)", messages()),
        ("NewsML-G2 2.35, the NITF in it", "IPTC's XSD of NITF 3.6", inner_nitf()),
        ("NewsML-G2 2.35, its qcodes", f"`{catalog}`", known_codes()),
        ("NewsML-G2 2.35", f"IPTC's reader, newsmlg2 {version('newsmlg2')}", read_by_others()),
        ("NewsML-G2 2.35", "our intake, the same release", back(newsml_g2, _read_g2)),
        ("ninjs 3.1", f"IPTC's schema, jsonschema {version('jsonschema')} with formats", by_ninjs),
        ("ninjs 3.1", "our intake, the same release", back(ninjs, _read_ninjs)),
        ("ninjs 1.6", "our own account of its schema, which is not at hand", by_keys),
        ("ninjs 1.6", "our intake, the same release", back(ninjs_1_6, _read_ninjs)),
        ("NITF 3.6", "IPTC's XSD", against(nitf_schema(), nitf)),
        ("Atom", f"feedparser {version('feedparser')}", feeds(atom)),
        ("RSS 2.0", f"feedparser {version('feedparser')}", feeds(rss)),
    ]
    return [(name, judge, len(found), found.count(False)) for name, judge, found in rows]


def _read_g2(raw: bytes) -> object:
    return read_newsml_g2(raw.decode())


def _read_ninjs(raw: bytes) -> object:
    return read_ninjs(json.loads(raw))


def page(rows: list[Seen]) -> str:
    """The document, whole."""
    lines = [
        "# Formats and their judges",
        "",
        "Written by `TIDEWIRE_WRITE_FORMATS=1 ./dev test tests/unit/test_formats_table.py`, never",
        "by hand; that test fails where this page is not what it sees. Documents: the sample in",
        f"{len(LANGUAGES)} languages as publication, correction, withdrawal and kill.",
        "",
        "| format | judge | documents | faults |",
        "|---|---|---:|---:|",
        *(f"| {name} | {judge} | {count} | {faults} |" for name, judge, count, faults in rows),
    ]
    return "\n".join(lines) + "\n"


def test_no_judge_finds_a_fault_and_the_page_says_what_was_seen() -> None:
    rows = table()
    written = page(rows)
    if os.environ.get("TIDEWIRE_WRITE_FORMATS"):
        PAGE.write_text(written, "utf-8")
    assert [row for row in rows if row[3] or not row[2]] == []
    assert PAGE.read_text("utf-8") == written
