"""ninjs 1.6, for newsrooms whose systems read the keys of the 1.x line."""

from typing import Any

import msgspec

from tidewire.formats.article import Audience
from tidewire.formats.body import legal, line
from tidewire.formats.news_item import MIC, NewsItem, news_item
from tidewire.formats.ninjs import PICTURE, ninjs_document
from tidewire.model.release import Edition

GENRES = "http://cv.iptc.org/newscodes/genre/"
SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_1.6.json"
MEDIA_TYPE = 'application/json; profile="https://iptc.org/std/ninjs/1.6"'

# The role of a body in ninjs 3.1, and its key in 1.6.
BODIES = {
    "main": "body_html",
    "boilerplate": "body_boilerplate_html",
    "dateline": "body_dateline_text",
    "disclaimer": "body_disclaimer_text",
    "article": "body_text",
}
# Keys of ninjs 3.1 that 1.6 has under another name, with the same value.
KEYS = {
    "uri": "uri",
    "type": "type",
    "version": "version",
    "firstCreated": "firstcreated",
    "versionCreated": "versioncreated",
    "contentCreated": "contentcreated",
    "embargoedUntil": "embargoed",
    "pubStatus": "pubstatus",
    "urgency": "urgency",
    "language": "language",
    "title": "title",
    "slugline": "slugline",
    "located": "located",
    "by": "byline",
    "edNote": "ednote",
    "copyrightHolder": "copyrightholder",
    "copyrightNotice": "copyrightnotice",
    "usageTerms": "usageterms",
}


def ninjs_1_6(
    edition: Edition, language: str, base_url: str, *, audience: Audience = "public"
) -> bytes:
    """One edition in one language as a ninjs 1.6 document in UTF-8: what ninjs 3.1 says, in keys
    of small letters, codes and schemes instead of URIs. Raises ValueError where it is not public.
    """
    item = news_item(edition, language, base_url, audience=audience)
    return msgspec.json.encode(_document(item, ninjs_document(item, base_url)))


def _document(item: NewsItem, new: dict[str, Any]) -> dict[str, Any]:
    document = {old: new[key] for key, old in KEYS.items() if key in new}
    document["$standard"] = {"name": "ninjs", "version": "1.6", "schema": SCHEMA}
    document["representationtype"] = "complete" if item.text else "incomplete"
    document["mimetype"] = "text/html"
    document["headline"] = item.shown.headline
    document["altids"] = {alt["role"]: alt["value"] for alt in new["altIds"]}
    document["genre"] = [{"name": "Press release", "scheme": GENRES, "code": "Press_Release"}]
    document["associations"] = {
        one["name"].replace("-", "_"): _associated(one) for one in new.get("associations", [])
    }
    document["renditions"] = _renditions(new["renditions"])
    document["infosource"] = [_source(one) for one in new["infoSources"]]
    if item.text:
        document |= _text(item, new)
    return {k: v for k, v in document.items() if v not in ("", [], {})}


def _associated(one: dict[str, Any]) -> dict[str, Any]:
    """What is associated: a text by its address, a picture with all that is said of it."""
    found = {k: one[k] for k in ("uri", "version", "language") if k in one}
    if one["rel"] != PICTURE:
        return found | {"type": "text"}
    said = {f"description_{d['role']}": d["value"] for d in one.get("descriptions", [])}
    byline = {"byline": one["by"]} if "by" in one else {}
    files = {"renditions": _renditions(one["renditions"])}
    return found | {"type": "picture", **byline, **said, **files}


def _renditions(files: list[dict[str, Any]]) -> dict[str, Any]:
    """Files by their names."""
    return {
        one["name"]: {
            "href": one["href"],
            "mimetype": one["contentType"],
            **{k: one[k] for k in ("width", "height") if k in one},
        }
        for one in files
    }


def _text(item: NewsItem, new: dict[str, Any]) -> dict[str, Any]:
    bodies = {BODIES[body["role"]]: body["value"] for body in new["bodies"]}
    return {
        **bodies,
        "charcount": len(bodies.get("body_text", "")),
        "description_text": item.shown.subheadline,
        "headline_subheadline": item.shown.subheadline,
        "subject": [_coded(one) for one in new.get("subjects", [])],
        "place": [_coded(one) for one in new.get("places", [])],
        "organisation": [_organisation(one) for one in new.get("organisations", [])],
        "person": [_person(one) for one in new.get("people", [])],
        "usageterms": legal(item.release.licence),
    }


def _coded(one: dict[str, Any]) -> dict[str, Any]:
    """A subject or place: its URI is cut into `scheme` and `code`."""
    coded = {"name": one["name"], "rel": one["rel"]}
    if "uri" in one:
        scheme, slash, code = one["uri"].rpartition("/")
        coded |= {"scheme": scheme + slash, "code": code}
    return coded


def _organisation(one: dict[str, Any]) -> dict[str, Any]:
    symbols = [_symbol(**symbol) for symbol in one.get("symbols", [])]
    return {"name": one["name"], "rel": one["rel"], **({"symbols": symbols} if symbols else {})}


def _symbol(symbol: str, symbolType: str, exchange: str = "") -> dict[str, Any]:  # noqa: N803
    """A ticker with its market, or else a symbol with its type."""
    if symbolType == MIC:
        return {"ticker": symbol, **({"exchange": exchange} if exchange else {})}
    return {"symbol": symbol, "symboltype": symbolType}


def _person(one: dict[str, Any]) -> dict[str, Any]:
    return {"name": one["name"], "rel": one["rel"], "contactinfo": one["contactInfo"]}


def _source(one: dict[str, Any]) -> dict[str, Any]:
    source = {"name": line(one.get("name", "")), "rel": one["role"]}
    code = one.get("literal", "")
    return source | ({"code": code} if code else {})
