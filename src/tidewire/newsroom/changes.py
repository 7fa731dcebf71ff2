"""What a correction changed in the text of one rendition, block by block and word by word."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Literal

from lxml import html

from tidewire.model.rendition import Rendition

BLOCKS = "//p|//h2|//h3|//li|//blockquote[not(.//p)]|//caption|//tr"
ALIKE = 0.35  # below this share of common words a block was replaced, not reworded
# Words; single characters in scripts that put no space between words.
_TOKENS = re.compile(
    r"[぀-ヿ㐀-鿿豈-﫿]"  # kana, Han
    r"|[฀-๿][ัิ-ฺ็-๎]*"  # Thai with its marks
    r"|[^\W぀-ヿ㐀-鿿豈-﫿฀-๿]+|\s+|."
)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text that is in both versions, or in one of them only."""

    kind: Literal["kept", "added", "removed"]
    text: str


Change = tuple[Run, ...]


def changes(before: Rendition, after: Rendition) -> tuple[Change, ...]:
    """The blocks (headline, paragraph, item, row) that differ; unchanged blocks are left out."""
    old, new = _blocks(before), _blocks(after)
    found: list[Change] = []
    for act, i1, i2, j1, j2 in SequenceMatcher(a=old, b=new, autojunk=False).get_opcodes():
        if act != "equal":
            found.extend(_paired(old[i1:i2], new[j1:j2]))
    return tuple(found)


def _paired(old: Sequence[str], new: Sequence[str]) -> Iterator[Change]:
    """Blocks that took each other's place, in order; what is left over came or went whole."""
    shared = min(len(old), len(new))
    for before, after in zip(old[:shared], new[:shared], strict=True):
        yield from _reworded(before, after)
    for gone in old[shared:]:
        yield (Run("removed", gone),)
    for come in new[shared:]:
        yield (Run("added", come),)


def _reworded(before: str, after: str) -> Iterator[Change]:
    old, new = _TOKENS.findall(before), _TOKENS.findall(after)
    matcher = SequenceMatcher(a=old, b=new, autojunk=False)
    if matcher.ratio() < ALIKE:
        yield (Run("removed", before),)
        yield (Run("added", after),)
        return
    runs: list[Run] = []
    for act, i1, i2, j1, j2 in matcher.get_opcodes():
        if act == "equal":
            runs.append(Run("kept", "".join(old[i1:i2])))
            continue
        if i1 != i2:
            runs.append(Run("removed", "".join(old[i1:i2])))
        if j1 != j2:
            runs.append(Run("added", "".join(new[j1:j2])))
    yield tuple(runs)


def _blocks(rendition: Rendition) -> list[str]:
    found = [rendition.headline, rendition.subheadline]
    for part in (rendition.body, rendition.boilerplate):
        if part.strip():
            tree = html.fragment_fromstring(part, create_parent="div")
            found.extend(_text(block) for block in tree.xpath(BLOCKS))
    return [text for text in found if text]


def _text(block: html.HtmlElement) -> str:
    cells = block.xpath("./td|./th")
    parts = [cell.text_content() for cell in cells] if cells else [block.text_content()]
    return " · ".join(" ".join(part.split()) for part in parts)
