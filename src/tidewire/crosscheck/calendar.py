"""Dates as facts: in words, in digits, in Chinese, Japanese and Korean, in other eras."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from tidewire.crosscheck.fact import Fact, Kind, Place
from tidewire.crosscheck.text import Block
from tidewire.crosscheck.vocabulary import Vocabulary

MOST = 500  # that are read of one block
NO_YEAR = "????"
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925, "大正": 1911, "民國": 1911, "民国": 1911}
_SUFFIX = r"(?:st|nd|rd|th|er|ère|º|ª|°|\.|-(?:го|е|ое))?"
_EAST = re.compile(
    r"(?:(?:(?P<era>令和|平成|昭和|大正|民國|民国)(?P<ey>元|\d{1,3})|(?P<y>(?<!\d)\d{4}))[年년] ?"
    r"(?:[(（][^)）]{1,12}[)）] ?)?)?(?:(?P<m>(?<!\d)\d{1,2})[月월] ?(?P<d>\d{1,2})[日일号號])"
)
_EAST_MORE = re.compile(
    r" ?(?:[(（][^)）]{1,6}[)）])?"
    r"(?:[(（]?(?:[至到~～〜\-–—、・,和及与與と및과와]|から|부터|에서) ?)"
    r"(?P<d>\d{1,2})[日일号號](?![間间])"
)
_EAST_MONTH = re.compile(
    r"(?:(?P<era>令和|平成|昭和|大正|民國|民国)(?P<ey>元|\d{1,3})|(?P<y>(?<!\d)\d{4}))[年년] ?"
    r"(?P<m>\d{1,2})[月월](?![間间])|(?P<bare>(?<!\d)\d{1,2})[月월](?![間间])"
)
_EAST_ERA = re.compile(r"(?P<era>令和|平成|昭和|大正|民國|民国)(?P<ey>元|\d{1,3})[年年度]")
_ISO = re.compile(
    r"(?<![\d.,/-])(?P<y>[12]\d{3})(?P<s>[-/.])(?P<m>\d{1,2})(?P=s)(?P<d>\d{1,2})(?![\d/-])"
)
_DIGITS = re.compile(
    r"(?<![\d.,/-])(?P<a>\d{1,2})(?P<s>[-/.])(?P<b>\d{1,2})(?P=s)(?P<y>[12]\d{3})(?![\d/-])"
)
# "ngày 13/11", "Jumat (13/11)": without a year only where a word or brackets tell a date.
_SHORT = re.compile(
    r"(?:(?:ngày|hôm|sáng|chiều|tối) |\()(?P<d>\d{1,2})/(?P<m>\d{1,2})(?=\)|(?![\d/%]|[.,]\d))",
    re.IGNORECASE,
)


def dates(block: Block, text: str, words: Vocabulary) -> Iterator[tuple[Fact, int, int]]:
    """The dates of a block: each as a fact, and where in `text` it stands."""
    taken: list[tuple[int, int]] = []
    readers = (_east(text), _named(text, words), _digits(text, words), _east_months(text))
    for reader in readers:
        for value, start, end in islice(reader, MOST):
            if any(start < b and a < end for a, b in taken):
                continue
            taken.append((start, end))
            first, last, said = block.words(start, end)
            kind = Kind.YEAR if value.isdigit() else Kind.DATE  # 令和8年度
            place = Place(block.field, block.number, first, last)
            yield Fact(kind, value, place, said), start, end


def weekdays(block: Block, text: str, words: Vocabulary) -> Iterator[Fact]:
    """The weekdays that are named, Monday as "0"."""
    for value, start, end in islice(words.weekdays.every(text), MOST):
        before, after = text[start - 1 : start], text[end : end + 1]
        if words.spaced and (before.isalpha() or after.isalpha()) and before not in "وبلفك":
            continue
        first, last, said = block.words(start, end)
        yield Fact(Kind.WEEKDAY, value, Place(block.field, block.number, first, last), said)


def quarters(block: Block, text: str, words: Vocabulary) -> Iterator[tuple[Fact, int, int]]:
    """The quarters of a year that are named, "1" to "4"."""
    for value, start, end in islice(words.quarters.every(text), MOST):
        first, last, said = block.words(start, end)
        yield (
            Fact(Kind.QUARTER, value, Place(block.field, block.number, first, last), said),
            start,
            end,
        )


def iso(year: int | None, month: int | None, day: int | None) -> str | None:
    """The parts as ISO 8601 with "?" for what is not said; None where they can be no date."""
    if month is not None and not 1 <= month <= 12:
        return None
    if day is not None and not 1 <= day <= 31:
        return None
    y = NO_YEAR if year is None else f"{year:04d}"
    m = "??" if month is None else f"{month:02d}"
    return f"{y}-{m}" if day is None else f"{y}-{m}-{day:02d}"


def common_year(year: int, words: Vocabulary) -> int:
    """A year in our era: 2569 is 2026 where years are counted so."""
    return year + words.year_offset if words.year_offset and year > 2350 else year


def _year_of(found: "re.Match[str]") -> int | None:
    if found["era"]:
        return _ERAS[found["era"]] + (1 if found["ey"] == "元" else int(found["ey"]))
    return int(found["y"]) if found["y"] else None


def _east(text: str) -> Iterator[tuple[str, int, int]]:
    for found in _EAST.finditer(text):
        year, month = _year_of(found), int(found["m"])
        if value := iso(year, month, int(found["d"])):
            yield value, found.start(), found.end()
        end = found.end()
        while more := _EAST_MORE.match(text, end):
            if value := iso(year, month, int(more["d"])):
                yield value, more.start("d"), more.end()
            end = more.end()


def _east_months(text: str) -> Iterator[tuple[str, int, int]]:
    for found in _EAST_MONTH.finditer(text):
        year = None if found["bare"] else _year_of(found)
        if value := iso(year, int(found["bare"] or found["m"]), None):
            yield value, found.start(), found.end()
    for found in _EAST_ERA.finditer(text):
        yield f"{_year_of_era(found):04d}", found.start(), found.end()


def _year_of_era(found: "re.Match[str]") -> int:
    return _ERAS[found["era"]] + (1 if found["ey"] == "元" else int(found["ey"]))


def _digits(text: str, words: Vocabulary) -> Iterator[tuple[str, int, int]]:
    for found in _ISO.finditer(text):
        year = common_year(int(found["y"]), words)
        if value := iso(year, int(found["m"]), int(found["d"])):
            yield value, found.start(), found.end()
    for found in _DIGITS.finditer(text):
        a, b = int(found["a"]), int(found["b"])
        day, month = (a, b) if words.day_first or a > 12 or found["s"] == "." else (b, a)
        if value := iso(common_year(int(found["y"]), words), month, day):
            yield value, found.start(), found.end()
    for found in _SHORT.finditer(text) if words.day_first else ():
        if value := iso(None, int(found["m"]), int(found["d"])):
            yield value, found.start("d"), found.end()


def _named(text: str, words: Vocabulary) -> Iterator[tuple[str, int, int]]:
    """Dates with the month's name, in either order, with what day a range begins on."""
    for found in _pattern(words).finditer(text):
        parts = found.groupdict()
        number = next((k[1:] for k in ("m1", "m2", "m3") if parts[k]), "1")
        month = words.months.match(found[f"m{number}"], 0)
        if month is None:
            continue
        said = parts.get(f"y{number}")
        year = common_year(int(said), words) if said else None
        days = [k for k in (f"c{number}", f"e{number}", f"d{number}") if parts.get(k)]
        for name in days:
            whole = name.startswith("d")
            start = found.start() if len(days) == 1 else found.start(name)
            end = found.end() if whole else found.end(name)
            if value := iso(year, int(month[0]), int(found[name])):
                yield value, start, end
        if not days and (value := iso(year, int(month[0]), None)):
            yield value, found.start(), found.end()


@lru_cache(maxsize=64)
def _pattern(words: Vocabulary) -> "re.Pattern[str]":
    month, hard = words.months.source, "[ \u00a0]?"
    edge = r"(?<!\w)" if words.spaced else ""
    small = r"(?:(?:the|le|el|il|dem|den|der|el día|o dia|dia|ngày|วันที่|tanggal|tarikh) )?"
    link = rf"{hard}(?:[-–—~～,/]|{words.links}){hard}(?:{words.links}{hard})?{small}"

    def days(n: int) -> str:
        return (
            rf"(?:(?P<c{n}>(?<!\d)\d{{1,2}}){_SUFFIX}{link})?"
            rf"(?:(?P<e{n}>(?<!\d)\d{{1,2}}){_SUFFIX}{link})?(?P<d{n}>(?<!\d)\d{{1,2}}){_SUFFIX}"
        )

    of = rf"{hard}(?:of|de|del|tháng|الـ|من)?{hard}"

    def year(n: int) -> str:
        aside = rf"(?:[(（][^()（）\d]{{1,20}}[)）]{hard})?"  # مارس (آذار) 2026
        era = rf"(?:{words.before_year}{hard})?"
        return rf"(?:\.?,?{hard}{aside}{era}[/-]?(?P<y{n}>[12]\d{{3}})(?!\d))"

    forms = (
        rf"{days(1)}{of}{edge}(?P<m1>{month}){year(1)}?",
        rf"{edge}(?P<m2>{month})\.?{hard}{days(2)}(?!\d)"
        rf"(?:[ \u00a0,]{{0,2}}(?P<y2>[12]\d{{3}})(?!\d))?",
        rf"{edge}(?P<m3>{month}){year(3)}",
    )
    return re.compile("|".join(f"(?:{form})" for form in forms), re.IGNORECASE)
