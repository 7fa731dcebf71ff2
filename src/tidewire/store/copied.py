"""Rows as PostgreSQL's binary COPY takes them: made of fields, which may be kept and used again.

A field is its length as an int32 and its bytes, as the manual says under COPY, "Binary Format".
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from struct import Struct

from tidewire.store.database import Connection

NULL = b"\xff\xff\xff\xff"

_FIRST_DAY = date(2000, 1, 1)
_FIRST_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)
_INT4, _TEXT_TYPE = 23, 25  # their oids in pg_type
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_END = b"\xff\xff"

_length = Struct(">i").pack
_small = Struct(">ih").pack
_whole = Struct(">ii").pack
_long = Struct(">iq").pack
_none_of = Struct(">iiii").pack
_array = Struct(">iiiiii").pack
row_of = Struct(">hii").pack  # how many fields, 4, and the first of them, an int
_LENGTH_OF_ARRAY = 20  # bytes before its first element


def text(value: str) -> bytes:
    """A text."""
    raw = value.encode()
    return _length(len(raw)) + raw


def small(value: int) -> bytes:
    """A smallint."""
    return _small(2, value)


def whole(value: int) -> bytes:
    """An int."""
    return _whole(4, value)


def day(iso: str) -> bytes:
    """A date, from its ISO spelling."""
    return _whole(4, (date.fromisoformat(iso) - _FIRST_DAY).days)


def moment(at: datetime) -> bytes:
    """A timestamptz."""
    return _long(8, (at - _FIRST_MOMENT) // timedelta(microseconds=1))


def texts(values: Sequence[str]) -> bytes:
    """A text[]."""
    return _elements(_TEXT_TYPE, [text(value) for value in values])


def ints(values: Iterable[int]) -> bytes:
    """An int[]."""
    return _elements(_INT4, [_whole(4, value) for value in values])


async def copy(tx: Connection, into: str, rows: Iterable[bytes]) -> None:
    """COPY rows into a table; `into` is its name and perhaps its columns."""
    body = b"".join(rows)
    if body:
        async with tx.cursor().copy(f"COPY {into} FROM STDIN (FORMAT binary)".encode()) as stream:
            await stream.write(_HEADER + body + _END)


def _elements(kind: int, elements: Sequence[bytes]) -> bytes:
    if not elements:
        return _none_of(12, 0, 0, kind)
    body = b"".join(elements)
    return _array(_LENGTH_OF_ARRAY + len(body), 1, 0, kind, len(elements), 1) + body
