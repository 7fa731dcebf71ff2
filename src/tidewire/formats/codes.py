"""Inline markup as numbered codes among plain text: what a translator moves, and never breaks.

A piece is plain text (unescaped) or a Code. The markup behind each number stays with the source,
so a translation can carry no markup of its own: `<a href="...">report</a>` is code 1 around a
word, wherever the translation puts that word.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from html import unescape

from tidewire.formats.body import legal

# A tag as the allow-list writes it: attributes in double quotes, which may hold ">".
TAG = re.compile(r'<(?P<end>/?)(?P<name>[a-z][a-z0-9]*)(?: [a-z-]+="[^"]*")*>')
INLINE = frozenset({"a", "strong", "em", "br", "sub", "sup"})
_LONE = frozenset({"br"})


class Side(StrEnum):
    """Where a code stands: around text, or by itself."""

    START = "start"
    END = "end"
    LONE = "lone"


@dataclass(frozen=True, slots=True)
class Code:
    """One end of an inline element, by its number in the source (from 1)."""

    number: int
    side: Side


Piece = str | Code
Pieces = tuple[Piece, ...]
Codes = tuple[tuple[str, str], ...]  # by number - 1: the start tag, and the end tag ("" for none)


class Unbalanced(ValueError):
    """Inline markup that does not close what it opens; says how."""


def coded(markup: str) -> tuple[Pieces, Codes]:
    """Inline HTML, as the allow-list leaves it, as pieces and the tags behind their codes.

    Raises Unbalanced where it is not in that form.
    """
    pieces: list[Piece] = []
    codes: list[tuple[str, str]] = []
    open_: list[int] = []
    at = 0
    for tag in TAG.finditer(markup):
        _add_text(pieces, markup[at : tag.start()])
        at = tag.end()
        if tag["name"] not in INLINE:
            raise Unbalanced(f"<{tag['name']}> stands inside a line of text")
        if not tag["end"]:
            lone = tag["name"] in _LONE
            codes.append((tag[0], "" if lone else f"</{tag['name']}>"))
            pieces.append(Code(len(codes), Side.LONE if lone else Side.START))
            if not lone:
                open_.append(len(codes))
        elif open_ and codes[open_[-1] - 1][1] == tag[0]:
            pieces.append(Code(open_.pop(), Side.END))
        else:
            raise Unbalanced(f"{tag[0]} closes nothing")
    _add_text(pieces, markup[at:])
    if open_:
        raise Unbalanced(f"{codes[open_[-1] - 1][0]} is not closed")
    return tuple(pieces), tuple(codes)


def markup_of(pieces: Sequence[Piece], codes: Codes) -> str:
    """The pieces as inline HTML; what `coded` made comes back to the letter."""
    written = []
    for piece in pieces:
        if isinstance(piece, str):
            written.append(_escaped(piece))
        else:
            start, end = codes[piece.number - 1]
            written.append(end if piece.side is Side.END else start)
    return "".join(written)


def plain(pieces: Sequence[Piece]) -> str:
    """The text alone."""
    return "".join(piece for piece in pieces if isinstance(piece, str))


def joined(pieces: Sequence[Piece]) -> Pieces:
    """The same, legal in XML, and neighbouring texts as one."""
    whole: list[Piece] = []
    for piece in pieces:
        if isinstance(piece, str):
            piece = legal(piece)
            if whole and isinstance(last := whole[-1], str):
                whole[-1] = last + piece
            elif piece:
                whole.append(piece)
        else:
            whole.append(piece)
    return tuple(whole)


def fault(source: Sequence[Piece], target: Sequence[Piece]) -> str:
    """What is wrong with the codes of a translation, as the end of a sentence; "" where right.

    Each code of the source stands in it once, whole, and closes before what it stands in. Their
    order is the translator's.
    """
    wanted = {(p.number, p.side) for p in source if isinstance(p, Code)}
    seen: set[tuple[int, Side]] = set()
    open_: list[int] = []
    for piece in target:
        if isinstance(piece, str):
            continue
        key = piece.number, piece.side
        if key not in wanted:
            return f"has a code {piece.number} that the source does not have"
        if key in seen:
            return f"has code {piece.number} twice"
        seen.add(key)
        if piece.side is Side.START:
            open_.append(piece.number)
        elif piece.side is Side.END and (not open_ or open_.pop() != piece.number):
            return f"closes code {piece.number} where it is not the last one opened"
    missing = sorted({number for number, _ in wanted - seen})
    return f"lacks code {missing[0]}" if missing else ""


def _add_text(pieces: list[Piece], text: str) -> None:
    if "<" in text:
        raise Unbalanced("a '<' stands in it that begins no tag")
    if text:
        pieces.append(unescape(text))


def _escaped(text: str) -> str:
    """Text as the allow-list writes it (HTML Standard, 13.3)."""
    for plain_, written in (("&", "&amp;"), ("\u00a0", "&nbsp;"), ("<", "&lt;"), (">", "&gt;")):
        text = text.replace(plain_, written)
    return text
