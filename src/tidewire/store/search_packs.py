"""Packs: of most of the index, which docs (numbers of its rows) each term is in.

A GIN index finds what is in a few rows at once, but what is in many only by walking through all
of them. So rows go into packs of PACK docs once there are as many: a term's docs lie together,
are read in one go, and sets of them (Roaring bitmaps) are met and joined far from the store.
"""

import sys
from array import array
from collections.abc import Sequence

from pyroaring import BitMap

from tidewire.store.database import Connection
from tidewire.store.search_entries import quoted

PACK = 16_384  # docs

Wanted = Sequence[Sequence[str]]  # all of these, each in one of its forms


async def pack(tx: Connection) -> bool:
    """Put the oldest of what is fresh into a pack; False where there is none to fill yet.

    One program packs at a time. Searches and the intake of new rows go on meanwhile.
    """
    row = await (
        await tx.execute("SELECT packs FROM search_packed FOR UPDATE SKIP LOCKED")
    ).fetchone()
    if row is None:
        return False
    number, end = int(row[0]), (int(row[0]) + 1) * PACK
    full = await tx.execute("SELECT FROM search_entry WHERE doc >= %s LIMIT 1", (end,))
    if await full.fetchone() is None:
        return False
    await tx.execute("SET LOCAL work_mem = '64MB'")
    await tx.execute(
        """
        INSERT INTO search_pack (term, pack, docs)
        SELECT t.lexeme, %(number)s, string_agg(int4send(doc::int), ''::bytea)
        FROM search_fresh, unnest(terms) AS t WHERE doc < %(end)s
        GROUP BY t.lexeme
        """,
        {"number": number, "end": end},
    )
    await tx.execute("DELETE FROM search_fresh WHERE doc < %s", (end,))
    await tx.execute("UPDATE search_packed SET packs = packs + 1")
    return True


async def docs(tx: Connection, wanted: Wanted) -> BitMap:
    """The docs that hold all that is wanted, and with them some that have been taken back."""
    terms = sorted({term for forms in wanted for term in forms})
    rows = await tx.execute(
        """
        WITH packed AS MATERIALIZED (SELECT packs FROM search_packed)
        SELECT term, docs FROM search_pack
        WHERE term = ANY(%(terms)s) AND pack < (SELECT packs FROM packed)
        UNION ALL
        SELECT NULL, string_agg(int4send(doc::int), ''::bytea) FROM search_fresh
        WHERE terms @@ %(query)s::text::tsquery
        """,
        {"terms": terms, "query": tsquery(wanted)},
        binary=True,
    )
    packed: dict[str, list[bytes]] = {}
    fresh = b""
    async for term, found in rows:
        if term is None:
            fresh = found or b""
        else:
            packed.setdefault(term, []).append(found)
    groups = [[part for form in forms for part in packed.get(form, ())] for forms in wanted]
    groups.sort(key=lambda parts: sum(map(len, parts)))
    met: BitMap | None = None
    for parts in groups:
        one = _numbers(b"".join(parts))
        met = one if met is None else met & one
        if not met:
            break
    return (met or BitMap()) | _numbers(fresh)


def tsquery(wanted: Wanted) -> str:
    """A tsquery: all of what is wanted, each in one of its forms."""
    return " & ".join(f"({' | '.join(map(quoted, forms))})" for forms in wanted)


def _numbers(octets: bytes) -> BitMap:
    numbers = array("I", octets)
    if sys.byteorder == "little":
        numbers.byteswap()
    return BitMap(numbers)
