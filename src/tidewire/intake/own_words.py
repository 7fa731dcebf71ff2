"""What the wire's own furniture looks like in a text: patterns made from the language files."""

import datetime
import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from typing import Any

from babel import dates

from tidewire import languages
from tidewire.languages import Furniture

_MONTHS = {"M": "format", "L": "stand-alone"}
_PARTS = {
    "provider": r"(?P<provider>.{1,200}?)",
    "url": r"(?P<url>https?://\S{1,500}?)",
    "issuer": r"(?P<issuer>.{2,80}?)",
    "source": r"(?P<source>.{2,200}?)",
    "sectors": r"(?P<sectors>.{2,400}?)",
    "licence": r"(?P<licence>.{2,500}?)",
    "dateline": r"(?P<dateline>.{2,120}?)",
    "moment": r".{4,60}?",
}


@dataclass(frozen=True, slots=True)
class OwnWords:
    """How one language writes what stands around a text.

    `small_print` is the paragraph of source, sectors and licence, any of which may be away;
    `headings` stand above contacts, and `roles` before a name, both as `plain` has them.
    """

    tag: str
    lead: re.Pattern[str]
    datelines: tuple[re.Pattern[str], ...]
    small_print: re.Pattern[str]
    about: re.Pattern[str]
    published: re.Pattern[str]
    disclaimers: tuple[re.Pattern[str], ...]
    notes: frozenset[str]
    headings: frozenset[str]
    year_offset: int
    months: dict[str, int]

    def dateline(self, text: str) -> dict[str, Any] | None:
        """place, country (its name, or "") and date (None where there is none) of a dateline."""
        for pattern in self.datelines:
            if match := pattern.fullmatch(text):
                said = match.groupdict()
                day = self._day(said) if said.get("day") else None
                if day is None and said.get("day"):
                    continue
                country = said.get("country") or ""
                return {"place": said["place"].strip(), "country": country, "date": day}
        return None

    def _day(self, said: dict[str, str | None]) -> datetime.date | None:
        month = said["month"] or ""
        number = int(month) if month.isdigit() else self.months[month.casefold()]
        try:
            year = int(said["year"] or "") - self.year_offset
            return datetime.date(year, number, int(said["day"] or ""))
        except ValueError:
            return None


def plain(text: str) -> str:
    """Text on one line in NFC, without what turns its direction."""
    return " ".join(unicodedata.normalize("NFC", languages.unturned(text)).split())


@lru_cache(maxsize=64)
def own_words(tag: str) -> OwnWords:
    """The patterns of a language's furniture, or the English ones where it has none."""
    words = languages.furniture(tag)
    said = words.phrases
    wide = [words.locale.months[form]["wide"] for form in _MONTHS.values()]
    months = {name: number for names in wide for number, name in _named(names)}
    small = [rf"(?:{_template(said[key])})?" for key in ("source", "sectors", "licence")]
    moments = [_template(said[key]) for key in ("published", "corrected", "retracted")]
    return OwnWords(
        tag=words.tag,
        lead=_compiled(_template(said["lead"], credit=_template(said["credit"])) + r"\s*"),
        datelines=tuple(_datelines(words)),
        small_print=_compiled(r"\s*".join(small)),
        about=_compiled(_template(said["about_issuer"]) + r"\s*[:：]?"),
        published=_compiled(rf"(?:{'|'.join(moments)})(?:\s*·\s*(?:{'|'.join(moments)}))*"),
        disclaimers=tuple(
            _compiled(_template(said[key]))
            for key in ("disclaimer_linked", "disclaimer", "disclaimer_unnamed")
        ),
        notes=frozenset(plain(said[key]) for key in ("about_wire_heading", "about_wire")),
        headings=frozenset(
            plain(label).casefold()
            for label in (said["contacts"], said["media_contact"], *words.roles.values())
        ),
        year_offset=words.year_offset,
        months=months,
    )


@lru_cache(maxsize=64)
def credit_line(tag: str) -> re.Pattern[str]:
    """The credit line, with which a text without a dateline begins."""
    return _compiled(_template(languages.furniture(tag).phrases["credit"]) + r"\s*")


def _named(names: Any) -> list[tuple[int, str]]:
    return [(int(n), unicodedata.normalize("NFC", name).casefold()) for n, name in names.items()]


def _template(phrase: str, **parts: str) -> str:
    """A phrase as a pattern: its placeholders as groups, its colons of either width."""
    pieces = re.split(r"(\{\w+\})", plain(phrase))
    found = []
    for piece in pieces:
        if piece.startswith("{"):
            name = piece[1:-1]
            found.append(parts.get(name) or _PARTS.get(name, r".{1,200}?"))
        else:
            found.append(re.sub(r"(?:\\ )?[:：](?:\\ )?", r"\\s*[:：]\\s*", re.escape(piece)))
    return "".join(found)


def _datelines(words: Furniture) -> list[re.Pattern[str]]:
    """The whole dateline first, then those without country, without date, without both."""
    names = [n for code, n in words.locale.territories.items() if len(code) == 2 and code.isalpha()]
    ordered = sorted({plain(n) for n in names}, key=len, reverse=True)
    parts = {
        "place": r"(?P<place>[^\W\d_].{0,80}?)",
        "country": f"(?P<country>{'|'.join(map(re.escape, ordered))})",
        "date": _date(words),
    }
    found = []
    for left_out in [c for n in range(3) for c in combinations(("country", "date"), n)]:
        kept = [parts[p] for p in words.dateline_order if p not in left_out]
        found.append(_compiled(_separator(words.dateline_separator).join(kept)))
    return found


def _separator(text: str) -> str:
    return re.escape(text.strip()).join((r"\s*", r"\s*")) if text.strip() else r"\s+"


def _date(words: Furniture) -> str:
    """The language's date pattern (CLDR) as one of regular expressions."""
    found = []
    for _, value in dates.tokenize_pattern(words.date_pattern):
        if isinstance(value, str):  # of the kind "chars"
            found.append(re.escape(plain(value)).join((r"\s*", r"\s*")))
            continue
        letter, width = value
        if letter in _MONTHS and width > 2:
            names = [name for _, name in _named(words.locale.months[_MONTHS[letter]]["wide"])]
            longest = sorted(names, key=len, reverse=True)
            found.append(f"(?P<month>{'|'.join(map(re.escape, longest))})")
        else:
            name = {"d": "day", "M": "month", "L": "month", "y": "year"}.get(letter)
            found.append(rf"(?P<{name}>\d{{1,4}})" if name else r"\S+?")
    return "".join(found)


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL)
