"""A rendition: one language version of a release."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dateline:
    """Where and when the story is written from: "BERLIN, Germany, 3 March 2026"."""

    place: str
    country: str | None = None  # ISO 3166-1 alpha-2
    date: datetime.date | None = None


@dataclass(frozen=True, slots=True)
class Rendition:
    """The text of a release in one language.

    `language` is a BCP 47 tag. `body` and `boilerplate` are HTML that has been through
    the allow-list (p, h2, h3, ul, ol, li, blockquote, table parts, a, strong, em, br ...).
    """

    language: str
    headline: str
    body: str
    subheadline: str = ""
    dateline: Dateline | None = None
    boilerplate: str = ""
