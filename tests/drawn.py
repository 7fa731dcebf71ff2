"""Pictures for tests: a few coloured squares, with whatever a test wants in the file."""

import io
import zlib
from typing import Any

from PIL import Image, PngImagePlugin

MARK = "Kelpglow marker of the lighthouse"  # stands in the file of a marked picture, as it is


def drawn(
    kind: str = "PNG",
    size: tuple[int, int] = (64, 48),
    colour: str = "#2f7f86",
    **options: Any,
) -> bytes:
    """A picture in this format of Pillow's."""
    image = Image.new("RGB", size, colour)
    image.paste("#ffd978", (4, 4, 12, 12))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def marked() -> bytes:
    """A PNG that can be known by words in its file."""
    said = PngImagePlugin.PngInfo()
    said.add_text("Comment", MARK)
    return drawn(pnginfo=said)


def placed(kind: str = "JPEG") -> bytes:
    """A picture that says where it was taken: 54° 30' north."""
    exif = Image.Exif()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (54.0, 30.0, 0.0)
    return drawn(kind, exif=exif.tobytes())


def bomb(width: int, height: int) -> bytes:
    """A small PNG that declares very many pixels."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return (
            len(data).to_bytes(4, "big") + name + data
            + zlib.crc32(name + data).to_bytes(4, "big")
        )  # fmt: skip

    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x02\x00\x00\x00"
    body = zlib.compress(b"\0" * 1_000_000)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def moving(frames: int, size: tuple[int, int] = (64, 48)) -> bytes:
    """A GIF that moves."""
    images = [Image.new("P", size, number % 256) for number in range(frames)]
    out = io.BytesIO()
    images[0].save(out, "GIF", save_all=True, append_images=images[1:], duration=100)
    return out.getvalue()
