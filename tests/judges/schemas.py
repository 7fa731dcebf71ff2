"""The IPTC formats before the official schemas, the catalog of qcodes, and readers of them.

Documents: the sample in its languages as publication, correction, withdrawal and kill.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from itertools import product
from pathlib import Path

from jsonschema.protocols import Validator
from lxml import etree

from editions import T0
from judges.row import Row, Said
from news_items import (
    ACTS,
    BASE,
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
from tidewire.formats.newsml_g2 import CATALOG, news_message, newsml_g2
from tidewire.formats.ninjs import ninjs
from tidewire.formats.ninjs_1_6 import ninjs_1_6
from tidewire.formats.nitf import nitf
from tidewire.formats.nitf_body import NITF
from tidewire.intake.newsml_g2 import read_newsml_g2
from tidewire.intake.ninjs import read_ninjs
from tidewire.intake.read import document_of
from tidewire.intake.submission import raw_release, read_submission, sanitised

LANGUAGES = lanternfish().languages()
Make = Callable[..., bytes]
Named = Iterable[tuple[str, bytes]]


def every(make: Make) -> Iterator[tuple[str, bytes]]:
    """A document for each kind of edition and each language, as the media get it."""
    for act, tag in product(ACTS, LANGUAGES):
        yield f"{act} {tag}", make(lanternfish_edition(act), tag, BASE, audience="media")


def valid(schema: Callable[[], etree.XMLSchema], documents: Callable[[], Named], _: Path) -> Said:
    """What an XSD says."""
    judge, said = schema(), {}
    for name, raw in documents():
        judge.validate(etree.fromstring(raw))
        said[name] = [f"{one.line}: {one.message}" for one in judge.error_log]  # type: ignore[attr-defined]
    return said


def inner_nitf() -> Iterator[tuple[str, bytes]]:
    """The NITF inside of each item that has some."""
    for name, raw in every(newsml_g2):
        for element in etree.fromstring(raw).iter(f"{{{NITF}}}nitf"):
            yield name, etree.tostring(element)


def messages() -> Iterator[tuple[str, bytes]]:
    """A newsMessage with all languages of each kind of edition."""
    whole = [raw for _, raw in every(newsml_g2)]
    for place, act in enumerate(ACTS):
        run = whole[place * len(LANGUAGES) : (place + 1) * len(LANGUAGES)]
        yield str(act), news_message(run, T0, "wire.example")


def known_codes(_: Path) -> Said:
    """The qcodes whose alias the catalog does not have: no XSD sees them."""
    known = catalog_aliases()
    return {
        name: [c for c in qcodes(etree.fromstring(raw)) if c.partition(":")[0] not in known]
        for name, raw in every(newsml_g2)
    }


def read_by_iptc(_: Path) -> Said:
    said = {}
    for name, raw in every(newsml_g2):
        item = NewsMLG2.NewsMLG2Document(raw).get_item()
        right = item.standardversion == "2.35" and item.guid
        said[name] = [] if right else [f"{item.standardversion}, {item.guid}"]
    return said


def by_json_schema(judge: Callable[[], Validator], make: Make, _: Path) -> Said:
    return {
        name: [f"{one.json_path}: {one.message}" for one in judge().iter_errors(json.loads(raw))]
        for name, raw in every(make)
    }


def back(make: Make, read: Callable[[bytes], object], _: Path) -> Said:
    """Whether our own intake reads each rendition as the release that it was."""
    sent, said = without_pictures(replace(lanternfish(), t0=None, embargo=False)), {}
    for tag in LANGUAGES:
        raw = make(lanternfish_edition(), tag, BASE, audience="media")
        taken = sanitised(raw_release(read_submission(document_of(read(raw)))))  # type: ignore[arg-type]
        same = taken == replace(sent, renditions=(sent.rendition(tag),))
        said[tag] = [] if same else [f"came back as {taken}"]
    return said


def _read_g2(raw: bytes) -> object:
    return read_newsml_g2(raw.decode())


def _read_ninjs(raw: bytes) -> object:
    return read_ninjs(json.loads(raw))


G2 = "NewsML-G2 2.35"
INTAKE = "our intake, the same release"
ROWS = (
    Row(f"{G2}, newsItem", "IPTC's XSD (All-Power)",
        partial(valid, g2_schema, partial(every, newsml_g2))),
    Row(f"{G2}, newsMessage", "IPTC's XSD (All-Power)", partial(valid, g2_schema, messages)),
    Row(f"{G2}, the NITF in it", "IPTC's XSD of NITF 3.6", partial(valid, nitf_schema, inner_nitf)),
    Row(f"{G2}, its qcodes", f"`{CATALOG.rpartition('/')[2]}`", known_codes),
    Row(G2, "IPTC's reader, newsmlg2", read_by_iptc, partial(version, "newsmlg2")),
    Row(G2, INTAKE, partial(back, newsml_g2, _read_g2)),
    Row("ninjs 3.1", "IPTC's schema, by jsonschema with formats",
        partial(by_json_schema, ninjs_validator, ninjs), partial(version, "jsonschema")),
    Row("ninjs 3.1", INTAKE, partial(back, ninjs, _read_ninjs)),
    Row("ninjs 1.6", "our own account of its schema, which is not at hand",
        partial(by_json_schema, ninjs_1_6_validator, ninjs_1_6)),
    Row("ninjs 1.6", INTAKE, partial(back, ninjs_1_6, _read_ninjs)),
    Row("NITF 3.6", "IPTC's XSD", partial(valid, nitf_schema, partial(every, nitf))),
)  # fmt: skip
