"""Words: how text is folded for comparison, and which of many keywords it holds."""

import re
import unicodedata
from collections.abc import Iterable

from ahocorasick_rs import AhoCorasick
from lxml import html

# Scripts in which words are not set apart by spaces, or carry their particles (Hangul).
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u2e80-\u9fff"
    "\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)
_INLINE = frozenset({"a", "abbr", "b", "cite", "code", "em", "i", "span", "strong", "sub", "sup"})


def fold(text: str) -> str:
    """NFKC and casefolded until nothing changes, white space as single blanks."""
    folded = unicodedata.normalize("NFKC", text)
    while (again := unicodedata.normalize("NFKC", folded.casefold())) != folded:
        folded = again
    return " ".join(folded.split())


def plain(fragment: str) -> str:
    """The text of an HTML fragment; blocks are set apart by a blank."""
    if not fragment.strip():
        return ""
    root = html.fragment_fromstring(fragment, create_parent="div")
    for element in root.iter():
        if not isinstance(element.tag, str):  # a comment
            element.text = ""
        elif element.tag not in _INLINE:
            element.text = f" {element.text or ''}"
            element.tail = f" {element.tail or ''}"
    return str(root.text_content())


class Keywords:
    """Many keywords, found together in one pass over a text."""

    def __init__(self, words: Iterable[str]) -> None:
        """`words` are folded."""
        self._words = sorted(set(words))
        self._automaton = AhoCorasick(self._words)

    def __len__(self) -> int:
        return len(self._words)

    def find(self, text: str) -> frozenset[str]:
        """The keywords that `text` holds as whole words; inside words in spaceless scripts."""
        if not self._words:
            return frozenset()
        folded = fold(text)
        found: set[int] = set()
        for number, start, end in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            if number not in found and _stands_alone(folded, start, end):
                found.add(number)
        return frozenset(self._words[number] for number in found)


def _stands_alone(text: str, start: int, end: int) -> bool:
    before = start > 0 and _one_word(text[start - 1], text[start])
    after = end < len(text) and _one_word(text[end - 1], text[end])
    return not before and not after


def _one_word(left: str, right: str) -> bool:
    """True where a word runs on from `left` to `right`."""
    return _in_word(left) and _in_word(right)


def _in_word(character: str) -> bool:
    if _SPACELESS.match(character):
        return False
    return character.isalnum() or unicodedata.category(character).startswith("M")
