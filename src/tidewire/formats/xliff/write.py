"""A rendition as XLIFF 2.1: one file, one unit for each text, inline markup as codes."""

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree
from lxml.etree import _Element

from tidewire.formats.codes import Code, Piece, Side
from tidewire.formats.segments import Segment, segments
from tidewire.formats.xliff.names import NAMESPACE, VERSION, SegmentState, name
from tidewire.languages import direction
from tidewire.model.rendition import Rendition

_SPACES: Any = {None: NAMESPACE}  # the stubs know no default namespace
_TYPES = {"a": "link", "strong": "fmt", "em": "fmt", "sub": "fmt", "sup": "fmt", "br": "fmt"}
_SUB_TYPES = {"strong": "xlf:b", "em": "xlf:i", "br": "xlf:lb"}


def write_xliff(
    source: Rendition,
    language: str,
    *,
    original: str,
    targets: Mapping[str, Sequence[Piece]] | None = None,
    state: SegmentState = SegmentState.TRANSLATED,
    note: str = "",
) -> bytes:
    """`source` for a translation into `language` (XLIFF 2.1, section 4.2), in UTF-8.

    `original` names the release and version. `targets` are texts that are there already, by
    segment id, in this `state`; segments without one are `initial`. `note` stands over the
    file. Raises BadInput as `segments` does.
    """
    root = etree.Element(name("xliff"), nsmap=_SPACES)
    root.attrib.update({"version": VERSION, "srcLang": source.language, "trgLang": language})
    ways = {"srcDir": direction(source.language), "trgDir": direction(language)}
    file = etree.SubElement(root, name("file"), {"id": "release", "original": original, **ways})
    file.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    if note:
        notes = etree.SubElement(file, name("notes"))
        etree.SubElement(notes, name("note"), {"id": "made"}).text = note
    for segment in segments(source):
        _unit(file, segment, (targets or {}).get(segment.id), state)
    return etree.tostring(root, encoding="UTF-8", xml_declaration=True)


def _unit(
    file: _Element, segment: Segment, target: Sequence[Piece] | None, state: SegmentState
) -> None:
    unit = etree.SubElement(file, name("unit"), {"id": segment.id, "canResegment": "no"})
    notes = etree.SubElement(unit, name("notes"))
    note = etree.SubElement(notes, name("note"), {"id": "kind", "category": "place"})
    note.text = segment.kind
    if segment.codes:
        data = etree.SubElement(unit, name("originalData"))
        for number, (start, end) in enumerate(segment.codes, 1):
            etree.SubElement(data, name("data"), {"id": f"s{number}"}).text = start
            if end:
                etree.SubElement(data, name("data"), {"id": f"e{number}"}).text = end
    part = etree.SubElement(unit, name("segment"), {"id": "segment"})
    part.set("state", SegmentState.INITIAL if target is None else state)
    _fill(etree.SubElement(part, name("source")), segment.pieces, segment)
    if target is not None:
        _fill(etree.SubElement(part, name("target")), target, segment)


def _fill(element: _Element, pieces: Sequence[Piece], segment: Segment) -> None:
    """Text and codes into `element`; what is between a START and its END goes inside a pc."""
    into = element
    for piece in pieces:
        if isinstance(piece, str):
            _append(into, piece)
        elif piece.side is Side.END:
            parent = into.getparent()
            assert parent is not None  # fault() has seen that codes are balanced
            into = parent
        else:
            code = _code(into, piece, segment)
            into = code if piece.side is Side.START else into


def _code(into: _Element, code: Code, segment: Segment) -> _Element:
    start, _ = segment.codes[code.number - 1]
    tag = start.strip("<>").split(" ")[0]
    shared = {"id": str(code.number), "canCopy": "no", "canDelete": "no", "type": _TYPES[tag]}
    if tag in _SUB_TYPES:
        shared["subType"] = _SUB_TYPES[tag]
    if code.side is Side.LONE:
        lone = {**shared, "dataRef": f"s{code.number}"}
        return etree.SubElement(into, name("ph"), lone)
    refs = {"dataRefStart": f"s{code.number}", "dataRefEnd": f"e{code.number}"}
    return etree.SubElement(into, name("pc"), {**shared, **refs})


def _append(into: _Element, text: str) -> None:
    if len(into):
        into[-1].tail = (into[-1].tail or "") + text
    else:
        into.text = (into.text or "") + text
