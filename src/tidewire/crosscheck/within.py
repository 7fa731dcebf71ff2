"""What an editor looks for in one rendition: facts that do not go together."""

import datetime
import re
from collections import defaultdict
from collections.abc import Iterator

from tidewire.crosscheck.agree import agree
from tidewire.crosscheck.compare import Finding, name, said
from tidewire.crosscheck.fact import FIGURES, Fact, Kind
from tidewire.crosscheck.facts import Facts
from tidewire.crosscheck.match import Weight
from tidewire.crosscheck.names import beside, inserted
from tidewire.crosscheck.times import SUMMER, WINTER
from tidewire.crosscheck.weigh import SMALL
from tidewire.languages.tags import cldr

_NEAR = 24  # characters between a weekday and its date
_SHAPES = {  # what a symbol looks like on an exchange
    "NYSE": r"[A-Z]{1,5}(?:[.-][A-Z]{1,3})?", "XNYS": r"[A-Z]{1,5}(?:[.-][A-Z]{1,3})?",
    "NASDAQ": r"[A-Z]{1,5}", "XNAS": r"[A-Z]{1,5}",
    "HKEX": r"\d{4,5}", "SEHK": r"\d{4,5}", "XHKG": r"\d{4,5}",
    "TSE": r"\d{3}[0-9A-Z]", "XTKS": r"\d{3}[0-9A-Z]", "TYO": r"\d{3}[0-9A-Z]",
    "KRX": r"\d{5}[0-9A-Z]", "XKRX": r"\d{5}[0-9A-Z]", "KOSPI": r"\d{5}[0-9A-Z]",
    "KOSDAQ": r"\d{5}[0-9A-Z]", "SSE": r"\d{6}", "XSHG": r"\d{6}", "SZSE": r"\d{6}",
    "XSHE": r"\d{6}", "TWSE": r"\d{4,6}[A-Z]?", "XTAI": r"\d{4,6}[A-Z]?",
    "LSE": r"[A-Z0-9]{2,4}\.?", "XLON": r"[A-Z0-9]{2,4}\.?",
    "XETRA": r"[A-Z0-9]{3,4}", "XETR": r"[A-Z0-9]{3,4}", "XSES": r"[A-Z0-9]{3,4}",
}  # fmt: skip


def within(at: int, facts: Facts, near: datetime.date) -> Iterator[Finding]:
    """What does not fit in rendition `at`; a date without a year is the one nearest to `near`."""
    yield from _weekdays(at, facts, near)
    yield from _zones(at, facts, near)
    yield from _stale(at, facts, near)
    yield from _tickers(at, facts)
    yield from _names(at, facts)
    yield from _headline(at, facts)


def _weekdays(at: int, facts: Facts, near: datetime.date) -> Iterator[Finding]:
    """A weekday that is not that of the date beside it."""
    dates = defaultdict(list)
    for fact in facts.facts:
        if fact.kind is Kind.DATE and len(fact.value) == 10 and "?" not in fact.value[5:]:
            dates[fact.place.field, fact.place.block].append(fact)
    for fact in facts.facts:
        if fact.kind is not Kind.WEEKDAY:
            continue
        there = dates[fact.place.field, fact.place.block]
        closest = min(there, key=lambda date: _gap(fact, date), default=None)
        if closest is None or _gap(fact, closest) > _NEAR:
            continue
        day = _day(closest.value, near)
        if day is not None and day.weekday() != int(fact.value):
            named = cldr(facts.language).days["stand-alone"]["wide"]
            yield Finding(
                Weight.WARNING,
                "weekday-mismatch",
                Kind.WEEKDAY,
                at,
                fact.place,
                f'"{said(fact)}", "{said(closest)}": {day.isoformat()} is'
                f" {named[day.weekday()]}, not {named[int(fact.value)]}.",
            )


def _gap(one: Fact, other: Fact) -> int:
    return max(other.place.start - one.place.end, one.place.start - other.place.end, 0)


def _day(value: str, near: datetime.date) -> datetime.date | None:
    """A date of ISO 8601; without a year the one nearest to `near`."""
    year, month, day = value.split("-")
    years = [int(year)] if year.isdigit() else [near.year - 1, near.year, near.year + 1]
    found = []
    for one in years:
        try:
            found.append(datetime.date(one, int(month), int(day)))
        except ValueError:
            continue
    return min(found, key=lambda date: abs(date - near), default=None)


def _zones(at: int, facts: Facts, near: datetime.date) -> Iterator[Finding]:
    """Standard time in summer, or daylight time in winter: EST in July, CEST in January.

    Only where the date stands in the same block, and only in months that leave no doubt.
    """
    months: dict[tuple[str, int], set[int]] = defaultdict(set)
    for fact in facts.facts:
        if fact.kind is Kind.DATE and fact.value[5:7].isdigit():
            months[fact.place.field, fact.place.block].add(int(fact.value[5:7]))
    for fact in facts.facts:
        zone = next(iter(fact.unit), "") if fact.kind is Kind.TIME else ""
        there = months[fact.place.field, fact.place.block] or {near.month}
        # EST and its kin only: in the south winter is in July.
        if zone == "AEST" or zone == "AEDT" or not zone:
            continue
        summer, winter = there <= {4, 5, 6, 7, 8, 9}, there <= {12, 1, 2}
        wrong = (summer and zone in WINTER) or (winter and zone in SUMMER)
        if wrong and zone not in ("GMT", "UTC", "WET"):
            kind = "standard" if zone in WINTER else "daylight saving"
            yield Finding(
                Weight.WARNING,
                "zone-of-another-season",
                Kind.TIME,
                at,
                fact.place,
                f'"{said(fact)}": {zone} is {kind} time, which is not kept on that day.',
            )


def _stale(at: int, facts: Facts, near: datetime.date) -> Iterator[Finding]:
    """What a template of last quarter leaves behind: a quarter that the headline does not have."""
    top = {f.value for f in facts.facts if f.kind is Kind.QUARTER and f.place.field == "headline"}
    below = [f for f in facts.facts if f.kind is Kind.QUARTER and f.place.field == "body_html"]
    if len(top) == 1 and below and not any(fact.value in top for fact in below):
        yield Finding(
            Weight.WARNING,
            "quarter-of-another-text",
            Kind.QUARTER,
            at,
            below[0].place,
            f'"{said(below[0])}": the headline is about quarter {next(iter(top))}.',
        )
    years = {
        int(f.value) for f in facts.facts if f.kind is Kind.YEAR and f.place.field == "headline"
    }
    years = {year for year in years if year < near.year}
    text = {f.value[:4] for f in facts.facts if f.kind in (Kind.YEAR, Kind.DATE)}
    if years and str(near.year) in text and not any(
        f.value == str(year) for year in years for f in facts.facts
        if f.kind is Kind.YEAR and f.place.field == "body_html"
    ):  # fmt: skip
        fact = next(
            f for f in facts.facts
            if f.kind is Kind.YEAR and f.place.field == "headline" and int(f.value) in years
        )  # fmt: skip
        yield Finding(
            Weight.WARNING,
            "year-of-another-text",
            Kind.YEAR,
            at,
            fact.place,
            f'"{said(fact)}" in the headline: the text speaks of {near.year}.',
        )


def _tickers(at: int, facts: Facts) -> Iterator[Finding]:
    """A symbol that its exchange does not have the like of; one exchange with two symbols."""
    symbols: dict[str, Fact] = {}
    for fact in facts.facts:
        if fact.kind is not Kind.TICKER:
            continue
        exchange, _, symbol = fact.value.partition(":")
        shape = _SHAPES.get(exchange)
        if shape and not re.fullmatch(shape, symbol):
            yield Finding(
                Weight.WARNING,
                "ticker-of-another-exchange",
                Kind.TICKER,
                at,
                fact.place,
                f'"{said(fact)}": a symbol on {exchange} does not look like {symbol}.',
            )
        before = symbols.setdefault(symbol, fact)
        other = before.value.partition(":")[0]
        if other != exchange and _rival(other, exchange):
            yield Finding(
                Weight.WARNING,
                "ticker-of-another-exchange",
                Kind.TICKER,
                at,
                fact.place,
                f'"{said(fact)}", but before that "{said(before)}".',
            )


def _rival(one: str, other: str) -> bool:
    """Two exchanges of one country that no company has the same listing on."""
    return {one, other} in ({"NYSE", "NASDAQ"}, {"XNYS", "XNAS"}, {"KOSPI", "KOSDAQ"},
                            {"SSE", "SZSE"}, {"XSHG", "XSHE"})  # fmt: skip


def _names(at: int, facts: Facts) -> Iterator[Finding]:
    """A name spelt two ways, beside the same other name."""
    spelt: dict[str, dict[str, Fact]] = defaultdict(dict)
    told: set[str] = set()
    for neighbour, fact in beside(facts.text):
        for other in list(spelt[neighbour].values())[:20]:
            pair = "|".join(sorted((fact.words.casefold(), other.words.casefold())))
            if pair not in told and inserted(fact.words, other.words):
                told.add(pair)
                yield Finding(
                    Weight.WARNING,
                    "name-spelt-two-ways",
                    Kind.NAME,
                    at,
                    fact.place,
                    f'"{fact.words}" is "{other.words}" elsewhere.',
                )
        spelt[neighbour].setdefault(fact.words, fact)


def _headline(at: int, facts: Facts) -> Iterator[Finding]:
    """A figure in the headline that the text below it does not have."""
    below = [f for f in facts.facts if f.kind in FIGURES and f.place.field == "body_html"]
    dates = {
        f.value[:4] for f in facts.facts if f.kind is Kind.DATE and f.place.field == "body_html"
    }
    for fact in facts.said():
        if fact.place.field != "headline" or fact.kind not in FIGURES:
            continue
        small = fact.value.isdigit() and int(fact.value) < SMALL
        if small or fact.value in dates or not below:
            continue
        if not any(agree(fact, other) or fact.value == other.value for other in below):
            yield Finding(
                Weight.WARNING,
                "headline-figure-missing",
                fact.kind,
                at,
                fact.place,
                f'"{said(fact)}" is in the headline of the {name(facts.language)} text'
                " and not in its body.",
            )
