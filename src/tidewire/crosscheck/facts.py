"""Read all facts of a rendition."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from tidewire.crosscheck.calendar import dates, quarters, weekdays
from tidewire.crosscheck.codes import codes, links
from tidewire.crosscheck.digits import turned
from tidewire.crosscheck.fact import COUNTS, Fact, Kind, Place
from tidewire.crosscheck.figures import figure_facts
from tidewire.crosscheck.spelt import spelt_facts
from tidewire.crosscheck.text import Block, blocks, table_rows
from tidewire.crosscheck.times import times
from tidewire.crosscheck.vocabulary import Vocabulary, other_way, vocabulary
from tidewire.model.rendition import Rendition

MOST = 4_000  # facts of a rendition; what comes after is not compared
_QUOTE = re.compile(r"[«“„「『‟\"]([^»”“」』\"]{8,})")
_SHORTEST_QUOTE = 20  # letters; each Chinese, Japanese or Korean one counts for two


@dataclass(frozen=True, slots=True)
class Facts:
    """What one rendition says. `text` are its blocks, in reading order."""

    language: str
    text: tuple[Block, ...]
    facts: tuple[Fact, ...]

    def said(self) -> Iterator[Fact]:
        """Those that stand in the text in digits, codes or names."""
        return (fact for fact in self.facts if not fact.spelt and fact.kind not in COUNTS)

    def count(self, kind: Kind) -> int:
        """How many quotes, paragraphs, list items or table rows there are."""
        return next((int(fact.value) for fact in self.facts if fact.kind is kind), 0)


def read(rendition: Rendition) -> Facts:
    """The facts of a rendition. Never raises; what is beyond the bounds is left out."""
    text = blocks(rendition)
    words = vocabulary(rendition.language)
    if turned((block.plain for block in text), words):
        words = other_way(words)
    found: list[Fact] = []
    for block in text:
        found += _of_block(block, words)
        if len(found) > MOST:
            break
    found += _counts(rendition, text)
    return Facts(rendition.language, text, tuple(found))


def _of_block(block: Block, words: Vocabulary) -> list[Fact]:
    """Each reader blots out what it took, so that the digits of a date are no numbers."""
    found = list(links(block))
    text = block.plain
    readers: tuple[Callable[[str], Iterable[tuple[Fact, int, int]]], ...] = (
        lambda left: codes(block, left),
        lambda left: dates(block, left, words),
        lambda left: times(block, left, words),
        lambda left: quarters(block, left, words),
    )
    for reader in readers:
        blotted = list(text)
        for fact, start, end in reader(text):
            if "\x00" in blotted[start:end]:
                continue
            blotted[start:end] = "\x00" * (end - start)
            if fact.value:
                found.append(fact)
        text = "".join(blotted)
    found += weekdays(block, text, words)
    found += figure_facts(block, text, words)
    found += spelt_facts(block, text, words)
    return sorted(found, key=lambda fact: fact.place.start)


def _counts(rendition: Rendition, text: tuple[Block, ...]) -> list[Fact]:
    body = [block for block in text if block.field == "body_html"]
    counts = {
        Kind.QUOTES: sum(_quotes(block) for block in body),
        Kind.PARAGRAPHS: sum(block.tag in ("p", "div", "blockquote") for block in body),
        Kind.ITEMS: sum(block.tag == "li" for block in body),
        Kind.ROWS: table_rows(rendition.body),
    }
    return [
        Fact(kind, str(number), Place("body_html"), str(number)) for kind, number in counts.items()
    ]


def _quotes(block: Block) -> bool:
    """Whether somebody is quoted in a block at some length."""
    if block.tag == "blockquote":
        return True
    return any(
        sum(2 if "\u2e80" <= sign <= "\uffdc" else 1 for sign in found[1]) >= _SHORTEST_QUOTE
        for found in _QUOTE.finditer(block.raw)
    )
