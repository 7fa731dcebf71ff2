"""HTML as a list of its top-level blocks: what readers cut headlines and furniture from."""

from lxml import etree, html

from tidewire.intake.strings import block as clean_text
from tidewire.model.errors import Unreadable

_DROPPED = ("script", "style", "template", "noscript", "iframe", "object")
_WRAPPERS = ("html", "body", "main", "article", "section", "div")


class Block:
    """One paragraph, subhead, list, table ... of a text."""

    def __init__(self, element: html.HtmlElement) -> None:
        self.element = element

    @property
    def tag(self) -> str:
        """The element's name, in small letters."""
        return str(self.element.tag)

    @property
    def text(self) -> str:
        """Its text on one line."""
        return " ".join(str(self.element.text_content()).split())

    def html(self) -> str:
        """It as HTML."""
        return str(html.tostring(self.element, encoding="unicode", with_tail=False))

    def cut(self, length: int) -> bool:
        """Take the first `length` characters of its text off; False if markup is in the way."""
        opening = " ".join((self.element.text or "").split())
        if len(opening) < min(length, len(self.text)):
            return False
        spaced = (self.element.text or "")[-1:].isspace() and len(opening) > length
        self.element.text = opening[length:] + (" " if spaced else "")
        return True


def parse(text: str) -> html.HtmlElement:
    """A whole document or a fragment as a tree without comments and scripts. Raises Unreadable."""
    try:
        given = clean_text(text)
        if "<body" not in given.lower():
            given = f"<html><body>{given}</body></html>"
        parser = html.HTMLParser(remove_comments=True, remove_pis=True)
        tree = html.document_fromstring(given, parser=parser)
    except (ValueError, etree.LxmlError, AssertionError) as error:
        raise Unreadable("This HTML cannot be read.", "Save it as plain HTML in UTF-8.") from error
    if tree.find("body") is None:
        raise Unreadable("This HTML has no body.", "Save it as a plain HTML page.")
    for element in list(tree.iter(*_DROPPED)):
        if isinstance(element, html.HtmlElement):
            element.drop_tree()
    return tree


def blocks_of(body: html.HtmlElement) -> list[Block]:
    """The blocks of an element, wrappers opened, empty ones left out; loose text becomes a p."""
    found: list[Block] = []
    _loose(found, body.text)
    for child in body:
        if child.tag in _WRAPPERS:
            found.extend(blocks_of(child))
        elif child.text_content().strip():
            found.append(Block(child))
        _loose(found, child.tail)
        child.tail = None
    return found


def _loose(found: list[Block], text: str | None) -> None:
    if text and text.strip():
        paragraph = html.Element("p")
        paragraph.text = text.strip()
        found.append(Block(paragraph))
