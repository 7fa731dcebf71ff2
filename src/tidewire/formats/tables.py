"""Tables in a text: which columns are numbers, and how a page shows them."""

import re
from collections.abc import Iterator

from lxml import html
from lxml.html import HtmlElement

MOST_COLUMNS = 4  # wider ones may not fit a phone, and scroll by themselves

_NUMBER = re.compile(
    r"[-+−–±<>~≈]?\s*[$€£¥]?\s*\d[\d.,'’٫٬،\s]*\s*([%٪]|[^\W\d_]{1,6}\.?|[$€£¥])?\W?"
)

Column = list[HtmlElement]


def columns(table: HtmlElement) -> Iterator[tuple[Column, bool]]:
    """Each column's cells, and whether all that its data cells say is numbers.

    Cells without a letter or a digit say nothing: a dash often stands for "none".
    """
    rows = [[cell for cell in row if cell.tag in ("th", "td")] for row in table.iter("tr")]
    for at in range(max(map(len, rows), default=0)):
        column = [row[at] for row in rows if at < len(row)]
        said = [cell.text_content().strip() for cell in column if cell.tag == "td"]
        said = [text for text in said if any(map(str.isalnum, text))]
        yield column, bool(said) and all(_NUMBER.fullmatch(text) for text in said)


def for_page(markup: str, way: str, label: str) -> str:
    """Allow-listed HTML whose columns of numbers have the class "number".

    In text from right to left (`way` is "rtl") numbers stand in bdi: a sign stays before its
    number. A wide table gets a region around it that scrolls; `label` names one without caption.
    """
    if "<table" not in markup:
        return markup
    root = html.fragment_fromstring(markup, create_parent="div")
    for table in list(root.iter("table")):
        found = list(columns(table))
        for cell in (cell for column, numbers in found if numbers for cell in column):
            cell.set("class", "number")
            if way == "rtl" and cell.tag == "td" and not len(cell):
                number = html.Element("bdi", {"dir": "ltr"})
                number.text, cell.text = cell.text, None
                cell.append(number)
        if len(found) > MOST_COLUMNS:
            caption = table.find("caption")
            name = label if caption is None else caption.text_content().strip() or label
            region = {"class": "scroll", "role": "region", "tabindex": "0", "aria-label": name}
            wrap(table, "div", **region)
    return inner(root)


def wrap(element: HtmlElement, tag: str, **attributes: str) -> None:
    """Put an element around this one, which has a parent; the text after it stays there."""
    parent = element.getparent()
    if parent is None:
        return
    around = html.Element(tag, attributes)
    around.tail, element.tail = element.tail, None
    parent.replace(element, around)
    around.append(element)


def inner(root: HtmlElement) -> str:
    """The markup inside `root`, a div without attributes."""
    outer = str(html.tostring(root, encoding="unicode"))
    return outer.removeprefix("<div>").removesuffix("</div>")
