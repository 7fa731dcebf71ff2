"""A fact: something that a text says and another can be held against."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What a fact is about."""

    NUMBER = "number"
    YEAR = "year"
    AMOUNT = "amount"
    PERCENT = "percentage"
    DATE = "date"
    WEEKDAY = "weekday"
    QUARTER = "quarter"
    TIME = "time"
    TICKER = "ticker"
    ISIN = "ISIN"
    PHONE = "phone number"
    LINK = "link"
    MAIL = "mail address"
    NAME = "name"
    QUOTES = "number of quotes"
    PARAGRAPHS = "number of paragraphs"
    ITEMS = "number of list items"
    ROWS = "number of table rows"


FIGURES = frozenset({Kind.NUMBER, Kind.YEAR, Kind.AMOUNT, Kind.PERCENT})
COUNTS = frozenset({Kind.QUOTES, Kind.PARAGRAPHS, Kind.ITEMS, Kind.ROWS})


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact stands: a field of the rendition, a block of it (from 0), a character (from 0).

    `field` is as in a submission: headline, subheadline, dateline, body_html, boilerplate_html.
    """

    field: str
    block: int = 0
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True)
class Fact:
    """One fact. `value` is the same text for the same thing in every language.

    Figures are plain decimals ("1234000000"), dates ISO 8601 with "?" for what is not said
    ("????-03-02"), times "22:30", weekdays "0" for Monday. `words` are the words as they stand.
    `also` holds other ways to read them; `unit` the currencies that may be meant (ISO 4217) or
    the zone of a time. What is `spelt` (as "nine") only ever excuses what is missing.
    """

    kind: Kind
    value: str
    place: Place
    words: str
    also: tuple[str, ...] = ()
    unit: frozenset[str] = frozenset()
    spelt: bool = False

    @property
    def readings(self) -> tuple[str, ...]:
        """The value, and whatever else it may be."""
        return (self.value, *self.also)
