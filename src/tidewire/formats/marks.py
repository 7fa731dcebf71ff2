"""Inline codes as marks that a person can type and move: ⟦1⟧report⟦/1⟧, ⟦2⟧ for a lone one."""

import re
from collections.abc import Sequence

from tidewire.formats.codes import Code, Piece, Pieces, Side, joined

_MARK = re.compile(r"⟦(?P<end>/?)(?P<number>[1-9][0-9]{0,4})⟧")
_SPACES = re.compile(r"[ \t\r\n]+")  # not the no-break space, which stays


def mark(code: Code) -> str:
    """One code as its mark."""
    return f"⟦{'/' if code.side is Side.END else ''}{code.number}⟧"


def marked(pieces: Sequence[Piece]) -> str:
    """Pieces as a text with marks."""
    text = "".join(mark(piece) if isinstance(piece, Code) else piece for piece in pieces)
    return _SPACES.sub(" ", text).strip(" ")


def read_marked(text: str, source: Sequence[Piece]) -> Pieces:
    """A text with marks as pieces; `source` says which codes are lone. White space is one space."""
    lone = {p.number for p in source if isinstance(p, Code) and p.side is Side.LONE}
    pieces: list[Piece] = []
    text, at = _SPACES.sub(" ", text).strip(" "), 0
    for found in _MARK.finditer(text):
        pieces.append(text[at : found.start()])
        number = int(found["number"])
        open_side = Side.LONE if number in lone else Side.START
        pieces.append(Code(number, Side.END if found["end"] else open_side))
        at = found.end()
    pieces.append(text[at:])
    return joined(pieces)
