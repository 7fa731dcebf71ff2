"""Look into the bytes of a picture: what it is, whether it is whole, and what it gives away. Pure.

Nothing in it is changed: the file that is handed in is the file that is published.
"""

import io
import re
import warnings

from PIL import Image, ImageFile, UnidentifiedImageError
from PIL.ExifTags import IFD, Base

from tidewire.model.errors import BadInput, Problem, Severity, TooLarge, WireError
from tidewire.model.picture import ENDINGS, Picture

MOST_BYTES = 10_000_000
MOST_PIXELS = 50_000_000  # of all frames together: 200 MB while it is looked at
LEAST_SIDE, MOST_SIDE = 16, 20_000  # pixels

_FORMATS = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
_TAKEN = {**_FORMATS, "MPO": "image/jpeg"}  # a JPEG with further views behind it, as phones write
_KINDS = "JPEG, PNG, WebP or GIF"
_XMP_PLACE = re.compile(rb"GPS(?:Latitude|Longitude)\b")
_TURNED = range(5, 9)  # EXIF orientations that lie on their side


def examine_picture(raw: bytes, ref: str = "", declared: str = "", pointer: str = "") -> Picture:
    """What the bytes are, all of them decoded; `declared` is a media type, "" for none.

    Raises TooLarge, or BadInput with one problem at `pointer`.
    """
    if len(raw) > MOST_BYTES:
        raise TooLarge(
            f"This picture has over {MOST_BYTES // 1_000_000} MB.",
            "Save it smaller; 3,000 pixels on its longer side are enough for print.",
            [_problem("picture-large", pointer, f"It has {len(raw):,} bytes.", "Save it smaller.")],
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs, where our limit is lower; of odd EXIF
            return _examined(raw, ref, declared, pointer)
    except Image.DecompressionBombError:
        raise _too_many_pixels(pointer) from None
    except UnidentifiedImageError:
        raise _no_picture(pointer) from None
    except WireError:
        raise
    except Exception:  # damaged files make Pillow raise almost anything
        raise _refusal(
            "picture-broken",
            pointer,
            "This picture cannot be read to its end: it is cut off or damaged.",
            "Save it anew and upload it again.",
        ) from None


def _examined(raw: bytes, ref: str, declared: str, pointer: str) -> Picture:
    with Image.open(io.BytesIO(raw), formats=tuple(_FORMATS)) as image:
        media_type = _TAKEN[str(image.format)]
        if declared in ENDINGS and declared != media_type:
            raise _refusal(
                "picture-kind",
                pointer,
                f"This was sent as {declared}, and is {media_type}.",
                f"Send it as {media_type}.",
            )
        _bounded(image, pointer)
        placed = _XMP_PLACE.search(raw) is not None
        for frame in reversed(range(_frames(image))):  # the first one last: it is measured
            image.seek(frame)
            image.load()
            placed = placed or _is_placed(image)
        if placed:
            raise _refusal(
                "picture-place",
                pointer,
                "This picture says where it was taken (GPS, in its EXIF or XMP).",
                "Take the position out and upload it again, with:"
                " exiftool -gps:all= -xmp:gps*= FILE. Nothing in a picture is changed here.",
            )
        width, height = image.size
        if image.getexif().get(Base.Orientation) in _TURNED:
            width, height = height, width
    return Picture(ref, media_type, len(raw), width, height)


def _is_placed(image: ImageFile.ImageFile) -> bool:
    """True where EXIF or XMP tell a position; XMP may stand compressed in the file."""
    if image.getexif().get_ifd(IFD.GPSInfo):
        return True
    said = (text.encode() if isinstance(text, str) else text for text in image.info.values())
    return any(isinstance(text, bytes) and _XMP_PLACE.search(text) for text in said)


def _bounded(image: ImageFile.ImageFile, pointer: str) -> None:
    """Raises BadInput by what the head of the file declares, before anything is unpacked."""
    width, height = image.size
    if min(width, height) < LEAST_SIDE or max(width, height) > MOST_SIDE:
        raise _refusal(
            "picture-sides",
            pointer,
            f"This picture measures {width:,} × {height:,} pixels.",
            f"Each side must have {LEAST_SIDE} to {MOST_SIDE:,}.",
        )
    # Frames are counted last: for that the whole file is gone through.
    if width * height > MOST_PIXELS or width * height * _frames(image) > MOST_PIXELS:
        raise _too_many_pixels(pointer)


def _frames(image: ImageFile.ImageFile) -> int:
    """How many frames it has: one, unless it moves."""
    return int(getattr(image, "n_frames", 1))


def _too_many_pixels(pointer: str) -> BadInput:
    return _refusal(
        "picture-pixels",
        pointer,
        f"This picture has over {MOST_PIXELS // 1_000_000} million pixels.",
        "Save it smaller, or with fewer frames where it moves.",
    )


def _no_picture(pointer: str) -> BadInput:
    return _refusal(
        "picture-unreadable",
        pointer,
        f"This is no {_KINDS}, whatever it is called.",
        f"Save the picture as {_KINDS}; a drawing (SVG, PDF) as PNG.",
    )


def _refusal(code: str, pointer: str, message: str, advice: str) -> BadInput:
    return BadInput(message, advice, [_problem(code, pointer, message, advice)])


def _problem(code: str, pointer: str, message: str, advice: str) -> Problem:
    return Problem(Severity.ERROR, code, pointer, message, advice)
