"""An article as plain text: for mail, for the JSON item, for whoever cannot read HTML."""

import re
from collections.abc import Sequence

from lxml import html
from lxml.html import HtmlElement

from tidewire.formats.article import Article, ContactLine
from tidewire.formats.pictures import ShownPicture
from tidewire.languages import isolated, led
from tidewire.languages.isolates import CLOSE, OPEN, OPENS

_RULE = "--"


def article_text(article: Article, foot: Sequence[str] = ()) -> str:
    """The whole article as text: paragraphs with an empty line between, LF, one at the end.

    `foot` are lines that stand below it, e.g. why the reader gets this mail.
    """
    parts = [article.marked_headline, article.subheadline, article.notice]
    parts += [plain(article.body_html), *_tail(article), article.published_line, article.url]
    below = [_RULE, article.about_wire, *foot]
    text = "\n\n".join(part for part in [*parts, *below] if part)
    return "\n".join(led(row, article.direction) for row in text.split("\n")) + "\n"


def _tail(article: Article) -> list[str]:
    pictures = [article.pictures_heading, *(_picture(p, article) for p in article.pictures)]
    about = [article.about_issuer, plain(article.boilerplate_html)]
    way = article.furniture_direction
    contacts = [article.contacts_heading, *(_contact(c, way) for c in article.contacts)]
    lines = [article.source_line, article.sectors_line, article.licence_line]
    lines += article.origin_lines
    return [*pictures, *about, *contacts, "\n".join(filter(None, lines)), article.disclaimer]


def _picture(picture: ShownPicture, article: Article) -> str:
    return "\n".join(filter(None, (picture.legend(article.direction), picture.url)))


def _contact(contact: ContactLine, way: str) -> str:
    label, name, phone = (isolated(p, way) for p in (contact.label, contact.name, contact.phone))
    said = [f"{label}: {name}", contact.mail, phone]
    return "\n".join(part for part in said if part)


def plain(markup: str) -> str:
    """Allow-listed HTML as text: blocks apart, list items marked, cells with |, links spelt out."""
    if not markup.strip():
        return ""
    root = html.fragment_fromstring(markup, create_parent="div")
    return "\n\n".join(_blocks(root))


def _blocks(parent: HtmlElement) -> list[str]:
    found = [_line(parent.text or "")]
    for child in parent:
        found += [_block(child), _line(child.tail or "")]
    return [text for text in found if text]


def _block(element: HtmlElement) -> str:
    match element.tag:
        case "ul" | "ol":
            return _list(element)
        case "blockquote":
            inner = _blocks(element) if len(element) else [_inline(element)]
            return "\n".join(f"> {text}" for text in "\n\n".join(inner).split("\n"))
        case "table":
            rows = [" | ".join(_inline(cell) for cell in row) for row in element.iter("tr")]
            captions = [_inline(caption) for caption in element.iter("caption")]
            return "\n".join([*captions, *rows])
        case _:
            return _inline(element)


def _list(element: HtmlElement) -> str:
    lines = []
    for number, item in enumerate(element.iterchildren("li"), start=1):
        mark = f"{number}." if element.tag == "ol" else "-"
        lines.append(f"{mark} {_item(item)}")
    return "\n".join(lines)


def _item(item: HtmlElement) -> str:
    """An item's own words, then the lists inside it, one step in."""
    inner = [_list(child) for child in item.iterchildren("ul", "ol")]
    own = _inline(item, without=("ul", "ol"))
    return "\n  ".join([own, *"\n".join(inner).split("\n")]) if inner else own


def _inline(element: HtmlElement, without: tuple[str, ...] = ()) -> str:
    lines = "".join(_runs(element, without)).split("\n")
    return "\n".join(text for text in (_line(part) for part in lines) if text)


def _runs(element: HtmlElement, without: tuple[str, ...]) -> list[str]:
    """The words inside an element in order; br is a line end, a link's address follows it."""
    found = [_spaced(element.text)]
    for child in element:
        if child.tag == "br":
            found.append("\n")
        elif child.tag not in without:
            found += _apart(child, _runs(child, without))
            if child.tag in ("p", "h2", "h3", "li", "tr"):
                found.append("\n")
        found.append(_spaced(child.tail))
    href = element.get("href", "").removeprefix("mailto:") if element.tag == "a" else ""
    if href and href not in "".join(found):
        found.append(f" ({href})")
    return found


def _apart(element: HtmlElement, runs: list[str]) -> list[str]:
    """What stands in a bdi, or says its direction, between isolates."""
    if element.tag != "bdi" and element.get("dir") is None:
        return runs
    return [OPENS.get(element.get("dir", ""), OPEN), *runs, CLOSE]


def _spaced(text: str | None) -> str:
    """Text with every run of white space as one space: line ends mean nothing in HTML."""
    return re.sub(r"\s+", " ", text or "")


def _line(text: str) -> str:
    return " ".join(text.split())
