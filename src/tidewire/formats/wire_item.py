"""The wire's own JSON item: a webhook's body, a stream's frame, an entry of the archive."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import msgspec

from tidewire.formats.addresses import release_url
from tidewire.formats.article import Article, Audience, article, rendition_for
from tidewire.formats.body import line
from tidewire.formats.html import article_html
from tidewire.formats.text import article_text
from tidewire.model.release import Edition, Organisation, Priority

# The urgency that IPTC and the agencies give to a priority, 1 the highest.
URGENCY: Mapping[Priority, int] = MappingProxyType(
    {Priority.FLASH: 1, Priority.URGENT: 3, Priority.ROUTINE: 5}
)


def wire_item(
    edition: Edition, language: str, base_url: str, *, audience: Audience = "public"
) -> dict[str, Any]:
    """One edition in one language as plain JSON values.

    `sequence` and `published_at` are null while it is staged. A kill or withdrawal has no
    text: no `subheadline`, `dateline`, `pictures`, `body_html`, `text` or `contacts`.
    """
    shown = article(edition, language, base_url, audience=audience)
    release = edition.release
    item: dict[str, Any] = {
        "sequence": edition.sequence,
        "id": edition.ref,
        "version": edition.version,
        "act": str(edition.act),
        "language": shown.language,
        "languages": list(release.languages()),
        "headline": shown.headline,
        "mark": shown.mark,
        "notice": shown.notice,
        "note": line(edition.note),
        "published_at": moment(edition.published_at),
        "first_published_at": moment(edition.first_published_at),
        "urgency": URGENCY[release.priority],
        "issuer": {
            "name": shown.issuer,
            "slug": edition.issuer_slug,
            "website": line(edition.issuer_website),
        },
        "sectors": list(release.sectors),
        "subjects": list(release.subjects),
        "countries": list(release.countries),
        "organisations": [_organisation(o) for o in release.organisations],
        "third_party": release.third_party,
        "provider": {"name": line(release.provider), "url": line(release.provider_url)},
        "url": shown.url,
        "links": {tag: release_url(base_url, edition.ref, tag) for tag in release.languages()},
    }
    return item if edition.retracted else item | _text(edition, shown)


def wire_json(
    edition: Edition, language: str, base_url: str, *, audience: Audience = "public"
) -> bytes:
    """The item as UTF-8 JSON on one line: the same edition gives the same bytes."""
    return msgspec.json.encode(wire_item(edition, language, base_url, audience=audience))


def moment(at: datetime | None) -> str | None:
    """A moment as RFC 3339 in UTC with milliseconds: "2026-03-03T12:00:00.000Z"."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _text(edition: Edition, shown: Article) -> dict[str, Any]:
    text = rendition_for(edition.release, shown.language)
    at = text.dateline
    return {
        "made_by": text.made_by
        and {"hand": str(text.made_by.hand), "name": line(text.made_by.name)},
        "checked": bool(text.approved_by),
        "prevails": edition.release.prevails or None,
        "to_follow": list(edition.release.still_to_follow()),
        "subheadline": shown.subheadline,
        "dateline": None
        if at is None
        else {
            "place": line(at.place),
            "country": at.country,
            "date": at.date.isoformat() if at.date else None,
        },
        "source": line(edition.release.source),
        "licence": line(edition.release.licence),
        "data_mining": edition.release.data_mining,
        "contacts": [
            {"role": c.label, "name": c.name, "mail": c.mail, "phone": c.phone}
            for c in shown.contacts
        ],
        "pictures": [
            {
                "url": one.url,
                "type": one.media_type,
                "size": one.size,
                "width": one.width,
                "height": one.height,
                "alt": one.alt,
                "caption": one.caption,
                "credit": one.credit,
            }
            for one in shown.pictures
        ],
        "body_html": article_html(shown),
        "text": article_text(shown),
    }


def _organisation(organisation: Organisation) -> dict[str, str]:
    return {
        "name": line(organisation.name),
        "lei": organisation.lei,
        "isin": organisation.isin,
        "ticker": organisation.ticker,
    }
