"""Dates as people write them, in every language that the house knows (names from CLDR)."""

import datetime
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from babel import Locale

from tidewire.languages.tags import cldr


@dataclass(frozen=True, slots=True)
class Written:
    """A date in a text: where it stands, and what it says; `weekday` 0 is Monday."""

    start: int
    end: int
    weekday: int | None
    day: int
    month: int
    year: int | None

    @property
    def date(self) -> datetime.date | None:
        """The day, where the year is written and the calendar has it."""
        return self.in_year(self.year) if self.year else None

    def in_year(self, year: int) -> datetime.date | None:
        """The day in `year`; None where the calendar has no such day."""
        try:
            return datetime.date(year, self.month, self.day)
        except ValueError:
            return None


def written_dates(text: str, language: str) -> Iterator[Written]:
    """Every date in `text` that names its month or is written year-month-day."""
    pattern, days, months = _calendar(cldr(language))
    for found in pattern.finditer(text):
        groups = {k.rstrip("_123"): v for k, v in found.groupdict().items() if v is not None}
        weekday = days.get(_key(groups["w"])) if "w" in groups else None
        month = int(groups["n"]) if "n" in groups else months[_key(groups["m"])]
        year = int(groups["y"]) if "y" in groups else None
        yield Written(found.start(), found.end(), weekday, int(groups["d"]), month, year)


def dates_in(text: str, language: str) -> Iterator[tuple[int, int, datetime.date | None]]:
    """(start, end, day) of every date; the day is None where no year is written."""
    for found in written_dates(text, language):
        yield found.start, found.end, found.date


def territory_code(name: str, language: str) -> str | None:
    """The ISO 3166-1 code of a country as the language, or English, names it."""
    wanted = name.strip().casefold()
    for tag in (language, "en"):
        for code, known in cldr(tag).territories.items():
            if len(code) == 2 and code.isalpha() and known.casefold() == wanted:
                return str(code)
    return name.strip() if re.fullmatch(r"[A-Z]{2}", name.strip()) else None


@lru_cache(maxsize=64)
def _calendar(locale: Locale) -> tuple[re.Pattern[str], dict[str, int], dict[str, int]]:
    days = _names(locale.days)
    months = _names(locale.months)
    w = rf"(?P<w{{0}}>{_any(days)})\.?"
    m = rf"(?P<m{{0}}>{_any(months)})"
    link = r"(?:[,،]?\s+(?:the|dem|den|der|le|el|de|dia|,)?\s*|,\s*)"
    d, y = r"(?P<d{0}>\d{{1,2}})(?:st|nd|rd|th|er|º|\.)?", r"(?P<y{0}>[12]\d{{3}})"
    of = r"\s*(?:of|de|del|tháng)?\s*"
    forms = (
        rf"(?:\b{w}{link})?(?<!\d){d}{of}{m}(?:\b\.?(?:,|\s+de|\s+del)?\s*{y}(?!\d))?",
        rf"(?:\b{w}{link})?\b{m}\.?\s+{d}(?!\d)(?:,?\s*{y}(?!\d))?",
        r"(?<!\d)(?P<y{0}>[12]\d{{3}})\s*[-年년]\s*(?P<n{0}>\d{{1,2}})\s*[-月월]\s*(?P<d{0}>\d{{1,2}})"
        r"(?!\d)[日일]?" + rf"(?:\s*[（(]?{w})?",
    )
    pattern = "|".join(form.format(f"_{number}") for number, form in enumerate(forms, 1))
    return re.compile(pattern, re.IGNORECASE), days, months


def _names(widths: object) -> dict[str, int]:
    """Wide and abbreviated names, in small letters, with their numbers."""
    found: dict[str, int] = {}
    for form in ("format", "stand-alone"):
        for width in ("abbreviated", "wide"):
            for number, name in widths[form][width].items():  # type: ignore[index]
                if len(_key(name)) > 1 or not name.isascii():
                    found[_key(name)] = int(number)
    return {name: number for name, number in found.items() if not name.isdigit()}


def _any(names: dict[str, int]) -> str:
    return "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True)) or r"(?!)"


def _key(name: str) -> str:
    return name.casefold().rstrip(".")
