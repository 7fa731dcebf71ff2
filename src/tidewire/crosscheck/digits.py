"""Figures in digits: what "1.234,5", "1 234,5", "1,23,456" and "12億3400万" come to."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice

from tidewire.crosscheck.vocabulary import Vocabulary

LONGEST = 40  # characters; what is longer is no figure
MOST = 2_000  # figures that are read of one block

# Digits with what parts them; a plain space only before three of them.
TOKEN = re.compile(r"\d+(?:(?:[.,٫٬،'\u00a0](?=\d)|[ ](?=\d{3}(?!\d)))\d+)*")
# "3.5 %": a fraction without doubt; not a time ("22.30"), a date ("2.3.") or a sentence's end.
_BROKEN = re.compile(r"(?<![\d.,])\d{1,3}([.,])\d(?= ?%|[ \u00a0]?\w{3})(?![\d.,]*\d)")
_SPACES = "\u00a0 "
_GROUPS = re.compile(r"\d{1,3}(?:\D\d{3})+|\d{1,2}(?:\D\d{2})+\D\d{3}")


@dataclass(frozen=True, slots=True)
class Figure:
    """A run of digits in a text, and what it says."""

    start: int
    end: int
    value: Decimal
    grouped: bool = False


def figures(text: str, words: Vocabulary) -> Iterator[Figure]:
    """Each run of digits of a text (in the spelling of `text.plain`), in order."""
    for count, found in enumerate(TOKEN.finditer(text)):
        if count >= MOST:
            return
        if found.end() - found.start() <= LONGEST:
            yield from _split(found.group(), found.start(), words)


def decimal_text(value: Decimal) -> str:
    """A decimal as plain digits: "1234000000", "3.5", never with an exponent."""
    text = format(value, "f")
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"


def _split(token: str, start: int, words: Vocabulary) -> Iterator[Figure]:
    """One figure; or several, where what parts the digits does not make one of them."""
    if (read := _read(token, words)) is not None:
        yield Figure(start, start + len(token), *read)
        return
    at = start
    for part in re.split(r"(\D)", token):
        if part.isdigit():
            yield Figure(at, at + len(part), Decimal(part))
        at += len(part)


def turned(texts: Iterable[str], words: Vocabulary) -> bool:
    """Whether a whole text writes "1.5" where its language would write "1,5", and never so."""
    signs = ".,"
    if words.decimal not in signs:
        return False
    own, other = 0, 0
    for text in texts:
        for found in islice(_BROKEN.finditer(text), MOST):
            own += found[1] == words.decimal
            other += found[1] != words.decimal
    return other > 0 and own == 0


def _read(token: str, words: Vocabulary) -> tuple[Decimal, bool] | None:
    signs = [c for c in token if not c.isdigit()]
    if not signs:
        return Decimal(token), False
    if " " in signs and not (words.group in _SPACES or words.tag.split("-")[0] in ("es", "pt")):
        return None
    last = signs[-1]
    head, _, tail = token.rpartition(last)
    kinds = set(signs)
    if len(signs) == 1:
        return _one_sign(head, tail, last, words)
    if len(kinds) == 1 or kinds <= set(_SPACES):
        return _grouped(token)
    if len(kinds) == 2 and signs.count(last) == 1 and last not in _SPACES + "'٬":
        whole = _grouped(head)
        return None if whole is None else (Decimal(f"{whole[0]}.{tail}"), True)
    return None


def _one_sign(head: str, tail: str, sign: str, words: Vocabulary) -> tuple[Decimal, bool] | None:
    whole, broken = Decimal(head + tail), Decimal(f"{head}.{tail}")
    thousands = len(tail) == 3 and len(head) <= 3 and not head.startswith("0")
    if sign in _SPACES or sign in "'٬":
        return (whole, True) if thousands else None
    # "1.234": a thousand and more, unless the language puts this sign before fractions.
    if not thousands or sign in ("٫", words.decimal):
        return broken, False
    return whole, True


def _grouped(token: str) -> tuple[Decimal, bool] | None:
    if token.isdigit():
        return Decimal(token), False
    return (Decimal(re.sub(r"\D", "", token)), True) if _GROUPS.fullmatch(token) else None
