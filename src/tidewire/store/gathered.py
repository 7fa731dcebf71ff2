"""Ids that the server gathers: one run of bytes for a group, which a bitmap takes in at once."""

import sys
from array import array

from pyroaring import BitMap


def gather(column: str) -> str:
    """The aggregate of a column of ids, to be read by `ids`."""
    return f"string_agg(int4send({column}), ''::bytea)"


def ids(gathered: bytes | None) -> BitMap:
    """The ids in what `gather` made; none where there was no row."""
    found = array("I", gathered or b"")
    if sys.byteorder == "little":
        found.byteswap()
    return BitMap(found)


def among(column: str, wanted: range | BitMap) -> tuple[str, list[object]]:
    """The condition, and its values, that `column` is one of `wanted`; one span is a range."""
    if wanted and not isinstance(wanted, range) and wanted.max() - wanted.min() < len(wanted):
        wanted = range(wanted.min(), wanted.max() + 1)
    if isinstance(wanted, range):
        return f"{column} >= %s AND {column} < %s", [wanted.start, wanted.stop]
    return f"{column} = ANY(%s)", [list(wanted)]
