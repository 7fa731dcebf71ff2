"""Editions of every kind for the IPTC formats, and the schemas that judge what is made of them."""

import json
import os
import warnings
from dataclasses import replace
from functools import cache
from pathlib import Path

import jsonschema
import pytest
from lxml import etree
from referencing import Registry, Resource

from editions import T0, an_edition
from tidewire.formats.newsml_g2 import CATALOG, NAR
from tidewire.intake.beside import files_of, renamed
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission, sanitised
from tidewire.model.release import Act, Contact, Edition, Organisation, Release

with warnings.catch_warnings():  # its docstrings hold escapes that Python no longer likes
    warnings.simplefilter("ignore")
    import NewsMLG2

__all__ = ["NewsMLG2"]

BASE = "https://wire.example"
ROOT = Path(__file__).parents[1]
SCHEMAS = Path(os.environ.get("TIDEWIRE_SHARED", ROOT.parent / "shared")) / "schemas"
ACTS = (Act.PUBLISH, Act.CORRECT, Act.WITHDRAW, Act.KILL)


def schema(name: str) -> Path:
    """An official schema, which lies beside the repository; the test is left out without it."""
    if (SCHEMAS / name).exists():
        return SCHEMAS / name
    pytest.skip(
        f"the official schemas are not here ({name} in shared/schemas beside the repository)"
    )


@cache
def lanternfish() -> Release:
    """The sample in its fifteen languages, with every field in use."""
    paths = sorted((ROOT / "samples" / "lanternfish").glob("*.md"))
    paths.sort(key=lambda p: not p.name.endswith(".en.md"))
    document = read_files(paths, {})
    beside = {
        name: replace(one, ref="m4r1s0") for name, (one, _) in files_of(document, paths).items()
    }
    document = renamed(document, {name: one.ref for name, one in beside.items()})
    known = {one.ref: one for one in beside.values()}
    release = sanitised(raw_release(read_submission(document), known))
    return replace(
        release,
        slug="lanternfish",
        contacts=(
            Contact(
                "Press office", "Ada Sample", "press@lanternfish.example", "+49 30 23125 019", True
            ),
            Contact("Investors", "Jon Specimen", "", "+49 30 23125 018"),
            Contact("Desk", "Nobody to call", "", "", True),
        ),
        sectors=("logistics", "maritime", "daily-news"),
        subjects=("medtop:04000000", "medtop:20000225"),
        countries=("DK", "DE"),
        organisations=(
            Organisation(
                "Lanternfish Ferries", "529900T8BM49AURSDO55", "DK000LNTF006", "XCSE:LNTF"
            ),
            Organisation("Northmole"),
        ),
        source="Lanternfish Ferries",
        third_party=True,
        provider="Example Provider",
        provider_url="https://provider.example/überblick?a=1&b=2#teil",
        licence="Free to use with the source named.\nNo changes to figures & quotes <at all>.",
        t0=T0,
        embargo=True,
    )


def without_pictures(release: Release) -> Release:
    """The release as it comes back: pictures stay where they lie, and a warning tells of them."""
    texts = tuple(replace(one, captions=()) for one in release.renditions)
    return replace(release, renditions=texts, pictures=())


def lanternfish_edition(act: Act = Act.PUBLISH) -> Edition:
    """The sample as an edition of each kind."""
    return replace(an_edition(act), release=lanternfish())


@cache
def g2_schema() -> etree.XMLSchema:
    """NewsML-G2 2.35, all of it."""
    return etree.XMLSchema(etree.parse(schema("NewsML-G2_2.35-spec-All-Power.xsd")))


@cache
def nitf_schema() -> etree.XMLSchema:
    """NITF 3.6."""
    return etree.XMLSchema(etree.parse(schema("nitf-3-6.xsd")))


@cache
def ninjs_validator() -> jsonschema.Draft202012Validator:
    """ninjs 3.1 with its formats (uri, date-time) checked."""
    geo = json.loads(schema("GeoJSON-schema.json").read_text())
    wanted = json.loads(schema("ninjs-schema_3.1.json").read_text())
    resource = Resource.from_contents(geo)
    known = Registry().with_resources(
        [(uri, resource) for uri in ("https://geojson.org/schema/GeoJSON.json", geo["$id"])]
    )
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    assert {"uri", "date-time"} <= checker.checkers.keys()
    return jsonschema.Draft202012Validator(wanted, registry=known, format_checker=checker)


def catalog_aliases() -> set[str]:
    """Those of the catalog that our items name, as the reader's package has it."""
    file = Path(NewsMLG2.__file__).parent / "catalogs" / CATALOG.rpartition("/")[2]
    return set(etree.parse(file).xpath("//*/@alias"))


def qcodes(tree: etree._Element) -> list[str]:
    """Every qcode of a NewsML-G2 item, in whatever attribute."""
    return [
        code
        for name in ("qcode", "type", "rel", "role", "market", "symbolsrc", "jobtitle", "how")
        for at in tree.iter(f"{{{NAR}}}*")
        for code in (at.get(name) or "").split()
    ]
