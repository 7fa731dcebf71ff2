"""A text with a wire's furniture around it becomes a draft: fields here, bare text there."""

from typing import Any

from tidewire.intake.blocks import Block
from tidewire.intake.checks.language import detect
from tidewire.intake.dateline import opening_dateline
from tidewire.intake.draft import Draft
from tidewire.intake.furniture import take_furniture


def undress(blocks: list[Block], language: str, rendition: dict[str, Any]) -> Draft:
    """The draft of these blocks; `rendition` holds what the reader knew already."""
    found = take_furniture(blocks)
    text = " ".join(block.text for block in found.blocks)
    guess = detect(text)
    tag = language or str(rendition.get("language", "")) or (guess.language if guess else "en")
    fields = {**rendition, "language": tag}
    if found.blocks and (opening := opening_dateline(found.blocks[0].text, tag)):
        dateline, length = opening
        if found.blocks[0].cut(length):
            fields["dateline"] = dateline
    if found.boilerplate:
        fields["boilerplate_html"] = found.boilerplate
    body = "\n".join(block.html() for block in found.blocks)
    return Draft(body, rendition=fields, shared=found.fields)
