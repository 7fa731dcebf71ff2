"""What figures, dates and times are written with in a language: CLDR, and `words/TAG.toml`.

Every key of such a file may be missing; what it would have let us read is then not read.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

from babel import Locale

from tidewire import languages
from tidewire.crosscheck.currencies import AFTER, SIGNS, names
from tidewire.crosscheck.text import plain
from tidewire.languages.tags import cldr

_UNSPACED = frozenset({"Hans", "Hant", "Jpan", "Kore", "Thai", "Hani", "Laoo", "Khmr", "Mymr"})
NEVER = "(?!)"
_NUMBERING = "latn"


class Table:
    """Ways to write things, longest first, each with what it stands for."""

    def __init__(self, entries: Iterable[tuple[str, str]]) -> None:
        """`entries` are pattern and value."""
        ordered = sorted(set(entries), key=lambda entry: len(entry[0]), reverse=True)
        self.values = [value for _, value in ordered]
        self.source = "|".join(f"(?:{pattern})" for pattern, _ in ordered) or NEVER
        grouped = "|".join(f"({pattern})" for pattern, _ in ordered) or NEVER
        self._pattern = re.compile(grouped, re.IGNORECASE)

    def match(self, text: str, at: int) -> tuple[str, int] | None:
        """What stands at a place, and where it ends."""
        found = self._pattern.match(text, at)
        return (self.values[(found.lastindex or 1) - 1], found.end()) if found else None

    def every(self, text: str) -> Iterable[tuple[str, int, int]]:
        """Each thing in a text: value, start, end."""
        for found in self._pattern.finditer(text):
            yield self.values[(found.lastindex or 1) - 1], found.start(), found.end()


@dataclass(frozen=True, slots=True, eq=False)  # one for each language: hashed by identity
class Vocabulary:
    """The words of one language, as patterns for `text.plain`."""

    tag: str
    spaced: bool
    decimal: str
    group: str
    scales: Table
    currencies: Table
    percent: Table
    weekdays: Table
    months: Table
    quarters: Table
    numbers: Table
    clock: Mapping[str, str]
    percent_before: str
    of: str
    links: str
    before_year: str
    year_offset: int
    kanji: bool
    day_first: bool


@lru_cache(maxsize=128)
def vocabulary(tag: str) -> Vocabulary:
    """The vocabulary for a language tag; that of CLDR alone where no file fits."""
    nearest = languages.best(_known(), tag)
    data: dict[str, Any] = tomllib.loads(_file(nearest)) if nearest else {}
    locale = cldr(tag)
    spaced = languages.script(tag) not in _UNSPACED
    symbols = locale.number_symbols.get(_NUMBERING, {})

    def any_of(key: str) -> str:
        return _any(data.get(key, ()), spaced and key != "hour")  # 22h30

    def listed(key: str) -> list[tuple[str, str]]:
        return [
            (entry(one, spaced), str(number))
            for number, line in enumerate(data.get(key, ()))
            for one in line.split("|")
        ]

    clock = ("am", "pm", "am_before", "pm_before", "hour", "hour_alone", "minute", "before_hour")
    return Vocabulary(
        tag=tag,
        spaced=spaced,
        decimal=str(symbols.get("decimal", ".")),
        group=plain(str(symbols.get("group", ","))),
        scales=Table((entry(k, spaced), str(v)) for k, v in data.get("scales", {}).items()),
        currencies=_currencies(data, locale, spaced),
        percent=Table([("%", ""), *((entry(p, spaced), "") for p in data.get("percent", ()))]),
        weekdays=Table(_weekdays(locale, spaced, data) + listed("weekdays") + _exact(data)),
        months=Table(_calendar(locale.months, spaced, first=1) + _months(listed("months"))),
        quarters=Table(_quarters(data, spaced, listed("quarters"))),
        numbers=Table(_numbers(listed("numbers"), listed("tens"), spaced, data)),
        clock={name: any_of(name) for name in (*clock, "after_hour")},
        percent_before=any_of("percent_before"),
        of=any_of("of"),
        links=any_of("links"),
        before_year=any_of("before_year"),
        year_offset=int(data.get("year_offset", 0)),
        kanji=bool(data.get("kanji", False)),
        day_first=_day_first(locale),
    )


@lru_cache(maxsize=128)
def other_way(words: Vocabulary) -> Vocabulary:
    """The same, for a text that writes "1,234.5" where its language would write "1.234,5"."""
    return replace(words, decimal=words.group, group=words.decimal)


def entry(word: str, spaced: bool) -> str:
    """A word of a file as a pattern: "*" is any ending, "(?!...)" at its end stays as it is."""
    word, *rest = word.partition("(?!")
    text = re.escape(plain(word)).replace(r"\*", r"\w{0,7}").replace(r"\ ", "[ \u00a0]")
    ends = r"(?![^\W\d])" if spaced and word[-1:].isalpha() else ""  # "و5" is "and 5"
    return text + ends + "".join(rest)


def _any(words: Iterable[str], spaced: bool) -> str:
    ordered = sorted((entry(word, spaced) for word in words), key=len, reverse=True)
    return "(?:" + "|".join(ordered) + ")" if ordered else NEVER


def _currencies(data: Mapping[str, Any], locale: Locale, spaced: bool) -> Table:
    found = {re.escape(sign): SIGNS[sign] for sign in AFTER if not sign[0].isalpha()}
    # Capitals decide: "and 5 PEN" is money, "5 pen" is not.
    found |= {rf"(?-i:{re.escape(s)})(?!\w)": SIGNS[s] for s in AFTER if s[0].isalpha()}
    found |= {entry(name, spaced): code for name, code in names(locale).items()}
    found |= {entry(name, spaced): code for name, code in data.get("currencies", {}).items()}
    return Table(found.items())


def _calendar(widths: Any, spaced: bool, first: int = 0) -> list[tuple[str, str]]:
    """Names of months (from 1) or days (from 0, Monday) in their wide and abbreviated forms."""
    found = []
    for form in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            for number, name in widths[form][width].items():
                word = plain(name).rstrip(".")
                if word.isdigit():
                    continue
                if first == 0 and width == "abbreviated":
                    # "Sun" and "Sat" are other words too, but not before a date (blotted out).
                    before = r"\.?,?[ \u00a0]?(?=\x00)" if spaced else NEVER
                    found.append((re.escape(word) + before, str(number)))
                    continue
                if len(word) > 1 and not word[0].isdigit():
                    ends = r"(?!\d)" if word[-1].isdigit() else ""
                    found.append((entry(word, spaced) + ends, str(number)))
    return found


def _weekdays(locale: Locale, spaced: bool, data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Those of CLDR; where only capitals tell them from other words, a file has them all."""
    return [] if data.get("exact_weekdays") else _calendar(locale.days, spaced)


def _exact(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Weekdays that only their capitals tell from other words; they are patterns already."""
    lines = enumerate(data.get("exact_weekdays", ()))
    return [(rf"(?-i:{plain(line)})(?!\w)", str(number)) for number, line in lines]


def _months(listed: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(pattern, str(int(number) + 1)) for pattern, number in listed]


def _quarters(
    data: Mapping[str, Any], spaced: bool, named: list[tuple[str, str]]
) -> list[tuple[str, str]]:
    found = [(rf"(?<!\w){pattern}", str(int(number) + 1)) for pattern, number in named]
    around = [(before, "") for before in data.get("quarter_before", ())]
    around += [("", after) for after in data.get("quarter_after", ())]
    around += [tuple(pair) for pair in data.get("quarter_around", ())]
    around.append(("Q", ""))
    for before, after in around:
        for number in "1234":
            head = rf"(?<!\w){entry(before, False)} ?" if before else r"(?<![\d.,])"
            tail = entry(after, spaced) if after else r"(?![\d.,]*\d)"
            found.append((f"{head}{number}{tail}", number))
    return found


def _numbers(
    ones: list[tuple[str, str]], tens: list[tuple[str, str]], spaced: bool, data: Mapping[str, Any]
) -> list[tuple[str, str]]:
    """`stuck`: a pattern of what stands straight before them; `spelt`: words of any value."""
    edge = rf"(?<!\w){data.get('stuck', '')}" if spaced else ""
    found = [(edge + pattern, str(int(number) + 1)) for pattern, number in ones]
    found += [(edge + entry(k, spaced), str(v)) for k, v in data.get("spelt", {}).items()]
    return found + [(edge + pattern, str((int(number) + 3) * 10)) for pattern, number in tens]


def _day_first(locale: Locale) -> bool:
    short = str(locale.date_formats["short"].pattern)
    return short.lower().find("d") < short.find("M")


@cache
def _known() -> tuple[str, ...]:
    folder = files("tidewire.crosscheck").joinpath("words")
    return tuple(sorted(f.name[:-5] for f in folder.iterdir() if f.name.endswith(".toml")))


def _file(tag: str) -> str:
    return files("tidewire.crosscheck").joinpath("words", f"{tag}.toml").read_text("utf-8")
