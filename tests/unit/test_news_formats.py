"""ninjs, NewsML-G2 and NITF: what the official schemas, and readers of others, say of them."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from editions import HEADLINE_MARKS, T0, an_edition
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
)
from ninjs_1_6_keys import ninjs_1_6_validator
from tidewire.formats.body import ALLOWED, clean
from tidewire.formats.newsml_g2 import CATALOG, NAR, news_message, newsml_g2
from tidewire.formats.ninjs import ninjs
from tidewire.formats.ninjs_1_6 import ninjs_1_6
from tidewire.formats.nitf import nitf
from tidewire.formats.nitf_body import NITF, blocks, element, html_of
from tidewire.model.release import Act, Edition

LANGUAGES = lanternfish().languages()
EVERY = [(act, tag) for act in ACTS for tag in LANGUAGES]
FORMATS: dict[str, Callable[..., bytes]] = {
    "ninjs": ninjs,
    "ninjs-1.6": ninjs_1_6,
    "newsml-g2": newsml_g2,
    "nitf": nitf,
}
N = {"n": NAR, "t": NITF}
STATUS = {"publish": "usable", "correct": "usable", "withdraw": "withheld", "kill": "canceled"}


def g2_of(edition: Edition, tag: str = "en", **how: str) -> etree._Element:
    return etree.fromstring(newsml_g2(edition, tag, BASE, **how))


def test_the_sample_has_fifteen_languages() -> None:
    assert len(LANGUAGES) == 15


@pytest.mark.parametrize(("act", "tag"), EVERY)
def test_ninjs_is_valid_in_every_language_and_kind(act: Act, tag: str) -> None:
    document = json.loads(ninjs(lanternfish_edition(act), tag, BASE, audience="media"))
    errors = [e.message for e in ninjs_validator().iter_errors(document)]
    assert errors == []
    assert document["language"] == tag and document["pubStatus"] == STATUS[act]


@pytest.mark.parametrize(("act", "tag"), EVERY)
def test_newsml_g2_is_valid_in_every_language_and_kind(act: Act, tag: str) -> None:
    tree = g2_of(lanternfish_edition(act), tag, audience="media")
    g2_schema().assertValid(tree)
    for inner in tree.iter(f"{{{NITF}}}nitf"):  # the other schema passes it over
        nitf_schema().assertValid(etree.fromstring(etree.tostring(inner)))
    assert (tree.find(".//n:nitf", N) is None) and (tree.find(".//t:nitf", N) is None) == (
        act in (Act.WITHDRAW, Act.KILL)
    )


@pytest.mark.parametrize(("act", "tag"), EVERY)
def test_nitf_is_valid_in_every_language_and_kind(act: Act, tag: str) -> None:
    tree = etree.fromstring(nitf(lanternfish_edition(act), tag, BASE, audience="media"))
    nitf_schema().assertValid(tree)
    assert tree.find(".//t:docdata", N).get("management-status") == STATUS[act]
    for date in tree.xpath("//@norm"):
        assert re.fullmatch(r"\d{8}(T\d{6}[+-]\d{4})?", date)


def test_the_validators_find_what_is_wrong() -> None:
    document = json.loads(ninjs(lanternfish_edition(), "en", BASE))
    for wrong in ({"uri": "no uri"}, {"versionCreated": "yesterday"}, {"urgency": 0}, {"odd": 1}):
        assert list(ninjs_validator().iter_errors(document | wrong)), wrong
    tree = g2_of(lanternfish_edition())
    tree.find("n:itemMeta", N).insert(0, tree.find("n:contentMeta", N))
    assert not g2_schema().validate(tree)


@pytest.mark.parametrize("act", ACTS)
def test_the_catalog_knows_every_qcode(act: Act) -> None:
    tree = g2_of(lanternfish_edition(act), "de", audience="media")
    assert tree.find("n:catalogRef", N).get("href") == CATALOG
    codes = qcodes(tree)
    assert {"stat", "ninat", "genre"} <= {code.partition(":")[0] for code in codes}
    assert {code.partition(":")[0] for code in codes} - catalog_aliases() == set()


def test_a_reader_of_others_reads_the_news_item() -> None:
    raw = newsml_g2(lanternfish_edition(), "ja", BASE)
    item = NewsMLG2.NewsMLG2Document(raw).get_item()
    assert str(item.guid).endswith("-ja") and item.standardversion == "2.35"
    assert item.conformance == "power" and str(item.version) == "1"


@pytest.mark.parametrize("name", FORMATS)
def test_ids_stay_and_versions_grow(name: str) -> None:
    first, later = (FORMATS[name](an_edition(a), "de", BASE) for a in (Act.PUBLISH, Act.CORRECT))
    guid = b"urn:newsml:wire.example:20260303:tw000042-de"
    assert guid in first and guid in later
    assert b"-en" in first  # the translation's
    english = FORMATS[name](an_edition(), "en", BASE)
    assert b"urn:newsml:wire.example:20260303:tw000042-en" in english


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("act", [Act.KILL, Act.WITHDRAW])
def test_what_is_taken_back_shows_nothing_of_its_text(name: str, act: Act) -> None:
    said = FORMATS[name](lanternfish_edition(act), "en", BASE, audience="media").decode()
    for gone in ("Sample", "XCSE", "Battery", "batteries", "Free to use", "medtop:04000000"):
        assert gone not in said
    assert "Lanternfish" in said  # the headline stays


@pytest.mark.parametrize("name", FORMATS)
def test_nothing_is_rendered_before_its_moment(name: str) -> None:
    with pytest.raises(ValueError, match="not public"):
        FORMATS[name](replace(an_edition(), published_at=None), "de", BASE)


@pytest.mark.parametrize("name", FORMATS)
def test_contacts_for_the_media_are_not_for_the_public(name: str) -> None:
    public = FORMATS[name](an_edition(), "de", BASE).decode()
    media = FORMATS[name](an_edition(), "de", BASE, audience="media").decode()
    assert "Wanda Wellenreiter" in public and "Otto Oktopus" not in public
    assert "Otto Oktopus" in media


@pytest.mark.parametrize("name", FORMATS)
def test_the_same_edition_gives_the_same_bytes(name: str) -> None:
    one, two = (FORMATS[name](lanternfish_edition(), "ar", BASE) for _ in "12")
    assert one == two


def test_newsml_g2_says_what_an_outlet_needs() -> None:
    tree = g2_of(lanternfish_edition(Act.CORRECT), "de", audience="media")

    def text(path: str) -> str:
        return tree.findtext(path, "", N)

    meta = "n:contentMeta/"
    assert text(meta + "n:urgency") == "5" and text(meta + "n:slugline") == "lanternfish"
    assert text(meta + "n:dateline").startswith("PORT EMBER")
    assert text(meta + "n:located/n:name") == "Port Ember"
    assert text("n:itemMeta/n:embargoed") == "2026-03-03T12:00:00.000+00:00"
    assert "Free to use" in text("n:rightsInfo/n:usageTerms")
    assert "Example Provider" in text("n:itemMeta/n:edNote")
    assert tree.find("n:itemMeta/n:signal", N).get("qcode") == "sig:correction"
    assert tree.find("n:itemMeta/n:link[@rel='irel:previousVersion']", N).get("version") == "1"
    assert len(tree.xpath("n:itemMeta/n:link/n:language", namespaces=N)) == 14
    codes = tree.xpath("n:contentMeta/n:subject/@qcode", namespaces=N)
    assert {"medtop:04000000", "medtop:20000291", "iso3166-1a2:DK"} <= set(codes)
    assert tree.get("version") == "2"


def test_ninjs_says_what_an_outlet_needs() -> None:
    document = json.loads(ninjs(lanternfish_edition(Act.CORRECT), "de", BASE, audience="media"))
    assert document["urgency"] == 5 and document["slugline"] == "lanternfish"
    assert document["embargoedUntil"] == "2026-03-03T12:00:00.000Z"
    assert {a["rel"] for a in document["associations"]} == {
        "translationOf",
        "correctionOf",
        "picture",
    }
    assert "http://cv.iptc.org/newscodes/mediatopic/04000000" in {
        s["uri"] for s in document["subjects"]
    }
    assert [s for s in document["infoSources"] if s["role"] == "thirdParty"]
    assert {p["rel"] for p in document["people"]} == {"contact", "mediaContact"}
    assert document["version"] == "2"


def test_ninjs_1_6_keeps_to_its_own_keys() -> None:
    document = json.loads(ninjs_1_6(lanternfish_edition(), "de", BASE, audience="media"))
    assert list(ninjs_1_6_validator().iter_errors(document)) == []
    assert document["version"] == "1" and document["pubstatus"] == "usable"
    assert isinstance(document["associations"], dict) and isinstance(document["urgency"], int)
    assert {"scheme", "code", "name", "rel"} == set(document["subject"][0])


def test_a_message_of_several_items_is_valid() -> None:
    items = [newsml_g2(lanternfish_edition(), tag, BASE) for tag in ("en", "ar", "zh-Hant")]
    message = news_message(items, datetime(2026, 3, 3, 12, tzinfo=UTC), "wire.example")
    tree = etree.fromstring(message)
    g2_schema().assertValid(tree)
    assert len(tree.findall("n:itemSet/n:newsItem", N)) == 3


def test_headline_marks_stand_in_every_format() -> None:
    for make in FORMATS.values():
        assert HEADLINE_MARKS["de"] in make(an_edition(t0=T0), "de", BASE).decode()


def rounded(markup: str) -> str:
    parent = element("body.content")
    parent.extend(blocks(markup))
    return html_of(parent)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_a_body_comes_back_from_nitf_as_it_was(tag: str) -> None:
    body = lanternfish().rendition(tag).body
    assert clean(rounded(body)) == body


TAGS = sorted(ALLOWED | {"div"})
TREES = st.recursive(
    st.text("ab<&> \n", max_size=4).map(lambda t: t.replace("&", "&amp;").replace("<", "&lt;")),
    lambda inner: st.tuples(st.sampled_from(TAGS), st.lists(inner, max_size=4)).map(
        lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0]}>"
    ),
    max_leaves=20,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(TREES, max_size=4).map("".join))
def test_whatever_is_on_the_allow_list_becomes_valid_nitf(markup: str) -> None:
    body = clean(markup)
    root = element("nitf")
    root.append(element("body"))
    root[0].append(element("body.content"))
    root[0][0].extend(blocks(body))
    nitf_schema().assertValid(etree.fromstring(etree.tostring(root)))
    # Letter for letter, in any order: a table's caption goes before its rows.
    said, meant = (re.sub(r"<[^>]*>|\s", "", text) for text in (rounded(body), body))
    assert sorted(said) == sorted(meant)
