"""How sure a difference is: what may be another way to say the same, and what cannot be."""

import datetime
from decimal import Decimal
from difflib import SequenceMatcher

from tidewire.crosscheck.fact import FIGURES, Fact, Kind

SMALL = 13  # below it a language may write a number out, or leave it out
WORDED = 100  # below it a language may write a number out in a way that is not read
_SLIP = 0.75  # what share of an address a slip leaves as it was
_PLACES = {Decimal(10) ** power for power in (1, 2)}  # a zero or two too many
_SCALES = {Decimal(10) ** power for power in (3, 6, 9, 12)}


def certain(one: Fact, other: Fact) -> bool:
    """Whether two facts that stand for each other cannot both be right.

    A figure ten or a hundred times the other, two amounts of one currency, two percentages,
    two dates. A thousand or a million times is not certain: in "from 3 to 5 million" the scale
    may stand once for both. Two numbers may count different things (miles, kilometres), two
    dates a day apart may be one moment in two zones, and a currency may be misread.
    """
    if one.kind is not other.kind:
        return False
    if one.kind is Kind.DATE:
        apart = _days(one), _days(other)
        return None not in apart and abs((apart[0] or 0) - (apart[1] or 0)) > 1
    if one.kind not in FIGURES or one.also or other.also or forgivable(one) or forgivable(other):
        return False
    low, high = sorted((Decimal(one.value), Decimal(other.value)))
    if not low or high / low in _SCALES:
        return False
    if one.kind is Kind.NUMBER:
        return high / low in _PLACES
    same_unit = one.kind is Kind.PERCENT or bool(one.unit and one.unit == other.unit)
    return same_unit and low != high


def _days(fact: Fact) -> int | None:
    try:
        return datetime.date.fromisoformat(fact.value).toordinal()
    except ValueError:
        return None


def translated(one: Fact, other: Fact) -> bool:
    """Two pages of one site whose addresses have other words: /report and /bericht."""
    (host, _, path), (there, _, page) = one.value.partition("/"), other.value.partition("/")
    return host == there and SequenceMatcher(None, path[:200], page[:200]).ratio() < _SLIP


def looks_alike(one: Fact, other: Fact) -> bool:
    """The same digits in another size or order, or the same value in another currency."""
    if one.kind in (Kind.WEEKDAY, Kind.QUARTER):
        return True
    a, b = (
        sorted(c for c in fact.value.strip("0") if c.isdigit() and c != "0")
        for fact in (one, other)
    )
    return a == b and bool(a) and not (forgivable(one) and forgivable(other))


def forgivable(fact: Fact) -> bool:
    """Whether it may well be said in words, or left out, in another language."""
    if fact.kind is Kind.NUMBER:
        return fact.value.isdigit() and int(fact.value) < SMALL
    if fact.kind is Kind.DATE:
        return len(fact.value) < 10
    if fact.kind is Kind.TIME:
        return fact.value.endswith(":00")
    return fact.kind in (Kind.WEEKDAY, Kind.QUARTER)


def worded(fact: Fact) -> bool:
    """Whether it is missing in another text, perhaps, because it is said in words there."""
    number = fact.kind is Kind.NUMBER and fact.value.isdigit() and int(fact.value) < WORDED
    return number or forgivable(fact)


def read_otherwise(one: Fact, other: Fact) -> bool:
    """The same digits taken for two kinds of thing: "14" for a number here, an hour there."""
    return one.kind is not other.kind and bool(_said(one)) and _said(one) == _said(other)


def _said(fact: Fact) -> tuple[int, ...]:
    """What a fact says in digits, without the parts of an even hour or of a date not said."""
    if fact.kind is Kind.TIME:
        hour, minute = map(int, fact.value.split(":"))
        return (hour, minute) if minute else (hour,)
    if fact.kind is Kind.DATE:
        parts = [int(part) for part in fact.value.split("-") if part.isdigit()]
        return tuple(parts[-1:]) if len(fact.words) <= 3 else tuple(parts)  # "2" of "2 to 5 May"
    if fact.kind is Kind.NUMBER and fact.value.replace(".", "").isdigit():
        return tuple(map(int, fact.value.split(".")))
    return (int(fact.value),) if fact.kind in (Kind.YEAR, Kind.QUARTER) else ()
