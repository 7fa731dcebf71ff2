"""Feed entries: the newest public edition of each release, by what a feed holds."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tidewire.model.release import Edition
from tidewire.store.database import Connection
from tidewire.store.editions import COLUMNS, FROM, read_edition, says

_NEWEST = f"""
    v.sequence IS NOT NULL AND {says("v")}
    AND NOT EXISTS (SELECT 1 FROM release_version n WHERE n.release_id = v.release_id
                    AND n.version > v.version AND n.sequence IS NOT NULL AND {says("n")})
"""
# The expressions are those of the index release_version_filed.
_LANGUAGE = "jsonb_path_query_array(v.document, '$.renditions[*].language') ? %(language)s"
_SECTORS = "(v.document -> 'sectors') ?| %(sectors)s"
_PLACES = """
    ((v.document -> 'countries') ?| %(places)s
     OR jsonb_path_query_array(v.document, '$.renditions[*].dateline.country') ?| %(places)s)
"""
_FOR_ALL = "(v.document -> 'circuits') = '[]'"


@dataclass(frozen=True, slots=True)
class Filing:
    """What a feed or a list holds. What is empty does not narrow it.

    `language` is a rendition's; `places` are country codes, one of which the release is about or
    written from. With a `circuit`: sent to it, or to everyone and in one of `sectors`.
    """

    language: str = ""
    sectors: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    issuer: str = ""
    circuit: str = ""


async def newest(tx: Connection, filing: Filing, limit: int) -> list[Edition]:
    """The last so many, latest first."""
    return await _read(tx, filing, "", {"limit": limit}, "ORDER BY v.sequence DESC LIMIT %(limit)s")


async def between(tx: Connection, filing: Filing, after: int, last: int) -> list[Edition]:
    """Those with a sequence number above `after`, up to `last`, latest first."""
    within = "AND v.sequence > %(after)s AND v.sequence <= %(last)s"
    values = {"after": after, "last": last}
    return await _read(tx, filing, within, values, "ORDER BY v.sequence DESC")


async def nearest(
    tx: Connection, filing: Filing, *, below: int | None = None, above: int | None = None
) -> int | None:
    """The nearest sequence number of one `below` or `above` this one; None where there is none."""
    side, order = ("<", "DESC") if below is not None else (">", "ASC")
    query = (
        f"SELECT v.sequence {FROM} WHERE {conditions(filing)} AND v.sequence {side} %(at)s"
        f" ORDER BY v.sequence {order} LIMIT 1"
    )
    values = bound(filing) | {"at": below if below is not None else above}
    row = await (await tx.execute(query.encode(), values)).fetchone()
    return int(row[0]) if row else None


async def _read(
    tx: Connection, filing: Filing, within: str, values: dict[str, Any], order: str
) -> list[Edition]:
    query = f"SELECT {COLUMNS} {FROM} WHERE {conditions(filing)} {within} {order}"
    rows: Sequence[Sequence[Any]] = await (
        await tx.execute(query.encode(), bound(filing) | values)
    ).fetchall()
    return [read_edition(row) for row in rows]


def conditions(filing: Filing) -> str:
    """The conditions that this filing has; only those, so that the server can plan for them.

    They are about a version `v` of an issuer `i`, with the values of `bound`.
    """
    found = [_NEWEST, *([_LANGUAGE] if filing.language else [])]
    if filing.circuit:
        for_all = f"{_FOR_ALL} AND {_SECTORS}" if filing.sectors else _FOR_ALL
        found.append(f"((v.document -> 'circuits') ? %(circuit)s OR ({for_all}))")
    elif filing.sectors:
        found.append(_SECTORS)
    if filing.places:
        found.append(_PLACES)
    if filing.issuer:
        found.append("i.slug = %(issuer)s")
    return " AND ".join(found)


def bound(filing: Filing) -> dict[str, Any]:
    """The values of a filing, by the names that its conditions have for them."""
    return {
        "language": filing.language or None,
        "sectors": list(filing.sectors),
        "places": list(filing.places),
        "issuer": filing.issuer,
        "circuit": filing.circuit,
    }
