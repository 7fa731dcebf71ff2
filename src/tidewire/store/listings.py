"""Listings: what the public lists show, page by page, and what lies on a day."""

from dataclasses import dataclass
from datetime import datetime

from tidewire.model.issuer import Issuer
from tidewire.model.release import Edition
from tidewire.store.database import Connection
from tidewire.store.editions import COLUMNS, FROM, read_edition
from tidewire.store.feed_entries import Filing, bound, conditions

_STANDS = "v.act NOT IN ('kill', 'withdraw')"
_FIRST_WITHIN = """
    v.release_id IN (SELECT f.release_id FROM release_version f WHERE f.act = 'publish'
                     AND f.sequence > %(after)s AND f.sequence <= %(last)s)
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A run of a list, latest first; `older` and `newer` say whether it goes on there."""

    editions: tuple[Edition, ...]
    older: bool
    newer: bool


async def part(
    tx: Connection,
    filing: Filing,
    limit: int,
    *,
    below: int | None = None,
    above: int | None = None,
    first_within: tuple[int, int] | None = None,
) -> Part:
    """The newest so many, or the nearest to a sequence number: `below` it, or `above` it.

    What was taken back is not listed. `first_within` (after, last) keeps releases whose first
    version has one of those sequence numbers.
    """
    wanted, values = [conditions(filing), _STANDS], bound(filing) | {"limit": limit + 1}
    if first_within is not None:
        wanted.append(_FIRST_WITHIN)
        values |= {"after": first_within[0], "last": first_within[1]}
    order = "DESC"
    if above is not None:
        wanted.append("v.sequence > %(at)s")
        order, values["at"] = "ASC", above
    elif below is not None:
        wanted.append("v.sequence < %(at)s")
        values["at"] = below
    query = (
        f"SELECT {COLUMNS} {FROM} WHERE {' AND '.join(wanted)}"
        f" ORDER BY v.sequence {order} LIMIT %(limit)s"
    )
    rows = await (await tx.execute(query.encode(), values)).fetchall()
    more, found = len(rows) > limit, [read_edition(row) for row in rows[:limit]]
    if above is not None:
        return Part(tuple(reversed(found)), older=True, newer=more)
    return Part(tuple(found), older=more, newer=below is not None)


async def issuer(tx: Connection, slug: str) -> Issuer | None:
    """The issuer of this slug, once something of theirs is public."""
    query = """
        SELECT i.id, i.slug, i.name, i.website FROM issuer i WHERE i.slug = %s AND EXISTS
            (SELECT 1 FROM release r JOIN release_version v ON v.release_id = r.id
             WHERE r.issuer_id = i.id AND v.sequence IS NOT NULL)
    """
    row = await (await tx.execute(query, (slug,))).fetchone()
    return Issuer(*row) if row else None


async def numbers_before(tx: Connection, moment: datetime, head: int) -> int:
    """How many sequence numbers were given out before this moment; `head` is the last of all.

    Sequence numbers have no gaps and are in the order of time, so that it is found by halving.
    """
    low, high = 0, head
    while low < high:
        middle = (low + high + 1) // 2
        query = "SELECT published_at < %s FROM release_version WHERE sequence = %s"
        row = await (await tx.execute(query, (moment, middle))).fetchone()
        if row is not None and row[0]:
            low = middle
        else:
            high = middle - 1
    return low


async def first_publication(
    tx: Connection, *, below: int | None = None, above: int | None = None
) -> datetime | None:
    """When the release was first published that is nearest to a sequence number, on one side."""
    side, order = ("<=", "DESC") if below is not None else (">", "ASC")
    query = (
        f"SELECT published_at FROM release_version WHERE act = 'publish' AND sequence {side} %s"
        f" ORDER BY sequence {order} LIMIT 1"
    )
    at = below if below is not None else above
    row = await (await tx.execute(query.encode(), (at,))).fetchone()
    return row[0] if row else None
