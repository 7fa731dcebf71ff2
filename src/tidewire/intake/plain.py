"""Plain text: paragraphs, lists, and the furniture that a wire left in it."""

import html
import re

from tidewire.intake.blocks import Block, blocks_of, parse
from tidewire.intake.draft import Draft
from tidewire.intake.dressed import undress

_BULLET = re.compile(r"\s*(?:[-*•–]|\d{1,2}[.)])\s+(?=\S)")
_LONGEST_HEADLINE = 200
_SENTENCE_END = (".", ":", ";", ",", "。", "…")


def read_plain(text: str, language: str = "") -> Draft:
    """A draft from plain text; `language` is the declared one, "" lets the words decide."""
    blocks = blocks_of(parse(text_html(text)).find("body"))
    headline = _take_headline(blocks) if _parted(text) else ""
    return undress(blocks, language, {"headline": headline} if headline else {})


def text_html(text: str) -> str:
    """Plain text as HTML: empty lines part paragraphs; without any, every line is one."""
    text = text.removeprefix("\ufeff").strip()
    parts = re.split(r"\n[ \t]*\n", text) if _parted(text) else text.split("\n")
    return "\n".join(_part_html(part) for part in parts if part.strip())


def _parted(text: str) -> bool:
    return re.search(r"\S[ \t]*\n[ \t]*\n", text) is not None


def _part_html(part: str) -> str:
    lines = [line for line in part.split("\n") if line.strip()]
    if len(lines) > 1 and all(_BULLET.match(line) for line in lines):
        kind = "ol" if lines[0].strip()[0].isdigit() else "ul"
        items = "".join(f"<li>{html.escape(_BULLET.sub('', x, count=1))}</li>" for x in lines)
        return f"<{kind}>{items}</{kind}>"
    return f"<p>{html.escape(' '.join(part.split()))}</p>"


def _take_headline(blocks: list[Block]) -> str:
    """The first paragraph, if it is a short line that is no sentence and text follows it."""
    if len(blocks) < 2 or blocks[0].tag != "p":
        return ""
    first = blocks[0].text
    if len(first) > _LONGEST_HEADLINE or first.endswith(_SENTENCE_END) or first.startswith("("):
        return ""
    del blocks[0]
    return first
