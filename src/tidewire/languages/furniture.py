"""The furniture of one language: what the wire says around a text, and how it writes a date."""

import datetime
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from string import Formatter
from types import MappingProxyType
from typing import Any

from babel import Locale, dates, numbers

from tidewire.languages.tags import best, cldr, is_language, language_name, script
from tidewire.model.errors import Misconfigured
from tidewire.model.media_topics import SECOND_SUBJECTS
from tidewire.model.sectors import SECTORS, TOP_SUBJECTS

REFERENCE = "en"  # its keys and placeholders are those that every file has

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
_ORDER = {"place", "country", "date"}


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
        """A phrase that stands around a text, with its placeholders filled. Raises KeyError."""
        return self.phrases[key].format(**values)

    def word(self, key: str, **values: object) -> str:
        """A word of pages, reports and mails, with its placeholders filled. Raises KeyError."""
        return self.words[key].format(**values)

    def sector(self, slug: str) -> str:
        """The label of one of model.sectors.SECTORS; the slug itself where it is not one."""
        return self.sectors.get(slug, slug)

    def subject(self, code: str) -> str:
        """The label of an IPTC Media Topic of the first two levels; else the code itself."""
        return self.subjects.get(code, code)

    def role(self, text: str) -> str:
        """What a contact does, in this language; `text` itself where it is no role known here."""
        return self.roles.get(_role_keys().get(text.casefold(), ""), text)

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
    ) -> str:
        """Place, country (ISO 3166-1 alpha-2) and date: "BERLIN, Germany, 3 March 2026"."""
        said = {
            "place": place.upper() if self.dateline_capitals else place,
            "country": self.country(country) if country else "",
            "date": self.date(day) if day else "",
        }
        return self.dateline_separator.join(said[p] for p in self.dateline_order if said[p])

    def listed(self, parts: Sequence[str]) -> str:
        """Names in a row: "Energy, Technology"."""
        return self.separator.join(parts)


@cache
def _digits(system: str) -> Mapping[int, int]:
    return str.maketrans(DIGITS["latn"], DIGITS[system])


def furniture(tag: str) -> Furniture:
    """The furniture for a tag: its own, that of its language (de-AT: de), or the English one."""
    return _load(best(known(), tag) or REFERENCE)


@lru_cache(maxsize=1)
def known() -> tuple[str, ...]:
    """The tags of the languages that have a file of their own here."""
    names = (f.name for f in files("tidewire.languages").iterdir())
    return tuple(sorted(n.removesuffix(".toml") for n in names if n.endswith(".toml")))


@lru_cache(maxsize=64)
def _load(tag: str) -> Furniture:
    return read(tag, _text(tag), reference=_text(REFERENCE))


@lru_cache(maxsize=1)
def _role_keys() -> Mapping[str, str]:
    """The key of every role by its casefolded labels, in all languages, and by itself."""
    found = {key: key for key in furniture(REFERENCE).roles}
    for tag in known():
        found |= {label.casefold(): key for key, label in furniture(tag).roles.items()}
    return MappingProxyType(found)


def _text(tag: str) -> str:
    return files("tidewire.languages").joinpath(f"{tag}.toml").read_text(encoding="utf-8")


def read(tag: str, text: str, *, reference: str) -> Furniture:
    """The furniture that stands in the TOML `text` of `tag`.toml.

    `reference` is the text of en.toml. Raises Misconfigured, which names the file and the
    key, where the two do not have the same keys and placeholders or a value cannot be.
    """
    name = f"{tag}.toml"
    data, model = _toml(name, text), _toml(f"{REFERENCE}.toml", reference)
    second = _second_subjects(name, data)
    english = _second_subjects(f"{REFERENCE}.toml", model)
    _same_shape(name, data, model)
    for table, labels in (("sectors", SECTORS), ("subjects", TOP_SUBJECTS)):
        _same_keys(name, f"{table}.", data[table], labels)
    _values_fit(name, tag, data)
    line, writes = data["dateline"], data["writes"]
    return Furniture(
        tag=tag,
        direction=data["direction"],
        scripts=tuple(data["scripts"]),
        phrases=MappingProxyType(data["phrases"]),
        words=MappingProxyType(data["words"]),
        sectors=MappingProxyType(data["sectors"]),
        subjects=MappingProxyType({**data["subjects"], **english, **second}),
        roles=MappingProxyType(data["roles"]),
        dateline_order=tuple(line["order"]),
        dateline_separator=line["separator"],
        dateline_capitals=line["capitals"],
        date_pattern=writes["date"],
        moment_pattern=writes["moment"],
        separator=writes["separator"],
        digits=writes["digits"],
        year_offset=writes["year_offset"],
        locale=cldr(tag),
    )


def _toml(name: str, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{name} is not TOML: {error}.", "Put its syntax right.") from error


def _second_subjects(name: str, data: Mapping[str, Any]) -> dict[str, str]:
    """Take the labels of the second level, which a language may leave out, out of `data`."""
    subjects = data.get("subjects")
    if not isinstance(subjects, dict):
        return {}  # the shape says what is wrong
    found = {code: subjects.pop(code) for code in SECOND_SUBJECTS if code in subjects}
    for code, label in found.items():
        if not isinstance(label, str) or not label.strip():
            _fault(name, f"subjects.{code}", "is not text")
    return found


def _same_shape(name: str, data: Mapping[str, Any], model: Mapping[str, Any], at: str = "") -> None:
    """Same keys, same types, and in texts the same placeholders, all the way down."""
    _same_keys(name, at, data, model)
    for key, expected in model.items():
        value, where = data[key], f"{at}{key}"
        if type(value) is not type(expected):
            kind = {str: "text", list: "a list", dict: "a table", bool: "true or false"}
            _fault(name, where, f"is not {kind.get(type(expected), 'what it should be')}")
        if isinstance(value, dict):
            _same_shape(name, value, expected, f"{where}.")
        elif isinstance(value, str):
            _text_fits(name, where, value, expected)


def _same_keys(name: str, at: str, data: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    for key in model:
        if key not in data:
            _fault(name, f"{at}{key}", "is missing")
    for key in data:
        if key not in model:
            _fault(name, f"{at}{key}", "is not a key that is known")


def _text_fits(name: str, where: str, value: str, expected: str) -> None:
    if not value.strip() and expected.strip():
        _fault(name, where, "is empty")
    try:
        found = _placeholders(value)
    except ValueError:
        _fault(name, where, "has a brace that is not closed")
    if found != _placeholders(expected):
        needed = ", ".join(f"{{{p}}}" for p in sorted(_placeholders(expected))) or "none"
        _fault(name, where, f"has other placeholders than it must (it must have {needed})")


def _placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}


def _values_fit(name: str, tag: str, data: Mapping[str, Any]) -> None:
    if data["tag"] != tag or not is_language(tag):
        _fault(name, "tag", "is not the language tag that names the file")
    if data["direction"] not in ("ltr", "rtl"):
        _fault(name, "direction", "is neither ltr nor rtl")
    order = data["dateline"]["order"]
    if sorted(map(str, order)) != sorted(_ORDER):
        _fault(name, "dateline.order", "does not hold place, country and date, once each")
    if data["scripts"][:1] != [script(tag)]:
        _fault(name, "scripts", f"does not begin with {script(tag)}, in which {tag} is written")
    if data["writes"]["digits"] not in DIGITS:
        _fault(name, "writes.digits", f"is none of {', '.join(DIGITS)}")
    for key in ("date", "moment"):
        try:
            dates.parse_pattern(data["writes"][key])
        except ValueError:
            _fault(name, f"writes.{key}", "is not a CLDR date pattern")


def _fault(name: str, key: str, what: str) -> None:
    raise Misconfigured(f"{name}: {key} {what}.", f"Put it right in languages/{name}.")
