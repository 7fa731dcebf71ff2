"""ninjs on the way in: 3.1, and the small-letter keys of the 1.x line."""

import json
from dataclasses import replace
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tidewire.formats.news_item import BY_SECTOR, COUNTRY, ISIN, LEI, MIC
from tidewire.formats.ninjs import TRANSLATORS
from tidewire.formats.rights import MINING, mining_of
from tidewire.intake.draft import Draft
from tidewire.intake.news_facts import (
    elsewhere,
    filled,
    made_by,
    must_be_few,
    must_be_usable,
    must_be_version,
    must_not_name_itself,
    one_release,
    priority,
    sorted_subjects,
    still_embargoed,
    ticker,
)
from tidewire.intake.ninjs_1 import from_1, is_old
from tidewire.intake.plain import text_html
from tidewire.intake.submission import problems_of
from tidewire.model.errors import BadInput, Unreadable
from tidewire.model.release import DataMining

_TRANSLATIONS = ("translationOf", "correctionOf", "updateOf")


class _Part(BaseModel):
    """The keys that are read; all others are left alone, as the standard wants of readers."""

    model_config = ConfigDict(extra="ignore", frozen=True, strict=True)


class _Value(_Part):
    role: str = ""
    contentType: str = ""  # noqa: N815 - IPTC's spelling, here and below
    value: str


class _Named(_Part):
    name: str = ""
    rel: str = ""
    role: str = ""
    uri: str = ""
    literal: str = ""


class _Rights(_Part):
    encodedRights: str = ""  # noqa: N815


class _Way(_Part):
    type: str = ""
    role: str = ""
    value: str = ""


class _Person(_Named):
    contactInfo: list[_Way] = []  # noqa: N815


class _Symbol(_Part):
    symbol: str = ""
    exchange: str = ""
    symbolType: str = ""  # noqa: N815


class _Company(_Named):
    symbols: list[_Symbol] = []


class _File(_Part):
    href: str = ""


class _Link(_Part):
    rel: str = ""
    uri: str = ""
    version: str = ""
    type: str = ""
    by: str = ""
    copyrightHolder: str = ""  # noqa: N815
    descriptions: list[_Value] = []
    renditions: list[_File] = []


class _Item(_Part):
    uri: Annotated[str, Field(min_length=1)]
    type: str = "text"
    version: str = "1"
    versionCreated: str = ""  # noqa: N815
    contentCreated: str = ""  # noqa: N815
    embargoedUntil: str = ""  # noqa: N815
    pubStatus: str = ""  # noqa: N815
    urgency: Annotated[int, Field(ge=1, le=9)] | None = None
    language: str = "en"
    headlines: list[_Value] = []
    bodies: list[_Value] = []
    slugline: str = ""
    located: str = ""
    usageTerms: str = ""  # noqa: N815
    subjects: list[_Named] = []
    places: list[_Named] = []
    organisations: list[_Company] = []
    people: list[_Person] = []
    infoSources: list[_Named] = []  # noqa: N815
    rightsInfo: _Rights = _Rights()  # noqa: N815
    associations: list[_Link] = []


def is_ninjs(document: object) -> bool:
    """True for what can only be ninjs, or items of it: our own documents have no `uri`."""
    if not isinstance(document, dict):
        return False
    items = document.get("items")
    return "uri" in document or (isinstance(items, list) and any(map(is_ninjs, items)))


def read_ninjs(document: object) -> list[Draft]:
    """One item, or {"items": [...]}: the renditions of one release.

    Raises Unreadable for what is no ninjs, BadInput with pointers for what cannot be taken.
    """
    found = document.get("items", document) if isinstance(document, dict) else document
    items = found if isinstance(found, list) else [found]
    must_be_few(items)
    return list(one_release([_read(item) for item in items]))


def _read(document: object) -> Draft:
    if not isinstance(document, dict) or "uri" not in document:
        raise Unreadable("This is not ninjs: it has no uri.", "Give one ninjs item.")
    try:
        item = _Item.model_validate(from_1(document) if is_old(document) else document)
    except ValidationError as error:
        raise BadInput(
            "This ninjs item cannot be read.",
            "Mend the keys that are named (named as ninjs 3.1 does).",
            problems_of(error.errors(include_url=False, include_context=False)),
        ) from None
    must_be_usable(item.pubStatus, "/pubStatus")
    digits = item.version.isascii() and item.version.isdigit()
    version = must_be_version(int(item.version[:19]) if digits else 1, "/version")
    for at, link in enumerate(item.associations):
        if link.rel in _TRANSLATIONS:
            known = link.version.isascii() and link.version.isdigit()
            before = int(link.version[:18]) if known else None
            must_not_name_itself(item.uri, version, (link.uri, before, f"/associations/{at}"))
    numbered = (item.uri, version) if "version" in document and digits else None
    return replace(_draft(item), item=numbered)


def _draft(item: _Item) -> Draft:
    heads = {h.role: h.value for h in reversed(item.headlines)}
    bodies = {b.role: b for b in reversed(item.bodies)}
    main = bodies.get("main") or next(iter(item.bodies), None)
    html = "" if main is None else main.value
    if main is not None and main.contentType == "text/plain":
        html = text_html(main.value)
    boilerplate = bodies.get("boilerplate")
    rendition = {
        "language": item.language,
        "headline": heads.get("main")
        or next((h.value for h in item.headlines if h.role != "subheadline"), ""),
        "subheadline": heads.get("subheadline", ""),
        "dateline": _dateline(item),
        "boilerplate_html": boilerplate.value if boilerplate else "",
        "made_by": made_by({s.role: s.name for s in item.infoSources}, TRANSLATORS),
    }
    shared = _shared(item) | {"pictures": [p for p in map(_picture, item.associations) if p]}
    return Draft(html, filled(rendition), filled(shared))


def _picture(link: _Link) -> dict[str, Any]:
    """A picture that the item names; {} for what is none."""
    if link.type not in ("picture", "graphic"):
        return {}
    said = {one.role: one.value for one in reversed(link.descriptions)}
    files = [file.href for file in link.renditions if file.href]
    return elsewhere(
        files[0] if files else link.uri,
        caption=said.get("caption") or next((v for r, v in said.items() if r != "alt"), ""),
        alt=said.get("alt", ""),
        credit=link.by or link.copyrightHolder,
    )


def _shared(item: _Item) -> dict[str, Any]:
    named = [s.uri for s in item.subjects if s.rel != BY_SECTOR]
    third = next((s for s in item.infoSources if s.role == "thirdParty"), None)
    about = [p.uri.removeprefix(COUNTRY) for p in item.places if p.rel == "concerns"]
    return {
        "slug": item.slugline,
        "priority": priority(item.urgency),
        **sorted_subjects(named),
        "countries": about,
        "organisations": [_organisation(o) for o in item.organisations if o.name],
        "contacts": [_contact(p) for p in item.people if p.rel in ("contact", "mediaContact")],
        "source": next((s.name for s in item.infoSources if s.role == "source"), ""),
        "licence": item.usageTerms,
        "data_mining": _mining(item.rightsInfo.encodedRights),
        **still_embargoed(item.embargoedUntil, item.versionCreated),
        **(
            {
                "third_party": True,
                "provider": third.name,
                "provider_url": third.literal or third.uri,
            }
            if third
            else {}
        ),
    }


def _mining(rights: str) -> DataMining | None:
    """What the policy says of data mining; of others' policies whatever of it we know."""
    try:
        policy = json.loads(rights or "{}")
    except (ValueError, RecursionError):
        return None
    said = policy.get(MINING) if isinstance(policy, dict) else None
    code = said.get("@id") if isinstance(said, dict) else said
    return mining_of(code) if isinstance(code, str) else None


def _dateline(item: _Item) -> dict[str, Any] | None:
    if not item.located:
        return None
    country = next((p.uri for p in item.places if p.rel == "datelineCountry"), "")
    at = {"place": item.located, "country": country.removeprefix(COUNTRY)}
    return filled({**at, "date": item.contentCreated[:10]})


def _organisation(company: _Company) -> dict[str, Any]:
    by_type = {s.symbolType: s for s in company.symbols}
    none = _Symbol()
    traded = by_type.get(MIC, none)
    identifiers = {
        "lei": by_type.get(LEI, none).symbol,
        "isin": by_type.get(ISIN, none).symbol,
        "ticker": ticker(traded.exchange, traded.symbol),
    }
    return {"name": company.name, **filled(identifiers)}


def _contact(person: _Person) -> dict[str, Any]:
    ways = {way.type: way.value for way in person.contactInfo}
    role = next((way.role for way in person.contactInfo), "")
    reached = filled({"mail": ways.get("email", ""), "phone": ways.get("phone", "")})
    return {"role": role, "name": person.name, "public": person.rel == "contact", **reached}
