"""Dress HTML for mail: style attributes by tag, since many mail programs read nothing else."""

import re
from typing import Final

from lxml import html
from lxml.html import HtmlElement

SERIF: Final = "font-family:Georgia,'Times New Roman',serif;font-size:17px;line-height:1.55"
SANS: Final = "font-family:Arial,Helvetica,sans-serif"
SMALL: Final = f"{SANS};font-size:13px;line-height:1.5"
BODY: Final = "margin:0;padding:0;background:#f4f5f7;color:#1b1f24"
PAGE: Final = "margin:0;padding:24px 12px;background:#f4f5f7;color:#1b1f24"
SHEET: Final = "max-width:640px;margin:0 auto;padding:24px;background:#ffffff;color:#1b1f24"
TITLE: Final = f"{SANS};margin:0 0 12px;font-size:26px;line-height:1.25"
FOOT: Final = f"{SMALL};margin:32px 0 0;padding:16px 0 0;border-top:1px solid #c9ced4;color:#4a5158"
_NOTICE: Final = f"{SANS};font-size:15px;line-height:1.45;margin:0 0 20px;padding:12px 16px"
AMBER: Final = f"{_NOTICE};border:2px solid #b26a00;background:#fff6e0;color:#4a2d00"
RED: Final = f"{_NOTICE};border:2px solid #b00020;background:#fff0f1;color:#6b0014"

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
_TEXT = {
    "p": "margin:0 0 16px",
    "h2": f"{SANS};margin:28px 0 10px;font-size:20px;line-height:1.3",
    "h3": f"{SANS};margin:24px 0 8px;font-size:17px;line-height:1.35",
    "ul": "margin:0 0 16px;padding:0 24px",
    "ol": "margin:0 0 16px;padding:0 24px",
    "li": "margin:0 0 6px",
    "table": f"{SANS};margin:0 0 16px;border-collapse:collapse;font-size:14px;line-height:1.4",
    "caption": "padding:0 0 8px;font-weight:bold",
    "th": _CELL,
    "td": _CELL,
    "a": f"{_LINK};overflow-wrap:anywhere",
}
_FURNITURE = _TEXT | {
    "p": "margin:0 0 10px",
    "h2": f"{SANS};margin:0 0 8px;font-size:14px;line-height:1.3",
}
_NUMBER = re.compile(r"[-+−–±<>~≈]?\s*[$€£¥]?\s*\d[\d.,'\s]*\s*(%|[^\W\d_]{1,6}\.?|[$€£¥])?\W?")


def dressed(markup: str, way: str, *, small: bool = False) -> str:
    """A fragment of allow-listed HTML with its style attributes; `way` is "ltr" or "rtl".

    `small` is for what stands below the text. In text from right to left, links are set apart
    (bdi), so that addresses keep their order.
    """
    if not markup.strip():
        return ""
    root = html.fragment_fromstring(markup, create_parent="div")
    styles = _FURNITURE if small else _TEXT
    for element in root.iter(*styles):
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
        _wrap(table, "div", style="overflow-x:auto")
    if way == "rtl":
        for link in list(root.iter("a")):
            _wrap(link, "bdi")
    return _inner(root)


def _align(table: HtmlElement, start: str, end: str) -> None:
    """Columns of numbers stand at the end of their cells, with their headings."""
    rows = [[cell for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]
    for at in range(max(map(len, rows), default=0)):
        column = [row[at] for row in rows if at < len(row)]
        said = [cell.text_content().strip() for cell in column if cell.tag == "td"]
        said = [text for text in said if text]
        numbers = bool(said) and all(_NUMBER.fullmatch(text) for text in said)
        for cell in column:
            side = f"{end};white-space:nowrap" if numbers else start
            cell.set("style", f"{_CELL};text-align:{side}")


def _wrap(element: HtmlElement, tag: str, **attributes: str) -> None:
    parent = element.getparent()
    if parent is None:
        return
    around = html.Element(tag, attributes)
    around.tail, element.tail = element.tail, None
    parent.replace(element, around)
    around.append(element)


def _inner(root: HtmlElement) -> str:
    """The markup inside `root`."""
    outer = str(html.tostring(root, encoding="unicode"))
    return outer.removeprefix("<div>").removesuffix("</div>")
