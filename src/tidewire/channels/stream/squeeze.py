"""Shared gzip: each frame is compressed once, and the same block goes to every connection.

A block is raw deflate that begins with an empty window and ends in a full flush (RFC 1951):
it refers to nothing before it and ends on a byte, so blocks can follow each other from any
point of the stream. After the ten bytes of a gzip header (RFC 1952) any series of them is a
gzip stream without an end; the trailer with its checksum would come with the end, which never
does.
"""

import zlib

# Magic, deflate, no flags, no time, unknown system (RFC 1952, 2.3).
GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_RAW = -zlib.MAX_WBITS


def block(data: bytes) -> bytes:
    """`data` as a block that can stand anywhere in a gzip stream."""
    packer = zlib.compressobj(wbits=_RAW)
    return packer.compress(data) + packer.flush(zlib.Z_FULL_FLUSH)


def accepts_gzip(header: str | None) -> bool:
    """Whether an Accept-Encoding wants gzip at least as much as no coding (RFC 9110, 12.5.3)."""
    weights: dict[str, float] = {}
    for part in (header or "").lower().split(","):
        name, *fields = (field.strip() for field in part.split(";"))
        weights[name] = min((_weight(field) for field in fields), default=1.0)
    gzip = weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0)))
    return gzip > 0 and gzip >= weights.get("identity", 0.0)


def _weight(field: str) -> float:
    """The value of `q=`; of what cannot be read 0, of another parameter 1."""
    name, _, value = field.partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value) if 0 <= float(value) <= 1 else 0.0
    except ValueError:
        return 0.0
