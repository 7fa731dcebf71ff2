"""Word documents (.docx, ECMA-376), read by mammoth; tables, lists and links survive."""

import io
import re
import zipfile
from typing import Any

import mammoth

from tidewire.intake.blocks import blocks_of, parse
from tidewire.intake.draft import Draft
from tidewire.intake.dressed import undress
from tidewire.model.errors import TooLarge, Unreadable, WireError

MOST_UNPACKED = 50_000_000  # bytes; a small zip can hold a huge document
MOST_PARTS = 2_000
MOST_XML = 5_000_000  # bytes of one part that can be read as XML
MOST_PARAGRAPHS = 5_000  # in all parts together
MOST_TAGS = 300_000

_PARAGRAPH = re.compile(rb"<(?:[^\s<>/:!?]{1,40}:)?p[\s/>]")
_NAMED_XML = (".xml", ".rels")

_STYLES = """
p[style-name='Title'] => h1.headline:fresh
p[style-name='Subtitle'] => h1.subheadline:fresh
p[style-name='Quote'] => blockquote > p:fresh
p[style-name='Intense Quote'] => blockquote > p:fresh
"""


def read_docx(raw: bytes, language: str = "") -> Draft:
    """A draft from a Word document. Raises Unreadable, and TooLarge where it unpacks too big.

    The headline is what has the style Title (or, without one, a first Heading 1), the
    subheadline what has the style Subtitle.
    """
    _must_fit(raw)
    try:
        converted = mammoth.convert_to_html(
            io.BytesIO(raw), style_map=_STYLES, convert_image=mammoth.images.img_element(_no_image)
        ).value
    except Exception as error:  # mammoth raises whatever a broken part leads it to
        raise _unreadable() from error
    blocks = blocks_of(parse(str(converted)).find("body"))
    known: dict[str, Any] = {}
    for name in ("headline", "subheadline"):
        for block in list(blocks):
            if block.tag == "h1" and block.element.get("class") == name and name not in known:
                known[name] = block.text
                blocks.remove(block)
    if "headline" not in known and blocks and blocks[0].tag == "h1":
        known["headline"] = blocks.pop(0).text
    return undress(blocks, language, known)


def _must_fit(raw: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as package:
            parts = package.infolist()
            if len(parts) > MOST_PARTS or sum(p.file_size for p in parts) > MOST_UNPACKED:
                raise TooLarge("This .docx unpacks to too much.", "Take the pictures out of it.")
            if "word/document.xml" not in package.namelist():
                raise _unreadable()
            _must_be_short(package)
    except WireError:
        raise
    except Exception as error:  # a broken zip leads zipfile and zlib to raise many things
        raise _unreadable() from error


def _must_be_short(package: zipfile.ZipFile) -> None:
    """Count what mammoth would build, in every part: a relationship may name any as the text."""
    paragraphs = tags = 0
    for part in package.infolist():
        with package.open(part) as stream:
            start = stream.read(4)
            if not part.filename.lower().endswith(_NAMED_XML) and not _is_markup(start):
                continue
            raw = start + stream.read(MOST_XML)
        size, raw = len(raw), raw.replace(b"\0", b"")  # UTF-16 is XML too
        if b"<!DOCTYPE" in raw:  # no part may have one (ECMA-376 Part 2)
            raise _unreadable()
        tags += raw.count(b"<")
        paragraphs += len(_PARAGRAPH.findall(raw))
        if size > MOST_XML or tags > MOST_TAGS or paragraphs > MOST_PARAGRAPHS:
            raise TooLarge("This .docx holds too much text.", "Hand in the release's text only.")


def _is_markup(start: bytes) -> bool:
    text = start.removeprefix(b"\xef\xbb\xbf").replace(b"\0", b"").lstrip()
    return not text or text.startswith((b"<", b"\xff\xfe", b"\xfe\xff"))


def _unreadable() -> Unreadable:
    return Unreadable(
        "This is not a .docx that can be read.", "Open it and save it again as .docx."
    )


def _no_image(_image: object) -> dict[str, str]:
    """Pictures do not go into the text."""
    return {"src": ""}
