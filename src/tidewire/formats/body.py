"""The allow-list: what HTML a body may hold, and how any HTML is brought to it."""

import re
from html import escape

import nh3
from lxml import etree, html
from lxml.html import HtmlElement

from tidewire.languages.isolates import CLOSE, OPEN
from tidewire.model.errors import BadInput

DEEPEST = 100  # elements inside each other

_BLOCKS = {"p", "h2", "h3", "ul", "ol", "blockquote", "table"}
_INLINE = {"a", "strong", "em", "br", "sub", "sup"}
_PARTS = {"li", "thead", "tbody", "tr", "th", "td", "caption"}
ALLOWED = frozenset(_BLOCKS | _INLINE | _PARTS)

# What other programs write for the same thing.
_SAME = {"b": "strong", "i": "em", "h1": "h2", "h4": "h3", "h5": "h3", "h6": "h3"}
_DROPPED_WHOLE = {"script", "style", "title", "template", "noscript", "textarea", "iframe", "svg"}

# XML 1.0, section 2.2: what no XML document may hold, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

_STRICT = nh3.Cleaner(
    tags=set(ALLOWED),
    clean_content_tags=_DROPPED_WHOLE,
    attributes={"a": {"href"}},
    url_schemes={"http", "https", "mailto"},
    url_relative="deny",
    link_rel="nofollow noopener",
)
_WIDE = nh3.Cleaner(
    tags=set(ALLOWED) | set(_SAME) | {"div"},
    clean_content_tags=_DROPPED_WHOLE,
    attributes={"a": {"href"}},
    link_rel=None,
)


def legal(text: str) -> str:
    """The text without the control characters and lone surrogates that XML 1.0 forbids."""
    return _ILLEGAL.sub("", text)


def line(text: str) -> str:
    """The text on one line: legal, with every run of white space as one space."""
    return " ".join(legal(text).split())


def markup(said: str) -> str:
    """A phrase of the wire's own as HTML: escaped, and what it sets apart as bdi.

    For what Furniture said, whose isolates come in pairs; never for a stranger's text alone.
    """
    return escape(said).replace(OPEN, "<bdi>").replace(CLOSE, "</bdi>")


def safe(markup: str) -> str:
    """The HTML with everything taken out that is not on the allow-list.

    Stays: p, h2, h3, ul, ol, li, blockquote, table parts, strong, em, br, sub, sup and
    a[href] to http, https and mailto, with rel="nofollow noopener".
    """
    return _STRICT.clean(legal(markup))


def clean(markup: str) -> str:
    """Any HTML as a body: b and i, h1 and h4 to h6 renamed, loose text put into paragraphs.

    What comes out is on the allow-list, and comes out of a second run unchanged. Raises
    BadInput where elements stand inside each other deeper than any text needs.
    """
    root = html.fragment_fromstring(
        _WIDE.clean(legal(markup)), create_parent="div", parser=html.HTMLParser(huge_tree=True)
    )
    if _too_deep(root):
        raise BadInput(
            f"The HTML has more than {DEEPEST} elements inside each other.",
            "Take out the elements that only wrap others.",
        )
    for element in root.iter(*_SAME):
        element.tag = _SAME[element.tag]
    for element in list(root.iter("p", "h2", "h3")):
        for inner in list(element.iter("div")):
            inner.drop_tag()
    # What may not hold a block, but does, only wraps it: parsers disagree about where it ends.
    for element in list(root.iter(*_INLINE, "p", "h2", "h3")):
        if next(element.iterdescendants(*_BLOCKS, *_PARTS, "div"), None) is not None:
            element.drop_tag()
    pieces = _paragraphs(root)
    return safe("\n".join(piece for piece in pieces if piece))


def _too_deep(root: HtmlElement) -> bool:
    depth = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > DEEPEST:
            return True
    return False


def _paragraphs(parent: HtmlElement) -> list[str]:
    """The blocks inside `parent` as HTML, with what stands loose between them as paragraphs."""
    pieces: list[str] = []
    loose = [_escape(parent.text)]

    def close() -> None:
        text = re.sub(r"^(\s|<br>)+|(\s|<br>)+$", "", "".join(loose))
        loose.clear()
        pieces.append(f"<p>{text}</p>" if re.sub("<[^>]*>", "", text).strip() else "")

    for child in parent:
        if child.tag in _INLINE:
            loose.append(_markup(child))
        else:
            close()
            wraps = child.tag == "div" or child.tag in _PARTS  # a part without its list or table
            pieces += _paragraphs(child) if wraps else [_block(child)]
        loose.append(_escape(child.tail))
    close()
    return pieces


def _block(element: HtmlElement) -> str:
    """One block as HTML, without the divs inside it; "" for an empty paragraph or subhead."""
    for inner in list(element.iter("div")):
        inner.drop_tag()
    if element.tag in ("p", "h2", "h3") and not element.text_content().strip():
        return ""
    return _markup(element).strip()


def _markup(element: HtmlElement) -> str:
    return str(html.tostring(element, encoding="unicode", with_tail=False))


def _escape(text: str | None) -> str:
    return (text or "").replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
