"""Whom to ask: the contacts at the end of a text."""

import re
from typing import Any

from tidewire.intake.blocks import Block
from tidewire.intake.own_words import OwnWords, plain

_MOST = 6
_CONTACT = re.compile(
    r"(?:(?P<role>[^:：@]{2,80}?)\s*[:：]\s*)?(?P<name>[^:：@+\d]{2,80}?)"
    r"(?:\s+(?P<mail>[^\s@]+@[^\s@]+\.[^\s@]+))?"
    r"(?:\s+(?P<phone>\+?\(?\d[\d\s()./–-]{4,24}))?"
)


def take_contacts(blocks: list[Block], words: OwnWords) -> list[dict[str, Any]]:
    """The contacts that the text ends with, under their heading, or each after what it does.

    They are taken off. Nobody is one who has neither a mail address nor a number.
    """
    found: list[dict[str, Any]] = []
    for block in reversed(blocks[-_MOST:]):
        if contact := _contact(plain(block.text)):
            found.insert(0, contact)
        else:
            break
    if not found or len(found) == len(blocks):
        return []
    above = blocks[-len(found) - 1]
    if _is_heading(above.text, words):
        del blocks[-len(found) - 1 :]
        return found
    while found and not _is_heading(found[0]["role"], words):
        del found[0]
    if found:
        del blocks[-len(found) :]
    return found


def _contact(text: str) -> dict[str, Any] | None:
    match = _CONTACT.fullmatch(text) if len(text) < 400 else None
    if match is None or not (match["mail"] or match["phone"]):
        return None
    return {key: (value or "").strip() for key, value in match.groupdict().items()}


def _is_heading(text: str, words: OwnWords) -> bool:
    return plain(text).rstrip(" :：").casefold() in words.headings
