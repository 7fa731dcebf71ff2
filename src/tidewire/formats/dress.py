"""Dress HTML for mail: style attributes by tag, since many mail programs read nothing else."""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from lxml import html
from lxml.html import HtmlElement

from tidewire.formats.tables import columns, inner, wrap
from tidewire.formats.typeface import LATIN, Typeface

BODY: Final = "margin:0;padding:0;background:#f4f5f7;color:#1b1f24"
PAGE: Final = "margin:0;padding:24px 12px;background:#f4f5f7;color:#1b1f24"
SHEET: Final = "max-width:640px;margin:0 auto;padding:24px;background:#ffffff;color:#1b1f24"
_FOOT = "margin:32px 0 0;padding:16px 0 0;border-top:1px solid #c9ced4;color:#4a5158"
_NOTICE = "font-size:15px;margin:0 0 20px;padding:12px 16px"
_AMBER = "border:2px solid #b26a00;background:#fff6e0;color:#4a2d00"
_RED = "border:2px solid #b00020;background:#fff0f1;color:#6b0014"

# For the programs that know them; the classes stand beside the style attributes above.
DARK: Final = (
    "@media (prefers-color-scheme:dark){"
    ".page{background:#14171a!important;color:#e6e9ec!important}"
    ".sheet{background:#1d2125!important;color:#e6e9ec!important}"
    ".foot{color:#aab2ba!important;border-color:#434a52!important}"
    ".amber{background:#33270c!important;color:#ffdf9e!important;border-color:#d99a2b!important}"
    ".red{background:#3a1218!important;color:#ffc9cf!important;border-color:#ef5b6e!important}"
    ".sheet a{color:#8ab8ff!important}"
    ".sheet th,.sheet td,.sheet blockquote{border-color:#434a52!important}}"
)

_LINK = "color:#0b57a4"
_CELL = "padding:6px 10px;border-bottom:1px solid #c9ced4;vertical-align:top"


def text(face: Typeface) -> str:
    """The style of a rendition's text."""
    return f"font-family:{face.text};font-size:17px;{face.breaks}line-height:{face.leading}"


def title(face: Typeface) -> str:
    """The style of the headline."""
    return f"{_plain(face)};margin:0 0 12px;font-size:26px;line-height:{face.head_leading}"


def foot(face: Typeface) -> str:
    """The style of what stands below the text."""
    return f"{_small(face)};{_FOOT}"


def notice(face: Typeface, *, retracted: bool) -> str:
    """The style of what a correction says, or a withdrawal or kill."""
    leading = max(1.45, face.leading - 0.2)
    return f"{_plain(face)};{_NOTICE};line-height:{leading:.2f};{_RED if retracted else _AMBER}"


def other(face: Typeface) -> str:
    """The style of a part in another language than what is around it."""
    return f"font-family:{face.plain};{face.breaks}line-height:{face.leading}"


def _plain(face: Typeface) -> str:
    return f"font-family:{face.plain}"


def _small(face: Typeface) -> str:
    return f"{_plain(face)};font-size:13px;{face.breaks}line-height:{max(1.5, face.leading - 0.2)}"


@lru_cache(maxsize=128)
def _styles(face: Typeface, small: bool) -> Mapping[str, str]:
    """Style attributes by tag, of the text or of what stands below it."""
    head = f"{_plain(face)};line-height:{face.head_leading + 0.05:.2f}"
    styles = {
        "p": "margin:0 0 16px",
        "h2": f"{head};margin:28px 0 10px;font-size:20px",
        "h3": f"{head};margin:24px 0 8px;font-size:17px",
        "ul": "margin:0 0 16px;padding:0 24px",
        "ol": "margin:0 0 16px;padding:0 24px",
        "li": "margin:0 0 6px",
        "table": f"{_plain(face)};margin:0 0 16px;border-collapse:collapse;font-size:14px;"
        f"line-height:{max(1.4, face.leading - 0.25):.2f}",
        "caption": "padding:0 0 8px;font-weight:bold",
        "th": _CELL,
        "td": _CELL,
        "a": f"{_LINK};overflow-wrap:anywhere",
    }
    if not face.slants:
        styles["em"] = face.emphasis()
    if small:
        styles |= {"p": "margin:0 0 10px", "h2": f"{head};margin:0 0 8px;font-size:14px"}
    return MappingProxyType(styles)


def dressed(markup: str, way: str, face: Typeface = LATIN, *, small: bool = False) -> str:
    """A fragment of allow-listed HTML with its style attributes; `way` is "ltr" or "rtl".

    `small` is for what stands below the text. In text from right to left, links are set apart
    (bdi), so that addresses keep their order.
    """
    if not markup.strip():
        return ""
    root = html.fragment_fromstring(markup, create_parent="div")
    styles = _styles(face, small)
    for element in root.iter(*styles):
        if element.tag != "em" or not any(a.get("lang") for a in element.iterancestors()):
            element.set("style", styles[element.tag])
    start, end = ("right", "left") if way == "rtl" else ("left", "right")
    for quote in root.iter("blockquote"):
        rule = f"border-{start}:3px solid #c9ced4"
        quote.set("style", f"margin:0 0 16px;padding:2px 16px;{rule}")
        if len(quote) and not (quote[-1].tail or "").strip():
            last = quote[-1]
            last.set("style", f"{last.get('style', '')};margin-bottom:0".lstrip(";"))
    for table in list(root.iter("table")):
        _align(table, start, end)
        wrap(table, "div", style="overflow-x:auto")
    if way == "rtl":
        for link in list(root.iter("a")):
            parent = link.getparent()
            if parent is None or parent.tag != "bdi":
                wrap(link, "bdi")
    return inner(root)


def _align(table: HtmlElement, start: str, end: str) -> None:
    """Columns of numbers stand at the end of their cells, with their headings."""
    for column, numbers in columns(table):
        for cell in column:
            side = end if numbers else start
            if numbers and cell.tag == "td":  # a heading may be long, a number never breaks
                side += ";white-space:nowrap"
            cell.set("style", f"{_CELL};text-align:{side}")
