"""A body in HTML as NITF's own elements, and back: NITF knows no h3, strong, blockquote or sub.

What NITF cannot tell apart keeps its HTML name in `class`, so that nothing is lost on the way back.
"""

from html import escape

from lxml import etree, html

NITF = "http://iptc.org/std/NITF/2006-10-18/"

# HTML element: NITF element and class.
_INLINE = {
    "a": ("a", ""),
    "br": ("br", ""),
    "em": ("em", ""),
    "strong": ("em", "strong"),
    "sub": ("em", "sub"),
    "sup": ("em", "sup"),
}
_HEADS = {"p": ("p", ""), "h2": ("hl2", ""), "h3": ("hl2", "h3")}
_CELLS = ("td", "th")
_LOOSE = "loose"  # a paragraph that is none in the HTML: NITF wants one there

_BACK = {
    ("p", ""): "p",
    ("p", _LOOSE): "",
    ("hl2", ""): "h2",
    ("hl2", "h3"): "h3",
    ("em", ""): "em",
    ("em", "strong"): "strong",
    ("em", "sub"): "sub",
    ("em", "sup"): "sup",
    ("bq", ""): "blockquote",
}
_SAME_BACK = ("a", "ul", "ol", "li", "table", "caption", "thead", "tbody", "tr", "td", "th")


def element(name: str, /, *, kind: str = "", text: str = "", **attributes: str) -> etree._Element:
    """An element of NITF, with `kind` as its class."""
    made = etree.Element(f"{{{NITF}}}{name}", nsmap={None: NITF})  # type: ignore[dict-item]
    for key, value in ({"class": kind} | attributes).items():
        if value:
            made.set(key, value)
    made.text = text or None
    return made


def blocks(markup: str) -> list[etree._Element]:
    """HTML of the allow-list as the content of NITF's body.content or block."""
    return _blocks(html.fragment_fromstring(markup, create_parent="div"))


def html_of(parent: etree._Element) -> str:
    """The HTML of what stands in a body.content or block; unknown elements leave their text."""
    return "\n".join(filter(None, (_html(child).strip() for child in parent)))


def _blocks(parent: etree._Element) -> list[etree._Element]:
    """The blocks in `parent`; what stands loose between them becomes a paragraph."""
    made: list[etree._Element] = []
    loose = element("p", kind=_LOOSE, text=parent.text or "")

    def close() -> None:
        if _says(loose):
            made.append(loose)
        elif made and loose.text and not len(loose):
            made[-1].tail = loose.text

    for child in parent:
        if child.tag in _INLINE:
            loose.append(_inline(child))
        else:
            close()
            made += _block(child)
            loose = element("p", kind=_LOOSE, text=child.tail or "")
    close()
    return made


def _block(source: etree._Element) -> list[etree._Element]:
    """One block of HTML as NITF; what would be empty, and NITF wants filled, is left out."""
    tag = str(source.tag)
    if tag in _HEADS:
        name, kind = _HEADS[tag]
        made = element(name, kind=kind, text=source.text or "")
        made.extend([_inline(child) for child in source])
        return [made]
    if tag in ("ul", "ol"):
        return _list(source)
    if tag == "blockquote":
        made, block = element("bq"), element("block", text=_space(source.text))
        block.extend(_blocks(source))
        made.append(block)
        return [made] if len(block) else []
    if tag == "table":
        return _table(source)
    return _blocks(source)  # a part without its list or table


def _list(source: etree._Element) -> list[etree._Element]:
    """A list; what is no item of it becomes one, since NITF takes nothing else there."""
    made = element(str(source.tag), text=_space(source.text))
    if (source.text or "").strip():
        made.append(element("li", text=source.text or ""))
    for child in source:
        if child.tag == "li":
            item = _flowing("li", child)
        else:
            item = element("li")
            item.extend([_inline(child)] if child.tag in _INLINE else _block(child))
            if child.tag not in _INLINE:
                _after(item, child.tail or "")
        item.tail = _space(child.tail)
        if child.tag == "li" or _says(item):
            made.append(item)
        if child.tag == "li" and (child.tail or "").strip():
            made.append(element("li", text=child.tail or ""))
    return [made] if len(made) else []


def _table(source: etree._Element) -> list[etree._Element]:
    """A table: caption, head and one body, in the only order that NITF takes."""
    made = element("table", text=_space(source.text))
    head, body = element("thead"), element("tbody")
    for child in source:
        if child.tag == "caption" and len(made) == 0:
            made.append(_flowing("caption", child))
            made[-1].tail = _space(child.tail)
            continue
        part = head if child.tag == "thead" else body
        rows = [child] if child.tag == "tr" else list(child.iterchildren("tr"))
        if len(part) == 0 and child.tag != "tr":
            part.text = _space(child.text)
        part.extend([row for row in map(_row, rows) if len(row)])
        part.tail = _space(child.tail) if child.tag != "tr" else part.tail
    if not len(body):  # NITF wants rows outside the head
        head.tag = body.tag
    made.extend([part for part in (head, body) if len(part)])
    return [made] if len(head) or len(body) else _blocks(source)


def _space(text: str | None) -> str:
    """White space between parts, as it stands in the HTML; "" for a text."""
    return text if text and not text.strip() else ""


def _row(source: etree._Element) -> etree._Element:
    row = element("tr", text=_space(source.text))
    for cell in source.iterchildren(*_CELLS):
        row.append(_flowing(str(cell.tag), cell))
        row[-1].tail = _space(cell.tail)
    row.tail = _space(source.tail)
    return row


def _flowing(name: str, source: etree._Element) -> etree._Element:
    """A list item, cell or caption: text, inline elements and blocks, as they come."""
    made = element(name, text=source.text or "")
    for child in source:
        if child.tag in _INLINE:
            made.append(_inline(child))
            continue
        made.extend(_block(child))
        _after(made, child.tail or "")
    return made


def _after(parent: etree._Element, text: str) -> None:
    if len(parent):
        parent[-1].tail = (parent[-1].tail or "") + text or None
    else:
        parent.text = (parent.text or "") + text or None


def _inline(source: etree._Element) -> etree._Element:
    name, kind = _INLINE[str(source.tag)]
    href = source.get("href", "") if name == "a" else ""
    made = element(name, kind=kind, text=source.text or "", href=href)
    made.tail = source.tail
    made.extend([_inline(child) for child in source if child.tag in _INLINE])
    return made


def _says(paragraph: etree._Element) -> bool:
    return bool("".join(map(str, paragraph.itertext())).strip())


def _html(source: etree._Element) -> str:
    """One element of NITF as HTML, without its tail."""
    if not isinstance(source.tag, str):  # a comment, an instruction
        return ""
    name = etree.QName(source).localname
    inner = escape(source.text or "", quote=False) + "".join(
        _html(child) + escape(child.tail or "", quote=False) for child in source
    )
    if name == "br":
        return "<br>"
    if name == "a" and source.get("href"):
        return f'<a href="{escape(source.get("href", ""))}">{inner}</a>'
    tag = _BACK.get((name, source.get("class", "")), name if name in _SAME_BACK else "")
    tag = tag or (_BACK.get((name, ""), "") if source.get("class") != _LOOSE else "")
    return f"<{tag}>{inner}</{tag}>" if tag else inner
