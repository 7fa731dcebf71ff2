"""Numbers in words ("nine", 三十, หนึ่งล้าน): read only to excuse digits in another language."""

import re
from collections.abc import Iterator
from itertools import islice, pairwise

from tidewire.crosscheck.fact import Fact, Kind, Place
from tidewire.crosscheck.figures import TENTHS
from tidewire.crosscheck.text import Block
from tidewire.crosscheck.vocabulary import Vocabulary

MOST = 500  # that are read of one block
_KANJI = re.compile("[〇零一二三四五六七八九十百千两兩]{1,9}")
_ONES = {c: n for n, c in enumerate("〇一二三四五六七八九")} | {"零": 0, "两": 2, "兩": 2}
_STEPS = {"十": 10, "百": 100, "千": 1000}
_GAP = 4


def spelt_facts(block: Block, text: str, words: Vocabulary) -> Iterator[Fact]:
    """The numbers of a block that are written out."""
    found = [
        (int(value), start, end) for value, start, end in islice(words.numbers.every(text), MOST)
    ]
    for (tens, start, end), (ones, following, last) in pairwise(found):
        if tens in range(20, 100, 10) and ones < 10 and following - end <= _GAP:
            yield _fact(block, tens + ones, start, last)  # twenty-five, treinta y cinco
    if words.kanji:
        found += [
            (number, m.start(), m.end())
            for m in islice(_KANJI.finditer(text), MOST)
            if (number := _kanji(m.group())) is not None
        ]
    for value, start, end in found:
        yield _fact(block, value, start, end)
        if words.kanji and value <= 10 and (tenths := TENTHS.match(text, end)):
            yield _fact(block, value * 10, start, tenths.end())
        space = text[end : end + 1] in (" ", "\u00a0")
        if scale := words.scales.match(text, end + space):
            yield _fact(block, value * 10 ** int(scale[0]), start, scale[1])
    for power, start, end in islice(words.scales.every(text), MOST):
        yield _fact(block, 10 ** int(power), start, end)  # a million
        yield _fact(block, 10 ** int(power) // 2, start, end)  # half a million


def _kanji(signs: str) -> int | None:
    """三十五 as 35, 二〇二六 as 2026."""
    if not any(sign in _STEPS for sign in signs):
        return int("".join(str(_ONES[sign]) for sign in signs))
    total, held = 0, 0
    for sign in signs:
        if sign in _STEPS:
            total += (held or 1) * _STEPS[sign]
            held = 0
        else:
            held = _ONES[sign]
    return total + held


def _fact(block: Block, value: int, start: int, end: int) -> Fact:
    first, last, said = block.words(start, end)
    place = Place(block.field, block.number, first, last)
    return Fact(Kind.NUMBER, str(value), place, said, spelt=True)
