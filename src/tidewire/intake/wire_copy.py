"""Copy that the wire itself wrote: what stands around its text becomes fields again."""

import re
from itertools import pairwise
from typing import Any

from tidewire import languages
from tidewire.intake.blocks import Block
from tidewire.intake.calendar_words import territory_code
from tidewire.intake.own_words import OwnWords, credit_line, own_words, plain

_HEAD = 3  # headline, subheadline and notice at most stand before the lead
_FARTHEST = 300  # characters before the end of a lead
_RULE = "--"
_URL = re.compile(r"https?://\S+")
_MARKS = str.maketrans("", "", "\u200e\u200f")  # the wire sets them at the heads of lines


def take_copy(blocks: list[Block], language: str, *, headed: bool) -> dict[str, Any] | None:
    """Take lead, subheadline and what stands below off; the rendition's fields that they hold.

    None, and nothing taken, where the text does not bear the wire's own lead. `language` is the
    declared or likely one, `headed` says that the headline has been taken off already, so that
    what stands before the lead is a subheadline.
    """
    for at, block in enumerate(blocks[:_HEAD]):
        text = plain(block.text).translate(_MARKS)
        for tag in dict.fromkeys((language, *languages.known())):
            if not credit_line(tag).search(text, 0, _FARTHEST):
                continue
            words = own_words(tag)
            lead = words.lead.match(text)
            match = lead or credit_line(tag).match(text)
            if match is None:
                continue
            dateline = words.dateline(lead["dateline"]) if lead else None
            if lead and dateline is None:
                continue
            fields = _taken(blocks, at, match.end(), headed=headed, words=words, dateline=dateline)
            if fields and tag != language and dateline and dateline["date"]:
                fields["language"] = tag  # that of the month is surer than a guess from the text
            return fields
    return None


def _taken(
    blocks: list[Block],
    at: int,
    length: int,
    *,
    headed: bool,
    words: OwnWords,
    dateline: dict[str, Any] | None,
) -> dict[str, Any] | None:
    for block in blocks:
        _unturn(block)
    if not blocks[at].cut(length):
        return None  # markup is in the way
    if not blocks[at].text:
        del blocks[at]
    fields: dict[str, Any] = {}
    if dateline:
        rest = " ".join(block.text for block in blocks)
        fields["dateline"] = {
            "place": _spelt(dateline["place"], rest),
            "country": territory_code(dateline["country"], words.tag) or None,
            "date": dateline["date"],
        }
    if headed and at == 1:
        fields["subheadline"] = blocks.pop(0).text
    _take_foot(blocks, words)
    return fields


def _unturn(block: Block) -> None:
    for element in block.element.iter():
        if element.text:
            element.text = languages.unturned(element.text).translate(_MARKS)
        if element.tail and element is not block.element:
            element.tail = languages.unturned(element.tail).translate(_MARKS)


def _spelt(place: str, text: str) -> str:
    """A place in capitals as the text spells it elsewhere; else as it stands."""
    if not place.isupper():
        return place
    for found in re.finditer(rf"\b{re.escape(place)}\b", text, re.IGNORECASE):
        if not found[0].isupper():
            return found[0]
    return place


def _take_foot(blocks: list[Block], words: OwnWords) -> None:
    """What stands from the rule on, and above it the moment and the address of the release."""
    for at, (block, below) in enumerate(pairwise(blocks)):
        if block.text == _RULE and plain(below.text) in words.notes:
            del blocks[at:]
            break
    dated = len(blocks) > 1 and words.published.fullmatch(plain(blocks[-2].text))
    if dated and _URL.fullmatch(blocks[-1].text):
        del blocks[-2:]
