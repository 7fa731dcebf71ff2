"""ninjs 3.1, IPTC's news in JSON (JSON Schema draft 2020-12)."""

from typing import Any

import msgspec

from tidewire.formats.article import Audience
from tidewire.formats.body import legal, line
from tidewire.formats.news_item import (
    BY_SECTOR,
    COUNTRY,
    ISIN,
    LEI,
    MACHINE_MADE,
    MIC,
    SECTOR,
    SOURCE_TYPE,
    NewsItem,
    boilerplate_html,
    main_html,
    news_item,
    page_url,
    ticker_of,
    topics,
    uri_of,
)
from tidewire.formats.rights import PROFILE, rights_json
from tidewire.formats.text import article_text
from tidewire.formats.wire_item import moment
from tidewire.model.media_topics import uri
from tidewire.model.release import Contact, Edition, Organisation
from tidewire.model.rendition import Hand
from tidewire.model.sectors import SECTORS

SCHEMA = "http://www.iptc.org/std/ninjs/ninjs-schema_3.1.json"
PICTURE = "picture"  # the relation of a text to a picture that goes with it
GENRE = "http://cv.iptc.org/newscodes/genre/Press_Release"
TRANSLATORS = {Hand.MACHINE: "machineTranslator", Hand.PERSON: "translator"}  # roles of sources
MEDIA_TYPE = 'application/json; profile="https://iptc.org/std/ninjs/3.1"'


def ninjs(
    edition: Edition, language: str, base_url: str, *, audience: Audience = "public"
) -> bytes:
    """One edition in one language as a ninjs 3.1 document in UTF-8.

    `bodies` by role: "main" (HTML), "boilerplate" (HTML), "dateline", "disclaimer" and "article"
    (all of it with its furniture, plain text). A retracted edition has none, and says why in
    `edNote`. Raises ValueError where the edition is not public.
    """
    return msgspec.json.encode(
        ninjs_document(news_item(edition, language, base_url, audience=audience), base_url)
    )


def ninjs_document(item: NewsItem, base_url: str) -> dict[str, Any]:
    """The document as plain JSON values; keys without a value are left out."""
    edition, release, shown = item.edition, item.release, item.shown
    document = {
        "uri": item.guid,
        "standard": {"name": "ninjs", "version": "3.1", "schema": SCHEMA},
        "type": "text",
        "representationType": "full" if item.text else "partial",
        "version": str(edition.version),
        "firstCreated": moment(item.first_created),
        "versionCreated": moment(item.created),
        "embargoedUntil": moment(item.embargoed),
        "pubStatus": item.status,
        "urgency": item.urgency,
        "language": shown.language,
        "title": shown.marked_headline,
        "headlines": [{"role": "main", "contentType": "text/plain", "value": shown.headline}],
        "slugline": line(release.slug),
        "edNote": item.editor_note,
        "copyrightHolder": shown.issuer,
        "copyrightNotice": item.copyright_notice,
        "rightsInfo": {"langId": PROFILE, "encodedRights": rights_json(item, base_url)},
        "genres": [{"name": "Press release", "uri": GENRE}],
        "altIds": [
            {"role": "ref", "value": edition.ref},
            {"role": "sequence", "value": str(edition.sequence)},
        ],
        "infoSources": _sources(item),
        "renditions": [
            {"name": "web", "href": page_url(item, base_url), "contentType": "text/html"}
        ],
        "associations": [*_associations(item), *_pictures(item)],
    }
    return _filled(document | (_text(item, base_url) if item.text else {}))


def _text(item: NewsItem, base_url: str) -> dict[str, Any]:
    release, shown, at = item.release, item.shown, item.rendition.dateline
    headlines = [{"role": "main", "contentType": "text/plain", "value": shown.headline}]
    if shown.subheadline:
        headlines.append(
            {"role": "subheadline", "contentType": "text/plain", "value": shown.subheadline}
        )
    return {
        "headlines": headlines,
        "descriptions": [_part("summary", "text/plain", shown.subheadline)]
        if shown.subheadline
        else [],
        "contentCreated": f"{at.date.isoformat()}T00:00:00Z" if at and at.date else None,
        "located": line(at.place) if at else "",
        "by": shown.issuer,
        "digitalSourceType": {"uri": SOURCE_TYPE + MACHINE_MADE}
        if item.rendition.by_machine
        else None,
        "usageTerms": legal(release.licence),
        "bodies": [
            _part(role, kind, value)
            for role, kind, value in (
                ("main", "text/html", main_html(item)),
                ("boilerplate", "text/html", boilerplate_html(item)),
                ("dateline", "text/plain", item.dateline),
                ("disclaimer", "text/plain", shown.disclaimer),
                ("article", "text/plain", article_text(shown)),
            )
            if value
        ],
        "subjects": _subjects(item),
        "places": _places(item),
        "organisations": [_organisation(o) for o in release.organisations],
        "people": [_contact(c, page_url(item, base_url)) for c in item.contacts],
    }


def _part(role: str, kind: str, value: str) -> dict[str, Any]:
    part: dict[str, Any] = {"role": role, "contentType": kind, "value": value}
    return part if role == "summary" else part | {"charCount": len(value)}


def _subjects(item: NewsItem) -> list[dict[str, Any]]:
    words = item.words
    named = [{"name": words.subject(c), "rel": "subject", "uri": uri(c)} for c in topics(item)]
    sectors = [
        {"name": words.sector(slug), "rel": "sector", "uri": SECTOR + slug, "literal": slug}
        for slug in item.release.sectors
        if slug in SECTORS
    ]
    mapped = [{"name": words.subject(c), "rel": BY_SECTOR, "uri": uri(c)} for c in item.mapped]
    return [*named, *sectors, *mapped]


def _places(item: NewsItem) -> list[dict[str, Any]]:
    words, at = item.words, item.rendition.dateline
    places = []
    if at is not None and line(at.place):
        places.append({"name": line(at.place), "rel": "dateline"})
        if at.country:
            named = {"name": words.country(at.country), "literal": at.country}
            places.append({**named, "rel": "datelineCountry", "uri": COUNTRY + at.country})
    for code in item.release.countries:
        named = {"name": words.country(code), "literal": code}
        places.append({**named, "rel": "concerns", "uri": COUNTRY + code})
    return places


def _organisation(organisation: Organisation) -> dict[str, Any]:
    market, symbol = ticker_of(organisation.ticker)
    symbols = [
        {"symbol": organisation.isin, "symbolType": ISIN},
        {"symbol": organisation.lei, "symbolType": LEI},
        {"symbol": symbol, "symbolType": MIC, "exchange": market},
    ]
    return _filled(
        {
            "name": line(organisation.name),
            "rel": "about",
            "symbols": [_filled(s) for s in symbols if s["symbol"]],
        }
    )


def _sources(item: NewsItem) -> list[dict[str, Any]]:
    release, edition = item.release, item.edition
    issuer = {"name": item.shown.issuer, "role": "issuer", "literal": edition.issuer_slug}
    sources = [_filled(issuer | {"uri": uri_of(edition.issuer_website)})]
    sources.append({"name": "Tidewire", "role": "distributor", "literal": item.host})
    if line(release.source):
        sources.append({"name": line(release.source), "role": "source"})
    maker = item.rendition.made_by if item.text else None
    if maker:
        sources.append({"name": line(maker.name), "role": TRANSLATORS[maker.hand]})
    if release.third_party:
        provider, url = line(release.provider), line(release.provider_url)
        third = {"name": provider, "role": "thirdParty", "uri": uri_of(url), "literal": url}
        sources.append(_filled(third))
    return sources


def _contact(contact: Contact, web: str) -> dict[str, Any]:
    """A contact; one that has neither mail nor phone is reached through the release's page."""
    ways = [("email", line(contact.mail)), ("phone", line(contact.phone))]
    reached = [way for way in ways if way[1]] or [("web", web)]
    return {
        "name": line(contact.name),
        "rel": "contact" if contact.public else "mediaContact",
        "contactInfo": [
            {"type": kind, "role": line(contact.role), "value": value} for kind, value in reached
        ],
    }


def _associations(item: NewsItem) -> list[dict[str, Any]]:
    found = [
        {"name": f"translation-{tag}", "rel": "translationOf", "uri": guid, "language": tag}
        for tag, guid in item.translations
    ]
    if item.edition.version > 1:
        rel = "correctionOf" if item.edition.act.value == "correct" else "updateOf"
        before = {"uri": item.guid, "version": str(item.edition.version - 1)}
        found.append({"name": "previous-version", "rel": rel, **before})
    return found


def _pictures(item: NewsItem) -> list[dict[str, Any]]:
    """Each picture as a news object of its own; its credit is its byline."""
    return [
        _filled(
            {
                "name": f"picture-{number}",
                "rel": PICTURE,
                "uri": guid,
                "type": "picture",
                "language": item.shown.language,
                "by": one.credit,
                "descriptions": [
                    {"role": role, "contentType": "text/plain", "value": value}
                    for role, value in (("caption", one.caption), ("alt", one.alt))
                    if value
                ],
                "renditions": [
                    {
                        "name": "original",
                        "href": one.url,
                        "contentType": one.media_type,
                        "width": one.width,
                        "height": one.height,
                        "sizeInBytes": one.size,
                    }
                ],
            }
        )
        for number, (guid, one) in enumerate(item.pictures, 1)
    ]


def _filled(values: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in values.items() if v not in (None, "", [], ())}
