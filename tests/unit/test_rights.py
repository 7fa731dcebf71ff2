"""RightsML in the news formats: what may be done with an item, by whom it is said, from when."""

import json
from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from editions import an_edition
from news_items import (
    BASE,
    catalog_aliases,
    g2_schema,
    lanternfish,
    lanternfish_edition,
    ninjs_validator,
    qcodes,
)
from tidewire.formats.newsml_g2 import NAR, newsml_g2
from tidewire.formats.ninjs import ninjs
from tidewire.formats.ninjs_1_6 import ninjs_1_6
from tidewire.formats.rights import MINING, PROFILE
from tidewire.intake.newsml_g2 import read_newsml_g2
from tidewire.intake.ninjs import read_ninjs
from tidewire.intake.read import document_of, read_json
from tidewire.intake.submission import raw_release, read_submission
from tidewire.model.release import Act, DataMining, Edition, Release
from tidewire.model.rendition import Hand, Maker

N = {"n": NAR}
ODRL = "http://www.w3.org/ns/odrl/2/"


def policies(edition: Edition, tag: str = "de") -> list[dict[str, Any]]:
    """The policy in each of the two formats that carry one; both documents are valid."""
    tree = etree.fromstring(newsml_g2(edition, tag, BASE))
    g2_schema().assertValid(tree)
    assert {code.partition(":")[0] for code in qcodes(tree)} <= catalog_aliases()
    said = tree.find("n:rightsInfo/n:rightsExpressionData", N)
    assert (said.get("langid"), said.get("enctype")) == (PROFILE, "application/ld+json")
    document = json.loads(ninjs(edition, tag, BASE))
    assert list(ninjs_validator().iter_errors(document)) == []
    assert document["rightsInfo"]["langId"] == PROFILE
    return [json.loads(said.text), json.loads(document["rightsInfo"]["encodedRights"])]


def test_a_policy_says_who_lets_what_be_done_with_which_item_from_when() -> None:
    g2, in_ninjs = policies(lanternfish_edition())
    assert g2 == in_ninjs
    assert g2["profile"] == PROFILE and g2["@type"] == ODRL + "Set"
    assert g2["uid"].startswith(f"{BASE}/releases/") and g2["uid"].endswith("/de#rights-1")
    (permission,) = g2["permission"]
    guid = json.loads(ninjs(lanternfish_edition(), "de", BASE))["uri"]
    assert permission["target"] == guid
    assert permission["assigner"].startswith(f"{BASE}/issuers/")
    assert permission["action"] == ODRL + "distribute"
    assert permission["constraint"] == [
        {
            "leftOperand": ODRL + "dateTime",
            "operator": ODRL + "gteq",
            "rightOperand": {
                "@type": "http://www.w3.org/2001/XMLSchema#dateTime",
                "@value": "2026-03-03T12:00:00.000Z",
            },
        }
    ]


def test_a_third_party_must_be_named_and_terms_in_words_be_read() -> None:
    (permission,) = policies(lanternfish_edition())[0]["permission"]
    assert [duty["action"] for duty in permission["duty"]] == [
        ODRL + "attribute",
        ODRL + "reviewPolicy",
    ]
    assert permission["duty"][0]["attributedParty"].startswith("https://provider.example/")
    plain = replace(an_edition(), release=replace(an_edition().release, licence=""))
    (permission,) = policies(plain)[0]["permission"]
    assert "duty" not in permission and "constraint" not in permission


@pytest.mark.parametrize("act", [Act.KILL, Act.WITHDRAW])
def test_what_was_taken_back_may_not_be_handed_on(act: Act) -> None:
    for policy in policies(lanternfish_edition(act)):
        assert "permission" not in policy and MINING not in policy
        assert policy["prohibition"][0]["action"] == ODRL + "distribute"


def test_a_licence_that_is_an_address_is_linked() -> None:
    url = "https://licence.example/free"
    release = replace(lanternfish(), licence=url)
    tree = etree.fromstring(newsml_g2(replace(an_edition(), release=release), "de", BASE))
    g2_schema().assertValid(tree)
    terms = tree.find("n:rightsInfo/n:usageTerms", N)
    assert (terms.get("href"), terms.text) == (url, url)
    prose = etree.fromstring(newsml_g2(lanternfish_edition(), "de", BASE))
    assert prose.find("n:rightsInfo/n:usageTerms", N).get("href") is None


def back(raw: bytes, *, xml: bool) -> Release:
    drafts = read_newsml_g2(raw.decode()) if xml else read_ninjs(read_json(raw.decode()))
    return raw_release(read_submission(document_of(drafts)))


@pytest.mark.parametrize("said", [None, *DataMining])
def test_what_the_issuer_says_of_data_mining_goes_out_and_comes_back(
    said: DataMining | None,
) -> None:
    edition = replace(an_edition(), release=replace(lanternfish(), data_mining=said))
    tree = etree.fromstring(newsml_g2(edition, "de", BASE))
    code = tree.find("n:rightsInfo/n:dataMining", N)
    assert (code is None) == (said is None)
    if code is not None:
        assert code.get("qcode").startswith("plus:DMI-")
    for policy in policies(edition):
        assert (MINING in policy) == (said is not None)
    assert back(newsml_g2(edition, "de", BASE), xml=True).data_mining == said
    assert back(ninjs(edition, "de", BASE), xml=False).data_mining == said


@pytest.mark.parametrize("hand", Hand)
def test_who_made_a_rendition_stays_with_it(hand: Hand) -> None:
    """Above all: what a machine made does not come back as a person's work."""
    release = lanternfish()
    maker = Maker(hand, "Made-up Engine")
    german = replace(release.rendition("de"), made_by=maker)
    edition = replace(an_edition(), release=replace(release, renditions=(german,)))
    policies(edition)
    for make, xml in ((newsml_g2, True), (ninjs, False), (ninjs_1_6, False)):
        raw = make(edition, "de", BASE)
        assert back(raw, xml=xml).renditions[0].made_by == maker
    assert (b"trainedAlgorithmicMedia" in ninjs(edition, "de", BASE)) == (hand is Hand.MACHINE)


@pytest.mark.parametrize(
    "rights",
    ["", "no json", "[" * 50_000, "[]", '{"a": 1}', f'{{"{MINING}": 7}}', f'{{"{MINING}": "x"}}'],
)
def test_rights_of_others_that_cannot_be_read_are_left_alone(rights: str) -> None:
    document = json.loads(ninjs(lanternfish_edition(), "de", BASE))
    document["rightsInfo"]["encodedRights"] = rights
    assert back(json.dumps(document).encode(), xml=False).data_mining is None
