"""HTML pages and fragments."""

from typing import Any

from lxml.html import HtmlElement

from tidewire.intake.blocks import blocks_of, parse
from tidewire.intake.draft import Draft
from tidewire.intake.dressed import undress
from tidewire.languages import is_language


def read_html(text: str, language: str = "") -> Draft:
    """A draft from HTML: its h1 (or title) is the headline, its lang the language."""
    tree = parse(text)
    known: dict[str, Any] = {}
    declared = str(tree.get("lang", "")).strip()
    if is_language(declared):
        known["language"] = declared
    headline = _take(tree, "body//h1") or _take(tree, "head/title")
    if headline:
        known["headline"] = headline
    return undress(blocks_of(tree.find("body")), language, known)


def _take(tree: HtmlElement, path: str) -> str:
    """The text of the first such element, which is taken out of the tree."""
    found = tree.find(path)
    if found is None:
        return ""
    text = " ".join(str(found.text_content()).split())
    found.drop_tree()
    return text
