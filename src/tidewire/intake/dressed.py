"""A text with a wire's furniture around it becomes a draft: fields here, bare text there."""

from typing import Any

from tidewire.intake.blocks import Block
from tidewire.intake.checks.language import detect
from tidewire.intake.dateline import opening_dateline
from tidewire.intake.draft import Draft
from tidewire.intake.furniture import take_furniture
from tidewire.intake.wire_copy import take_copy


def undress(blocks: list[Block], language: str, rendition: dict[str, Any]) -> Draft:
    """The draft of these blocks; `rendition` holds what the reader knew already."""
    declared = language or str(rendition.get("language", ""))
    likely = declared or _detected(blocks)
    copy = take_copy(blocks, likely, headed="headline" in rendition)
    written = declared or str((copy or {}).get("language", ""))
    found = take_furniture(blocks, written or likely)
    tag = written or _detected(found.blocks)
    fields = {**(copy or {}), **rendition, "language": tag}
    opening = opening_dateline(found.blocks[0].text, tag) if found.blocks and copy is None else None
    if opening:
        dateline, length = opening
        if found.blocks[0].cut(length):
            fields["dateline"] = dateline
    if found.boilerplate:
        fields["boilerplate_html"] = found.boilerplate
    body = "\n".join(block.html() for block in found.blocks)
    return Draft(body, rendition=fields, shared=found.fields)


def _detected(blocks: list[Block]) -> str:
    guess = detect(" ".join(block.text for block in blocks))
    return guess.language if guess else "en"
