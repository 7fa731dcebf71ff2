"""What all public pages share: links, feeds, moments, and the frame around them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from unicodedata import east_asian_width

from tidewire.formats.feed_names import FeedAddress, FeedName
from tidewire.languages import direction, furniture, language_name

LONG = 110  # columns of a headline that is set smaller; a Chinese character takes two

FEED_FORMS = (
    ("atom", "Atom", "application/atom+xml"),
    ("rss", "RSS", "application/rss+xml"),
    ("json", "JSON Feed", "application/feed+json"),
)


@dataclass(frozen=True, slots=True)
class Link:
    """A name that leads somewhere, in some language; "" and "auto" where none is known."""

    name: str
    href: str
    language: str
    direction: str


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """One language version of a page, named in its own language."""

    tag: str
    name: str
    direction: str
    href: str


@dataclass(frozen=True, slots=True)
class FeedLink:
    """One document of a feed."""

    name: str
    type: str
    title: str
    url: str


def frame(language: str) -> dict[str, Any]:
    """What the site's template asks for."""
    return {
        "language": language,
        "direction": direction(language),
        "words": furniture(language),
    }


def language_link(tag: str, href: str) -> LanguageLink:
    """The link to a page in this language."""
    return LanguageLink(tag, language_name(tag, tag), direction(tag), href)


def feeds(name: FeedName, base_url: str) -> list[FeedLink]:
    """A feed in each of its forms."""
    return [
        FeedLink(said, kind, f"Tidewire {name} ({said})", FeedAddress(name, form).url(base_url))
        for form, said, kind in FEED_FORMS
    ]


def is_long(headline: str) -> bool:
    """Whether a headline would fill a phone's screen in large type."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in headline) > LONG


def instant(at: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
