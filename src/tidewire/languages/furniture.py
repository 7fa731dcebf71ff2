"""The furniture of one language: what the wire says around a text, and how it writes a date."""

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from babel import Locale, dates, numbers

from tidewire.languages.isolates import Said, isolated
from tidewire.languages.tags import language_name

# The digits of a CLDR numbering system, nought to nine.
DIGITS: Mapping[str, str] = MappingProxyType(
    {
        "latn": "0123456789",
        "arab": "٠١٢٣٤٥٦٧٨٩",
        "arabext": "۰۱۲۳۴۵۶۷۸۹",
        "deva": "०१२३४५६७८९",
        "beng": "০১২৩৪৫৬৭৮৯",
        "thai": "๐๑๒๓๔๕๖๗๘๙",
    }
)

_YEAR = re.compile(r"('[^']*')|y+")  # in a CLDR pattern, where quotes hold what is not one


@dataclass(frozen=True, slots=True)
class Furniture:
    """The furniture of one language, as its data file says it."""

    tag: str
    direction: str
    scripts: tuple[str, ...]
    phrases: Mapping[str, str]
    words: Mapping[str, str]
    sectors: Mapping[str, str]
    subjects: Mapping[str, str]
    roles: Mapping[str, str]
    dateline_order: tuple[str, ...]
    dateline_separator: str
    dateline_capitals: bool
    date_pattern: str
    moment_pattern: str
    separator: str
    digits: str
    year_offset: int
    locale: Locale

    def phrase(self, key: str, **values: object) -> str:
        """A phrase that stands around a text, with its placeholders filled. Raises KeyError.

        Values of another direction are set apart (languages.isolates).
        """
        return self._filled(self.phrases[key], values)

    def word(self, key: str, **values: object) -> str:
        """A word of pages, reports and mails, filled in the same way. Raises KeyError."""
        return self._filled(self.words[key], values)

    def isolated(self, value: object) -> str:
        """A value as it stands in text of this language: a name, a phone number, an address."""
        return isolated(value, self.direction)

    def _filled(self, text: str, values: Mapping[str, object]) -> str:
        return text.format(**{name: self.isolated(value) for name, value in values.items()})

    def sector(self, slug: str) -> str:
        """The label of one of model.sectors.SECTORS; the slug itself where it is not one."""
        return self.sectors.get(slug, slug)

    def subject(self, code: str) -> str:
        """The label of an IPTC Media Topic of the first two levels; else the code itself."""
        return self.subjects.get(code, code)

    def country(self, code: str) -> str:
        """The country's name (CLDR); the code itself where it has none."""
        return str(self.locale.territories.get(code, code))

    def language(self, tag: str) -> str:
        """The language's name (CLDR)."""
        return language_name(tag, self.tag)

    def date(self, day: datetime.date) -> str:
        """A day, written out: "3 March 2026"."""
        return self._date(self.date_pattern, datetime.datetime.combine(day, datetime.time()))

    def moment(self, at: datetime.datetime) -> str:
        """A moment in UTC to the minute: "3 March 2026, 12:00 UTC"."""
        return self._date(self.moment_pattern, at.astimezone(datetime.UTC))

    def number(self, value: float) -> str:
        """A number with the language's separators and digits: "86,000"."""
        said = numbers.format_decimal(value, locale=self.locale, numbering_system=self.digits)
        return str(said).translate(_digits(self.digits))

    def _date(self, pattern: str, at: datetime.datetime) -> str:
        """By a CLDR pattern, in the language's digits and its count of years."""
        if self.year_offset:  # not a date of that year: its leap days and weekdays are others
            year = str(at.year + self.year_offset)
            pattern = _YEAR.sub(lambda part: part[1] or f"'{year}'", pattern)
        written = str(dates.format_datetime(at, pattern, locale=self.locale))
        return written.translate(_digits(self.digits))

    def dateline(
        self, place: str, country: str | None = None, day: datetime.date | None = None
    ) -> Said:
        """Place, country (ISO 3166-1 alpha-2) and date: "BERLIN, Germany, 3 March 2026"."""
        said = {
            "place": place.upper() if self.dateline_capitals else place,
            "country": self.country(country) if country else "",
            "date": self.date(day) if day else "",
        }
        order = [said[part] for part in self.dateline_order if said[part]]
        return Said(self.dateline_separator.join(map(self.isolated, order)))

    def lead(self, dateline: Said) -> str:
        """What a text begins with: "BERLIN, Germany, 3 March 2026 (Tidewire) –"."""
        return self.phrase("lead", dateline=dateline, credit=Said(self.phrases["credit"]))

    def listed(self, parts: Sequence[str]) -> Said:
        """Names in a row: "Energy, Technology"."""
        return Said(self.separator.join(map(self.isolated, parts)))


@cache
def _digits(system: str) -> Mapping[int, int]:
    return str.maketrans(DIGITS["latn"], DIGITS[system])
