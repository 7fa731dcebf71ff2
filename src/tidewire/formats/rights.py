"""RightsML 2.0 (IPTC's profile of ODRL 2.2): what a receiver may do with an item, for machines.

The policy says no more than the wire knows. An item may be handed on from its moment; where there
are terms of use in words, a person has to read them (duty `reviewPolicy`); a third party must be
named (duty `attribute`). What was taken back may not be handed on.
"""

import json
from typing import Any

from tidewire.formats.addresses import issuer_url
from tidewire.formats.body import legal, line
from tidewire.formats.news_item import NewsItem, page_url, uri_of
from tidewire.formats.wire_item import moment
from tidewire.model.release import DataMining

PROFILE = "https://iptc.org/std/RightsML/odrl-profile/"  # names the language as well
MEDIA_TYPE = "application/ld+json"
MINING = "http://ns.useplus.org/ldf/xmp/1.0/DataMining"
PLUS = "http://ns.useplus.org/ldf/vocab/"
_CONTEXT = [
    "http://www.w3.org/ns/odrl.jsonld",
    "https://iptc.org/std/RightsML/odrl-profile/rightsml.jsonld",
]
_ODRL = "http://www.w3.org/ns/odrl/2/"
_DATE_TIME = "http://www.w3.org/2001/XMLSchema#dateTime"

# What an issuer may say of data mining, in the vocabulary of PLUS, which IPTC uses.
MINING_CODES = {
    DataMining.ALLOWED: "DMI-ALLOWED",
    DataMining.NO_AI: "DMI-PROHIBITED-AIMLTRAINING",
    DataMining.NO_GENERATIVE_AI: "DMI-PROHIBITED-GENAIMLTRAINING",
    DataMining.SEARCH_ONLY: "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING",
    DataMining.PROHIBITED: "DMI-PROHIBITED",
}


def rights_json(item: NewsItem, base_url: str) -> str:
    """The item's policy as JSON-LD on one line."""
    return json.dumps(rights_policy(item, base_url), ensure_ascii=False, separators=(",", ":"))


def rights_policy(item: NewsItem, base_url: str) -> dict[str, Any]:
    """The item's policy: terms are whole URIs, so that no context need be fetched to read them."""
    uid = f"{page_url(item, base_url)}#rights-{item.edition.version}"
    policy: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": f"{_ODRL}Set",
        "uid": uid,
        "profile": PROFILE,
    }
    rule: dict[str, Any] = {
        "target": item.guid,
        "assigner": issuer_url(base_url, item.edition.issuer_slug),
        "action": f"{_ODRL}distribute",
    }
    if not item.text:
        return policy | {"prohibition": [rule]}
    if item.embargoed is not None:
        rule["constraint"] = [
            {
                "leftOperand": f"{_ODRL}dateTime",
                "operator": f"{_ODRL}gteq",
                "rightOperand": {"@type": _DATE_TIME, "@value": moment(item.embargoed)},
            }
        ]
    if duties := _duties(item):
        rule["duty"] = duties
    policy["permission"] = [rule]
    if item.release.data_mining is not None:
        policy[MINING] = {"@id": PLUS + MINING_CODES[item.release.data_mining]}
    return policy


def mining_of(code: str) -> DataMining | None:
    """What a code of PLUS says, as a qcode, a URI or by itself; None where it is not ours."""
    name = code.removeprefix(PLUS).removeprefix("plus:")
    return next((said for said, known in MINING_CODES.items() if known == name), None)


def licence_url(licence: str) -> str:
    """The licence's address, where it is nothing but one; else ""."""
    return uri_of(licence) if len(line(licence).split()) == 1 else ""


def _duties(item: NewsItem) -> list[dict[str, Any]]:
    duties = []
    if item.release.third_party:
        party = uri_of(item.release.provider_url)
        named = {"attributedParty": party} if party else {}
        duties.append({"action": f"{_ODRL}attribute", **named})
    if legal(item.release.licence):
        duties.append({"action": f"{_ODRL}reviewPolicy"})
    return duties
