"""Sitemap rows: what the sitemaps say of each public release, without its text."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidewire.store.database import Connection

_NEWEST = """
    v.sequence IS NOT NULL AND v.act NOT IN ('kill', 'withdraw')
    AND NOT EXISTS (SELECT 1 FROM release_version n WHERE n.release_id = v.release_id
                    AND n.version > v.version AND n.sequence IS NOT NULL)
"""
_ROW = """
    r.ref, jsonb_path_query_array(v.document, '$.renditions[*].language') AS languages,
    jsonb_path_query_array(v.document, '$.renditions[*].headline') AS headlines,
    f.published_at, v.published_at
"""
_FROM = f"""
    FROM release_version v JOIN release r ON r.id = v.release_id
    JOIN release_version f ON f.release_id = v.release_id AND f.act = 'publish'
    WHERE {_NEWEST}
"""


@dataclass(frozen=True, slots=True)
class Row:
    """One release as it stands now: (language, headline) of its renditions, and its moments."""

    ref: str
    renditions: tuple[tuple[str, str], ...]
    published_at: datetime
    changed_at: datetime


async def between(tx: Connection, after: int, last: int) -> list[Row]:
    """Releases whose newest version has a number above `after`, up to `last`, in its order."""
    query = f"SELECT {_ROW} {_FROM} AND v.sequence > %s AND v.sequence <= %s ORDER BY v.sequence"
    return [_row(row) for row in await (await tx.execute(query.encode(), (after, last))).fetchall()]


async def news(tx: Connection, after: int, limit: int) -> list[Row]:
    """So many releases whose first version has a number above `after`, the newest first."""
    query = f"SELECT {_ROW} {_FROM} AND f.sequence > %s ORDER BY f.sequence DESC LIMIT %s"
    found = await tx.execute(query.encode(), (after, limit))
    return [_row(row) for row in await found.fetchall()]


def _row(row: tuple[Any, ...]) -> Row:
    return Row(row[0], tuple(zip(row[1], row[2], strict=True)), row[3], row[4])
