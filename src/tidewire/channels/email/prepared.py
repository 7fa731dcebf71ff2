"""Letters made before the moment: senders and signed header blocks of a page, as one blob."""

import zlib
from collections.abc import Mapping
from typing import Final

import msgspec

FAST: Final = 1  # zlib's level: most of a header is the same for all, signatures are not


class Header(msgspec.Struct, array_like=True, frozen=True):
    """One recipient's signed header block and VERP sender.

    `address` and `name` are those of the delivery it was made for, `local` and `domain` the
    mailbox that they come to.
    """

    address: str
    name: str
    local: str
    domain: str
    sender: str
    block: bytes


class Headers(msgspec.Struct, array_like=True, frozen=True):
    """Header blocks by endpoint id. `digest` is the bh= of the body that they were signed for."""

    digest: str = ""
    blocks: Mapping[int, Header] = {}


NONE: Final = Headers()


def pack(headers: Headers) -> bytes:
    """The blob that `unpack` reads."""
    return zlib.compress(msgspec.msgpack.encode(headers), FAST)


def unpack(blob: bytes, digest: str) -> Headers:
    """The header blocks for the body of this digest; none where they were signed for another."""
    if not blob:
        return NONE
    found = msgspec.msgpack.decode(zlib.decompress(blob), type=Headers)
    return found if found.digest == digest else NONE
