"""Numbers, years, amounts of money and percentages, as facts."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import zip_longest

from tidewire.crosscheck.currencies import SIGNS
from tidewire.crosscheck.digits import Figure, decimal_text, figures
from tidewire.crosscheck.fact import Fact, Kind, Place
from tidewire.crosscheck.text import Block
from tidewire.crosscheck.vocabulary import Vocabulary

YEARS = range(1900, 2101)
_OLD = range(2143, 2443)  # 1600 to 1899, where years are counted from 543 before our era
_SIGN_BEFORE = re.compile(
    r"(?:[A-Za-z.]{0,4}[$€£¥₩₫฿₹₽₺₴₪₱]|(?<![A-Za-z])(?:[A-Z]{3}|Rp\.?|RM|Rs\.?|kr\.?|S?Fr\.)"
    r"|人民[币幣]|新[台臺][币幣]|港[币幣])[ \u00a0]?$"
)
# 4割, 四成: so many tenths; not 成 as the beginning of another word.
TENTHS = re.compile(r"割(?![りれ])|成(?![功立长長人为為员員分品年果就本都])")
_MYRIADS = "만억조"  # Korean writes a space after them: 1만 8,640
_SHORT = re.compile(r"(mn|bn|tn|m|M|B|k|K)(?!\w)")
_SHORT_SCALE = {"k": 3, "m": 6, "mn": 6, "b": 9, "bn": 9, "tn": 12}
_MILLIONS_OF = re.compile(r"[ \u00a0]?(M|Md|Mrd|Mio)(?=[ \u00a0]?[€$£])")
_BETWEEN = r"[ \u00a0]?(?:[-–—~～〜]|{links})[ \u00a0]?(?:[^\d\s]{{1,3}}[ \u00a0]?)?"


@dataclass(frozen=True, slots=True)
class Read:
    """A figure with what belongs to it: `start` and `end` hold sign, scale and unit."""

    start: int
    end: int
    value: Decimal
    scale: int = 0
    money: str = ""
    percent: bool = False
    plain: bool = True  # digits alone, not grouped
    also: tuple[Decimal, ...] = ()


def figure_facts(block: Block, text: str, words: Vocabulary) -> Iterator[Fact]:
    """The figures of a block; `text` is its plain text with what was read before blotted out."""
    found = list(_reads(text, words))
    between = re.compile(_BETWEEN.format(links=words.links), re.IGNORECASE)
    before: Read | None = None
    for read, following in zip_longest(found, found[1:]):
        read, before = _spanned(before, read, text), read
        if following and not (read.percent or read.money):
            gap = text[read.end : following.start]
            if len(gap) <= 24 and between.fullmatch(gap):
                read = _shared(read, following)
        yield _fact(block, read, words)


def _spanned(before: Read | None, read: Read, text: str) -> Read:
    """The second year of "2027-28", in full."""
    if before is None or not (before.plain and read.plain) or before.value not in YEARS:
        return read
    year = before.value // 100 * 100 + read.value
    joined = text[before.end : read.start].strip() in ("-", "–", "—", "/", "~", "～", "〜", "至")
    return replace(read, value=year) if joined and before.value < year < before.value + 99 else read


def _shared(first: Read, second: Read) -> Read:
    """The first of "2 to 3 million euros", which the scale and unit of the second stand for."""
    if first.scale and second.percent:
        return first
    also = (first.value * 10**second.scale,) if second.scale and not first.scale else ()
    return replace(first, money=second.money, percent=second.percent, also=(*first.also, *also))


def _reads(text: str, words: Vocabulary) -> Iterator[Read]:
    runs = list(figures(text, words))
    at = 0
    while at < len(runs):
        read, at = _one(text, runs, at, words)
        if read is not None:
            yield read


def _one(text: str, runs: Sequence[Figure], at: int, words: Vocabulary) -> tuple[Read | None, int]:
    """The figure that begins with a run of digits, and which run comes after it."""
    run = runs[at]
    before = text[max(0, run.start - 12) : run.start]
    sign = _SIGN_BEFORE.search(before)
    money = SIGNS.get(sign.group().strip(" \u00a0"), "") if sign else ""
    if not money and before[-1:].isascii() and before[-1:].isalpha():
        return None, at + 1  # CO2, A320: part of a name
    start = run.start - len(sign.group()) if sign and money else run.start
    scale, end = _scale(text, run.end, words, bool(money))
    value = run.value * 10**scale
    lowest, at = scale, at + 1
    # 12億3400万, 1 tỷ 234 triệu: further parts, each of a lower scale.
    while lowest and at < len(runs) and 0 <= runs[at].start - end <= 1:
        part, part_end = _scale(text, runs[at].end, words, False)
        apart = words.spaced or runs[at].start != end
        if part >= lowest or (not part and apart and text[end - 1] not in _MYRIADS):
            break
        if runs[at].value >= 10 ** (lowest - part):
            break
        value += runs[at].value * 10**part
        lowest, end, at = part, part_end, at + 1
    if words.kanji and value <= 10 and (tenths := TENTHS.match(text, end)):
        return Read(start, tenths.end(), value * 10, percent=True), at
    percent, end = _percent(text, start, end, words)
    if not percent:
        after, end = _money(text, end, words)
        money = money or after
    # "1.3m" is millions or metres.
    short = None if scale or money or percent else _SHORT.match(text, end)
    also = (value * 10 ** _SHORT_SCALE[short[1].lower()],) if short else ()
    bare = not run.grouped and run.value == run.value.to_integral() and not scale
    return Read(start, end, value, scale, money, percent, bare, also), at


def _scale(text: str, end: int, words: Vocabulary, money: bool) -> tuple[int, int]:
    """The power of ten that is written out after a figure, and where it ends."""
    if money and (short := _SHORT.match(text, end)):
        return _SHORT_SCALE[short[1].lower()], short.end()
    if found := _MILLIONS_OF.match(text, end):
        return (6 if found[1] in ("M", "Mio") else 9), found.end()
    power = 0
    for _ in range(3):  # 천억, nghìn tỷ, lakh crore: powers of ten one after the other
        space = text[end : end + 1] in (" ", "\u00a0", "-")
        found_scale = words.scales.match(text, end + space)
        if found_scale is None:
            break
        power, end = power + int(found_scale[0]), found_scale[1]
    return power, end


def _percent(text: str, start: int, end: int, words: Vocabulary) -> tuple[bool, int]:
    space = text[end : end + 1] in (" ", "\u00a0")
    if found := words.percent.match(text, end + space):
        return True, found[1]
    before = text[max(0, start - 12) : start]
    if before.rstrip(" \u00a0").endswith("%") and not re.search(r"\d[ \u00a0]?%\s*$", before):
        return True, end
    return bool(re.search(words.percent_before + r"\s?$", before, re.IGNORECASE)), end


def _money(text: str, end: int, words: Vocabulary) -> tuple[str, int]:
    at = end + (text[end : end + 1] in (" ", "\u00a0", "-"))
    if found := words.currencies.match(text, at):
        return found
    of = re.compile(words.of + "[ \u00a0]?", re.IGNORECASE).match(text, at)
    found = words.currencies.match(text, of.end()) if of else None
    return found or ("", end)


def _fact(block: Block, read: Read, words: Vocabulary) -> Fact:
    start, end, said = block.words(read.start, read.end)
    kind, value, also = Kind.NUMBER, read.value, list(read.also)
    if read.percent:
        kind = Kind.PERCENT
    elif read.money:
        kind = Kind.AMOUNT
    elif read.plain:
        kind, value = _year(read, words)
        also += [] if value == read.value else [read.value]
        if words.year_offset and kind is Kind.NUMBER and value in _OLD:
            also.append(value + words.year_offset)
    return Fact(
        kind,
        decimal_text(value),
        Place(block.field, block.number, start, end),
        said,
        also=tuple(map(decimal_text, also)),
        unit=frozenset(read.money.split()) if kind is Kind.AMOUNT else frozenset(),
    )


def _year(read: Read, words: Vocabulary) -> tuple[Kind, Decimal]:
    """A bare figure as a year, in our era, where it looks like one."""
    value = read.value
    if words.year_offset and int(value) + words.year_offset in YEARS and value > YEARS.stop:
        value += words.year_offset
    return (Kind.YEAR if value in YEARS else Kind.NUMBER), value
