"""Set a value apart from the text around it, so that neither turns the other's direction.

Unicode isolates (UAX 9): FIRST STRONG ISOLATE (U+2068) before, POP DIRECTIONAL ISOLATE (U+2069)
after. They are for text that people read: never for addresses, headers or other fields that
programs read. HTML says the same with bdi.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

OPEN, CLOSE = "\u2068", "\u2069"
OPENS: Mapping[str, str] = MappingProxyType({"ltr": "\u2066", "rtl": "\u2067"})  # way is known
TO_LEFT, TO_RIGHT = "\u200f", "\u200e"  # marks: what follows is right to left, left to right

# What a stranger's text must not bring: it would reach beyond its own end.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_RIGHT = frozenset({"R", "AL"})
_APART = {"ltr": frozenset({"R", "AL", "AN"}), "rtl": frozenset({"L", "EN", "AN"})}


class Said(str):
    """Text of the wire's own in which every value is set apart already."""

    __slots__ = ()


def isolated(value: object, way: str) -> str:
    """The value, set apart where text that goes `way` ("ltr" or "rtl") would mix with it.

    From left to right that is a value with right-to-left letters, from right to left one with
    Latin letters or figures: a ticker, an address, a phone number.
    """
    if isinstance(value, Said):
        return value
    text = unturned(str(value))
    if not any(unicodedata.bidirectional(c) in _APART[way] for c in text):
        return text
    return f"{OPEN}{text}{CLOSE}"


def unturned(text: str) -> str:
    """The text without isolates, embeddings and overrides: as a program would compare it."""
    return _TURNS.sub("", text)


def led(line: str, way: str) -> str:
    """A line of plain text that its reader will see go `way`, whatever it begins with.

    Programs take a line's direction from its first letter. Where that misleads, and the line
    holds letters of its own direction, a mark goes before it; an address alone stays as it is.
    """
    strong = [unicodedata.bidirectional(c) for c in line]
    ways = ["rtl" if kind in _RIGHT else "ltr" for kind in strong if kind == "L" or kind in _RIGHT]
    if not ways or ways[0] == way or way not in ways:
        return line
    return (TO_LEFT if way == "rtl" else TO_RIGHT) + line
