"""A rendition: one language version of a release."""

import datetime
from dataclasses import dataclass
from enum import StrEnum

from tidewire.model.picture import Caption


@dataclass(frozen=True, slots=True)
class Dateline:
    """Where and when the story is written from: "BERLIN, Germany, 3 March 2026"."""

    place: str
    country: str | None = None  # ISO 3166-1 alpha-2
    date: datetime.date | None = None


class Hand(StrEnum):
    """What kind of hand wrote a rendition."""

    PERSON = "person"
    MACHINE = "machine"


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made a rendition: a person, or a machine by the name of its service."""

    hand: Hand
    name: str


@dataclass(frozen=True, slots=True)
class Rendition:
    """The text of a release in one language.

    `language` is a BCP 47 tag. `body` and `boilerplate` are HTML that has been through
    the allow-list (p, h2, h3, ul, ol, li, blockquote, table parts, a, strong, em, br ...).
    `made_by` is None where nobody was named. `approved_by` is the editor who let it go.
    `captions` are of the release's pictures; one without is shown without words.
    """

    language: str
    headline: str
    body: str
    subheadline: str = ""
    dateline: Dateline | None = None
    boilerplate: str = ""
    made_by: Maker | None = None
    approved_by: str = ""
    approved_at: datetime.datetime | None = None
    captions: tuple[Caption, ...] = ()

    @property
    def by_machine(self) -> bool:
        """True where a machine wrote it."""
        return self.made_by is not None and self.made_by.hand is Hand.MACHINE

    def caption(self, picture: str) -> Caption:
        """What it says of a picture (its ref); an empty one where it says nothing."""
        found = (one for one in self.captions if one.picture == picture)
        return next(found, Caption(picture))
