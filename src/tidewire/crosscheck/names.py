"""Names in Latin letters: one that another text spells almost so.

Nothing is transliterated: a name in another script is not compared.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import islice

from tidewire.crosscheck.fact import Fact, Kind, Place
from tidewire.crosscheck.text import Block

MOST = 2_000  # words with a capital that are read of a text
_SHORTEST = 4
_CAPITAL = re.compile(r"[A-ZÀ-ÖØ-ÞŁŚŞŠŽĐ][A-Za-zÀ-ÿĀ-ž'’]{2,30}")


def misspelt(base: Sequence[Block], other: Sequence[Block]) -> Iterator[tuple[Fact, Fact]]:
    """Words with a capital beside the same neighbour in both texts, and almost the same.

    The neighbour ("Ada" of "Ada Sample") keeps words apart that two languages spell alike:
    Copenhagen and Kopenhagen are no mistake.
    """
    ours, theirs = list(beside(base)), list(beside(other))
    known = {fact.words.casefold() for _, fact in ours}
    there = {fact.words.casefold() for _, fact in theirs}
    by_neighbour: dict[str, list[Fact]] = {}
    for neighbour, fact in ours:
        by_neighbour.setdefault(neighbour, []).append(fact)
    told: set[str] = set()
    for neighbour, fact in theirs:
        word = fact.words.casefold()
        if word in known or word in told:
            continue
        for mine in by_neighbour.get(neighbour, [])[:20]:
            if mine.words.casefold() not in there and almost(mine.words, fact.words):
                told.add(word)
                yield mine, fact
                break


def almost(one: str, other: str) -> bool:
    """One letter added, left out, changed, or two changed places; but not only another ending."""
    a, b = one.casefold(), other.casefold()
    if a == b or min(len(a), len(b)) < _SHORTEST or a.startswith(b) or b.startswith(a):
        return False
    if abs(len(a) - len(b)) > 1:
        return False
    start = next(at for at, (x, y) in enumerate(zip(a, b, strict=False)) if x != y)
    a, b = a[start:], b[start:]
    turned = a[:2] == b[1::-1] and a[2:] == b[2:] and len(a) > 1 and len(b) > 1
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or turned


def inserted(one: str, other: str) -> bool:
    """As `almost`, but no two letters changed: beside one name another may stand (Anna, Anne)."""
    return almost(one, other) and (len(one) != len(other) or sorted(one) == sorted(other))


def beside(text: Sequence[Block]) -> Iterator[tuple[str, Fact]]:
    """Each word with a capital that stands beside another, with that neighbour."""
    for block in text:
        previous: re.Match[str] | None = None
        for found in islice(_CAPITAL.finditer(block.raw), MOST):
            if previous and block.raw[previous.end() : found.start()] in (" ", "\u00a0", "-"):
                yield f"< {previous.group().casefold()}", _fact(block, found)
                yield f"> {found.group().casefold()}", _fact(block, previous)
            previous = found


def _fact(block: Block, found: "re.Match[str]") -> Fact:
    place = Place(block.field, block.number, found.start(), found.end())
    return Fact(Kind.NAME, found.group(), place, found.group())
