"""The text of a rendition in blocks, and one spelling for digits, spaces and marks."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from lxml import etree, html

from tidewire.model.rendition import Rendition

HARD_SPACE = "\u00a0"  # stands for each space that does not part words
LONGEST = 200_000  # characters of a field that are looked at
_BLOCKS = frozenset(
    {"p", "h1", "h2", "h3", "h4", "h5", "h6", "li", "td", "th", "caption", "blockquote", "div"}
    | {"ul", "ol", "table", "tr", "thead", "tbody"}
)
_UNSEEN = frozenset({"script", "style", "title", "template", "noscript", "textarea", "iframe"})
_ALIKE = str.maketrans("أإآٱىـ‐‑−’‘ʼ٪﹪", "ااااي\x00---'''%%")


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, subhead, list item or table cell; `tag` is its element, "" for a headline.

    A paragraph inside a blockquote has the tag "blockquote". `plain` is the text in one
    spelling; `origin` leads from a character of it to one of `raw`.
    """

    field: str
    number: int
    tag: str
    raw: str
    links: tuple[str, ...] = ()
    plain: str = ""
    origin: tuple[int, ...] = ()

    def words(self, start: int, end: int) -> tuple[int, int, str]:
        """Where `plain[start:end]` stands in `raw`, and the words there."""
        first, last = self.origin[start], self.origin[end - 1] + 1
        return first, last, self.raw[first:last]


def blocks(rendition: Rendition) -> tuple[Block, ...]:
    """All blocks of a rendition in reading order."""
    found = [_block("headline", 0, "", rendition.headline, ())]
    found.append(_block("subheadline", 0, "", rendition.subheadline, ()))
    for name, markup in (
        ("body_html", rendition.body),
        ("boilerplate_html", rendition.boilerplate),
    ):
        for number, (tag, raw, links) in enumerate(_pieces(markup[:LONGEST])):
            found.append(_block(name, number, tag, raw, links))
    return tuple(block for block in found if block.raw or block.links)


def table_rows(markup: str) -> int:
    """How many rows the tables of an HTML fragment have."""
    root = _tree(markup[:LONGEST])
    return 0 if root is None else sum(1 for _ in root.iter("tr"))


def plain(raw: str) -> str:
    """The text in one spelling: ASCII digits, no marks that only turn or lengthen."""
    return _spelt_alike(raw)[0]


def _block(name: str, number: int, tag: str, raw: str, links: tuple[str, ...]) -> Block:
    text, origin = _spelt_alike(raw)
    return Block(name, number, tag, raw, links, text, origin)


def _pieces(markup: str) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Tag, text and links of each block of an HTML fragment."""
    root = _tree(markup)
    if root is None:
        return
    open_tags: list[str] = []
    buffer: list[str] = []
    links: list[str] = []
    hidden = 0

    def close() -> Iterator[tuple[str, str, tuple[str, ...]]]:
        text = " ".join("".join(buffer).split(" ")).strip()
        if text or links:
            tag = open_tags[-1] if open_tags else "p"
            if tag in ("p", "div") and "blockquote" in open_tags:
                tag = "blockquote"
            yield tag, " ".join(text.split("\n")), tuple(links)
        buffer.clear()
        links.clear()

    for event, element in etree.iterwalk(root, events=("start", "end")):
        tag = element.tag if isinstance(element.tag, str) else ""
        if event == "start":
            if tag in _BLOCKS:
                yield from close()
                open_tags.append(tag)
            hidden += tag in _UNSEEN
            if tag == "a" and (href := element.get("href")):
                links.append(href)
            buffer.append("\n" if tag == "br" else "")
            if tag and not hidden:
                buffer.append(element.text or "")
        else:
            if tag in _BLOCKS:
                yield from close()
                open_tags.pop()
            hidden -= tag in _UNSEEN
            if not hidden:
                buffer.append(element.tail or "")
    yield from close()


@lru_cache(maxsize=64)
def _tree(markup: str) -> "etree._Element | None":
    if not markup.strip():
        return None
    try:
        parser = html.HTMLParser(huge_tree=True)
        tree: etree._Element = html.fragment_fromstring(markup, create_parent="div", parser=parser)
        return tree
    except (etree.ParserError, etree.XMLSyntaxError, ValueError):
        return None


def _spelt_alike(raw: str) -> tuple[str, tuple[int, ...]]:
    kept: list[str] = []
    origin: list[int] = []
    for at, sign in enumerate(raw):
        alike = _alike(sign)
        if unicodedata.combining(sign) and kept and alike:
            joined = unicodedata.normalize("NFC", kept[-1] + sign)
            if len(joined) == 1:
                kept[-1] = joined
                continue
        if alike:
            kept.append(alike)
            origin.append(at)
    return "".join(kept), tuple(origin)


@lru_cache(maxsize=8192)
def _alike(sign: str) -> str:
    """One sign in the spelling that all patterns are written in; "" for what only shapes."""
    if sign.isascii():
        return sign
    if (digit := unicodedata.decimal(sign, None)) is not None:
        return str(digit)
    if "\uff01" <= sign <= "\uff5e":
        return chr(ord(sign) - 0xFEE0)
    if sign == "\u3000":
        return " "
    if unicodedata.category(sign) == "Zs":
        return HARD_SPACE
    # Arabic vowel signs are written or not; format characters only turn and join.
    if unicodedata.category(sign) == "Cf" or "\u064b" <= sign <= "\u0652" or sign == "\u0670":
        return ""
    turned = sign.translate(_ALIKE)
    return "" if turned == "\x00" else turned
