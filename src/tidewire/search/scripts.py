"""How words are found in each script: runs of text, and what each is cut into.

Where no space parts words (Chinese, Japanese, Thai, Lao, Khmer, Burmese), and in Korean, where
what hangs on a word is written with it, every unit and every pair of neighbours is a term: any
word is found, with no dictionary that could miss one. A unit is a character with its marks.
Elsewhere a word is a term, as its stem.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

LONGEST = 64  # characters of a word that count

# Han with its marks of repetition, kana with the long mark, Thai, Lao, Burmese, Khmer.
_HAN_KANA = (
    r"々〆〇\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
)
_SOUTHEAST = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"
_HANGUL = r"\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3"
_RUN = re.compile(
    rf"(?P<close>[{_HAN_KANA}]+)|(?P<marked>[{_SOUTHEAST}]+)|(?P<korean>[{_HANGUL}]+)"
    rf"|(?P<word>(?:(?![{_HAN_KANA}{_SOUTHEAST}{_HANGUL}])[\w\u0300-\u036f\u064b-\u0652\u0900-\u0dff])+)"
)
_DIGIT_BREAK = re.compile(r"(?<=\d)[.,٫٬](?=\d)")  # 1,234 and 1.234 are one figure


class Way(Enum):
    """How a run is cut: into pairs of units, or as one word."""

    PAIRS = "pairs"
    KOREAN = "korean"  # pairs; a question leaves off what hangs on the word
    WORD = "word"


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of one way of writing: its units (of a word: the word alone)."""

    way: Way
    units: tuple[str, ...]


def runs(text: str) -> Iterator[Run]:
    """The runs of a text, in its order; widths and cases are levelled first (NFKC, casefold)."""
    level = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    for found in _RUN.finditer(_DIGIT_BREAK.sub("", level.replace("_", " "))):
        kind, piece = found.lastgroup, found[0]
        if kind == "word":
            if any(char.isalnum() for char in piece):
                yield Run(Way.WORD, (piece[:LONGEST],))
        elif kind == "marked":
            units = _units(piece)
            if units:
                yield Run(Way.PAIRS, units)
        else:
            yield Run(Way.KOREAN if kind == "korean" else Way.PAIRS, tuple(piece))


def _units(piece: str) -> tuple[str, ...]:
    """Characters with the marks that stand on them; signs that are no letters are left out."""
    units: list[str] = []
    for char in piece:
        kind = unicodedata.category(char)
        if kind in ("Mn", "Mc") and units:
            units[-1] = (units[-1] + char)[:LONGEST]
        elif kind[0] in "LN":
            units.append(char)
    return tuple(units)
