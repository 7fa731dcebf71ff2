"""The public addresses of the wire, made in one place; `base` has no slash at its end."""

from datetime import date
from urllib.parse import quote

from tidewire.model.picture import Picture


def front_url(base: str) -> str:
    """The list of the latest releases."""
    return f"{base}/"


def release_url(base: str, ref: str, language: str | None = None) -> str:
    """The page of a release in one language; without one, the address that picks the best."""
    page = f"{base}/releases/{quote(ref, safe='')}"
    return page if language is None else f"{page}/{quote(language, safe='')}"


def report_url(base: str, ref: str) -> str:
    """The distribution report of a release."""
    return f"{release_url(base, ref)}/report"


def feed_url(base: str, language: str, sector: str | None, form: str) -> str:
    """A feed: `form` is atom, rss or json; without a sector, all releases in the language."""
    name = quote(language, safe="") if sector is None else f"{quote(language)}/{quote(sector)}"
    return f"{base}/feeds/{name}.{form}"


def hub_url(base: str) -> str:
    """The hub that tells subscribers what is new in our feeds (WebSub)."""
    return f"{base}/hub"


def unsubscribe_url(base: str, token: str) -> str:
    """Where one click ends a subscription (RFC 8058)."""
    return f"{base}/unsubscribe/{quote(token, safe='')}"


def preferences_url(base: str, token: str) -> str:
    """Where a subscriber changes what they get."""
    return f"{base}/preferences/{quote(token, safe='')}"


def card_url(base: str, ref: str, language: str, version: int) -> str:
    """The picture of a release in one language; the version only makes readers look again."""
    return f"{release_url(base, ref, language)}/card.png?v={version}"


def picture_url(base: str, ref: str, picture: Picture) -> str:
    """The file of a picture of a public release."""
    return f"{release_url(base, ref)}/pictures/{picture.ref}.{picture.ending}"


def news_url(base: str, language: str, by: str = "", value: str = "") -> str:
    """The list of releases in one language; `by` "sector" or "country", of those with a value."""
    page = f"{base}/news/{quote(language, safe='')}"
    return f"{page}/{by}/{quote(value, safe='')}" if by else page


def issuer_url(base: str, slug: str) -> str:
    """The list of what one issuer has published."""
    return f"{base}/issuers/{quote(slug, safe='')}"


def archive_url(base: str) -> str:
    """The newest day of the archive."""
    return f"{base}/archive"


def day_url(base: str, day: date) -> str:
    """The list of what was first published on one day (UTC)."""
    return f"{base}/archive/{day.isoformat()}"


def translate_url(base: str, token: str) -> str:
    """Where a translator works on one release in one language."""
    return f"{base}/translate/{quote(token, safe='')}"
