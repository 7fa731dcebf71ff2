"""What a picture is, by its bytes: what is taken, and what is refused in words."""

import contextlib
import random

import pytest
from PIL import Image, ImageFile, PngImagePlugin

from drawn import bomb, drawn, moving, placed
from tidewire.intake import picture_file
from tidewire.intake.picture_file import MOST_BYTES, examine_picture
from tidewire.model.errors import BadInput, TooLarge
from tidewire.model.picture import Picture

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><a exif:GPSLatitude="54,30N"/></x:xmpmeta>'


def packed() -> PngImagePlugin.PngInfo:
    said = PngImagePlugin.PngInfo()
    said.add_itxt("XML:com.adobe.xmp", XMP.decode(), zip=True)
    return said


def turned(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return drawn("JPEG", exif=exif)


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
)
def test_four_kinds_are_taken_and_measured(kind: str, media_type: str) -> None:
    raw = drawn(kind)
    found = examine_picture(raw, "ref", media_type)
    assert found == Picture("ref", media_type, len(raw), 64, 48)


def test_a_jpeg_with_more_behind_it_is_taken_as_one() -> None:
    view = Image.new("RGB", (64, 48), "#2f7f86")
    found = examine_picture(
        drawn("MPO", save_all=True, append_images=[view]), declared="image/jpeg"
    )
    assert found.media_type == "image/jpeg"


def test_a_picture_that_moves_is_taken() -> None:
    assert examine_picture(moving(3)).media_type == "image/gif"


def test_a_picture_that_lies_on_its_side_is_measured_as_it_is_shown() -> None:
    upright, lying = examine_picture(turned(1)), examine_picture(turned(6))
    assert (upright.width, upright.height) == (64, 48)
    assert (lying.width, lying.height) == (48, 64)


REFUSED = {
    "a text named .png": (b"This is no picture at all.", "picture-unreadable"),
    "nothing": (b"", "picture-unreadable"),
    "svg": (SVG, "picture-unreadable"),
    "html": (b"<!doctype html><img src=x onerror=alert(1)>", "picture-unreadable"),
    "bmp": (drawn("BMP"), "picture-unreadable"),
    "tiff": (drawn("TIFF"), "picture-unreadable"),
    "truncated jpeg": (drawn("JPEG", (640, 480))[:-900], "picture-broken"),
    "truncated png": (drawn("PNG")[:-40], "picture-broken"),
    "truncated gif": (moving(3)[:-60], "picture-broken"),
    "truncated webp": (drawn("WEBP")[:-20], "picture-broken"),
    "a head alone": (drawn("JPEG")[:20], "picture-unreadable"),
    "a bomb": (bomb(19_000, 19_000), "picture-pixels"),
    "a greater bomb": (bomb(2_000_000_000, 20), "picture-pixels"),
    "a long line": (bomb(100_000, 20), "picture-sides"),
    "a bomb of frames": (moving(40, (1_200, 1_200)), "picture-pixels"),
    "a point": (drawn(size=(1, 1)), "picture-sides"),
    "a place in EXIF": (placed("JPEG"), "picture-place"),
    "a place in EXIF of a PNG": (placed("PNG"), "picture-place"),
    "a place in EXIF of a WebP": (placed("WEBP"), "picture-place"),
    "a place in XMP": (drawn("JPEG", xmp=XMP), "picture-place"),
    "a place in compressed XMP": (drawn(pnginfo=packed()), "picture-place"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_good_picture_is_refused_in_words(name: str) -> None:
    raw, code = REFUSED[name]
    with pytest.raises(BadInput) as refused:
        examine_picture(raw, pointer="/pictures/0/file")
    [problem] = refused.value.problems
    assert (problem.code, problem.pointer) == (code, "/pictures/0/file")
    assert problem.message.endswith(".") and problem.advice.endswith(".")
    assert "54" not in str(refused.value)  # the place itself is not told


def test_over_ten_megabytes_nothing_is_looked_at() -> None:
    with pytest.raises(TooLarge) as refused:
        examine_picture(drawn() + b"\0" * MOST_BYTES)
    assert refused.value.problems[0].code == "picture-large"


def test_what_it_is_sent_as_must_be_what_it_is() -> None:
    with pytest.raises(BadInput, match="sent as image/png, and is image/jpeg"):
        examine_picture(drawn("JPEG"), declared="image/png")
    assert examine_picture(drawn("JPEG"), declared="application/octet-stream").size > 0


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = drawn("JPEG")
    monkeypatch.setattr(picture_file, "MOST_PIXELS", 64 * 48 - 1)
    monkeypatch.setattr(ImageFile.ImageFile, "load", lambda _: pytest.fail("it was unpacked"))
    with pytest.raises(BadInput, match="million pixels"):
        examine_picture(raw)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
def test_whatever_is_damaged_is_taken_or_refused_in_words(kind: str) -> None:
    chance, whole = random.Random(kind), placed(kind) if kind != "GIF" else moving(2)
    for _ in range(150):
        raw = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        with contextlib.suppress(BadInput):
            examine_picture(bytes(raw[: chance.randint(1, len(raw))]))
