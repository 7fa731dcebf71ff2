"""The card of a release: the picture that shows where its address is passed on (og:image).

1200 x 630 pixels, PNG. It says the headline where this machine has a face with every letter of
it, of Debian's fonts-noto and fonts-dejavu; else the issuer's name, and else nothing: a card
never shows boxes in the place of letters. Pillow brings its own face for ASCII, and HarfBuzz
and FriBidi, which join and turn what must be.
"""

import io
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from math import pi, sin
from pathlib import Path
from types import MappingProxyType

from PIL import Image, ImageDraw, ImageFont, features
from PIL.ImageFont import FreeTypeFont

from tidewire.formats.article import Article
from tidewire.languages import direction, script

SIZE = (1200, 630)
MEDIA_TYPE = "image/png"

_FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_PAPER, _INK, _QUIET, _ACCENT = "#ffffff", "#16191d", "#535b65", "#0a566b"
_BAND, _EDGE = 56, 72  # the coloured band at the start side, the room to the other edges
_SIZES = (68, 60, 52, 46, 40)  # of the headline, the largest that fits is taken
_LINES = 4
_LEADING = 1.32
_SMALL = 34
_LATIN = ("NotoSans-Bold.ttf", "DejaVuSans-Bold.ttf")

# By ISO 15924 code: files, and which face of a collection it is.
_FACES: Mapping[str, tuple[tuple[str, ...], int]] = MappingProxyType(
    {
        "Arab": (("NotoSansArabic-Bold.ttf", "NotoNaskhArabic-Bold.ttf", _LATIN[1]), 0),
        "Hebr": (("NotoSansHebrew-Bold.ttf", _LATIN[1]), 0),
        "Thai": (("NotoSansThai-Bold.ttf", "NotoLoopedThai-Bold.ttf"), 0),
        "Jpan": (("NotoSansCJK-Bold.ttc",), 0),
        "Kore": (("NotoSansCJK-Bold.ttc",), 1),
        "Hans": (("NotoSansCJK-Bold.ttc",), 2),
        "Hant": (("NotoSansCJK-Bold.ttc",), 3),
        "Deva": (("NotoSansDevanagari-Bold.ttf",), 0),
        "Beng": (("NotoSansBengali-Bold.ttf",), 0),
        "Taml": (("NotoSansTamil-Bold.ttf",), 0),
        "Geor": (("NotoSansGeorgian-Bold.ttf",), 0),
        "Armn": (("NotoSansArmenian-Bold.ttf",), 0),
    }
)
_SHAPED = frozenset({"Arab", "Hebr", "Thai", "Deva", "Beng", "Taml"})  # only with HarfBuzz
_UNSPACED = frozenset({"Jpan", "Hans", "Hant"})  # a line may end between any two letters
_NEVER_FIRST = frozenset(
    "、。，．・：；！？）」』】〉》’”ーぁぃぅぇぉっゃゅょァィゥェォッャュョ々%"
)


def card(article: Article) -> bytes:
    """The card of one rendition, as PNG."""
    image = _ground(article.direction).copy()
    draw = ImageDraw.Draw(image)
    _name(draw, article)
    _headline(draw, article)
    written = io.BytesIO()
    image.save(written, "PNG")
    return written.getvalue()


@cache
def _ground(way: str) -> Image.Image:
    """What all cards have: the band and the mark at the start side."""
    scale = 2  # drawn larger and made smaller, so that curves have no steps
    width, height = SIZE[0] * scale, SIZE[1] * scale
    image = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, _BAND * scale, height), fill=_ACCENT)
    for row in range(3):
        top = (SIZE[1] - 132 + row * 30) * scale
        points = [(x * scale, top + sin(x / _BAND * 4 * pi) * 7 * scale) for x in range(10, 47)]
        draw.line(points, fill=_PAPER, width=5 * scale, joint="curve")
    smaller = image.resize(SIZE, Image.Resampling.LANCZOS)
    if way == "ltr":
        return smaller
    return smaller.transpose(Image.Transpose.FLIP_LEFT_RIGHT)


def _name(draw: ImageDraw.ImageDraw, article: Article) -> None:
    """The wire's name, and the issuer's where there is a face for it."""
    start, end = _BAND + _EDGE, SIZE[0] - _EDGE
    foot = SIZE[1] - _EDGE
    faces = _faces("Latn")
    wire = _sized(faces[-1], _SMALL)
    at_start = article.direction == "ltr"
    draw.text((end if at_start else SIZE[0] - end, foot), "Tidewire", _ACCENT, wire,
              anchor="rs" if at_start else "ls")  # fmt: skip
    room = end - start - wire.getlength("Tidewire") - 40
    for code in (script(article.language), "Latn"):
        face = _face_for(article.issuer, code)
        if face is None:
            continue
        font = _sized(face, _SMALL)
        way = direction(article.language) if code == script(article.language) else "ltr"
        if font.getlength(article.issuer, direction=_turned(font, way)) <= room:
            where = start if at_start else SIZE[0] - start
            draw.text((where, foot), article.issuer, _QUIET, font,
                      anchor="ls" if at_start else "rs", direction=_turned(font, way))  # fmt: skip
            return


def _headline(draw: ImageDraw.ImageDraw, article: Article) -> None:
    code = script(article.language)
    face = _face_for(article.headline, code)
    if face is None:
        return
    way, room = article.direction, SIZE[0] - _BAND - 2 * _EDGE
    for size in _SIZES:
        font = _sized(face, size)
        lines = list(_lines(article.headline, font, room, code))
        if len(lines) > _LINES or any(
            font.getlength(one, direction=_turned(font, way)) > room for one in lines
        ):
            continue
        start = _BAND + _EDGE
        for number, line in enumerate(lines):
            top = _EDGE + font.getmetrics()[0] + number * size * _LEADING
            where = (start, top) if way == "ltr" else (SIZE[0] - start, top)
            anchor = "ls" if way == "ltr" else "rs"
            draw.text(where, line, _INK, font, anchor=anchor, direction=_turned(font, way))
        return


def _lines(text: str, font: FreeTypeFont, room: float, code: str) -> Iterator[str]:
    """The text in lines no wider than `room`, but for a part that is wider by itself."""
    line = ""
    for part in _parts(text, code):
        if line and font.getlength((line + part).rstrip()) > room:
            yield line.rstrip()
            line = ""
        line += part
    if line.strip():
        yield line.rstrip()


def _parts(text: str, code: str) -> Sequence[str]:
    """What a line may end after: words with the space behind them; letters where none is."""
    if code not in _UNSPACED:
        return [f"{word} " for word in text.split()]
    parts: list[str] = []
    for letter in text:
        joined = letter in _NEVER_FIRST or (letter.isascii() and parts and parts[-1].isascii())
        if parts and joined and not parts[-1].endswith(" "):
            parts[-1] += letter
        else:
            parts.append(letter)
    return parts


def _face_for(text: str, code: str) -> tuple[str, int] | None:
    """A face that has every letter of the text."""
    for face in _faces(code):
        if all(_has(face, letter) for letter in text):
            return face
    return None


@lru_cache(maxsize=20_000)
def _has(face: tuple[str, int], letter: str) -> bool:
    """Whether the face has this letter: what it lacks is drawn as a non-character is."""
    if letter.isspace() or unicodedata.category(letter) in ("Cf", "Mn"):
        return True
    font = _sized(face, 24)
    return bytes(font.getmask(letter)) != bytes(font.getmask("\uffff"))


@cache
def _faces(code: str) -> tuple[tuple[str, int], ...]:
    """(file, place in it) of faces for a script that are on this machine; Pillow's own is ""."""
    if code in _SHAPED and not features.check("raqm"):
        return ()
    names, place = _FACES.get(code, (_LATIN, 0))
    found = ((_find(name), place) for name in names)
    own = (("", 0),) if code == "Latn" else ()
    return (*(one for one in found if one[0]), *own)


@cache
def _find(name: str) -> str:
    for folder in _FOLDERS:
        for file in folder.rglob(name):
            return str(file)
    return ""


def _turned(font: FreeTypeFont, way: str) -> str | None:
    """The direction of a text, for a font that can be told of one."""
    return way if font.layout_engine is ImageFont.Layout.RAQM else None


@lru_cache(maxsize=64)
def _sized(face: tuple[str, int], size: int) -> FreeTypeFont:
    file, place = face
    if file:
        return ImageFont.truetype(file, size, index=place)
    font = ImageFont.load_default(size)
    assert isinstance(font, FreeTypeFont)
    return font
