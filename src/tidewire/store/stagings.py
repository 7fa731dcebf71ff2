"""Versions that wait to be staged or planned, and the marks that they have been."""

from dataclasses import dataclass, field
from datetime import datetime

from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class Waiting:
    """A version that waits for its next step; `t0` is when it is to go.

    `staged` is true where its audience has been worked out, perhaps not for the last time.
    """

    release_id: int
    version: int
    t0: datetime
    staged: bool = field(default=False, compare=False)


async def coming(tx: Connection, until: datetime) -> list[Waiting]:
    """Versions that go before `until` and are not public, the soonest first."""
    rows = await tx.execute(
        "SELECT release_id, version, t0, staged_at IS NOT NULL FROM release_version"
        " WHERE t0 <= %s AND sequence IS NULL ORDER BY t0, release_id, version",
        (until,),
    )
    return [Waiting(*row) for row in await rows.fetchall()]


async def hold_coming(tx: Connection, waiting: Waiting) -> bool | None:
    """Lock the version if it still waits for the same moment; True where it is staged."""
    found = await tx.execute(
        "SELECT staged_at IS NOT NULL FROM release_version"
        " WHERE release_id = %s AND version = %s AND t0 = %s AND sequence IS NULL"
        " FOR UPDATE SKIP LOCKED",
        (waiting.release_id, waiting.version, waiting.t0),
    )
    row = await found.fetchone()
    return None if row is None else bool(row[0])


async def mark_staged(tx: Connection, waiting: Waiting, now: datetime) -> None:
    """Its audience is known, and its pages are to be brought up to it."""
    await tx.execute(
        "UPDATE release_version SET staged_at = %s, planned_at = NULL"
        " WHERE release_id = %s AND version = %s",
        (now, waiting.release_id, waiting.version),
    )


async def planned(tx: Connection, after: datetime, until: datetime) -> list[Waiting]:
    """Versions that have pages and go between these moments, the soonest first."""
    rows = await tx.execute(
        "SELECT release_id, version, t0, true FROM release_version WHERE t0 > %s AND t0 <= %s"
        " AND sequence IS NULL AND planned_at IS NOT NULL ORDER BY t0, release_id, version",
        (after, until),
    )
    return [Waiting(*row) for row in await rows.fetchall()]


async def unplanned(tx: Connection) -> list[tuple[int, int]]:
    """(release id, version) of versions that are staged but have no pages, the soonest first."""
    rows = await tx.execute(
        "SELECT release_id, version FROM release_version"
        " WHERE staged_at IS NOT NULL AND planned_at IS NULL ORDER BY t0, release_id, version"
    )
    return [(row[0], row[1]) for row in await rows.fetchall()]


async def hold_unplanned(tx: Connection, release_id: int, version: int) -> bool | None:
    """Lock the version if it still waits for pages; True where it is public already.

    A version waits until the ones before it are planned: their readers are its readers.
    """
    row = await (
        await tx.execute(
            "SELECT sequence IS NOT NULL FROM release_version v"
            " WHERE release_id = %s AND version = %s"
            " AND staged_at IS NOT NULL AND planned_at IS NULL"
            " AND NOT EXISTS (SELECT 1 FROM release_version e WHERE e.release_id = v.release_id"
            "   AND e.version < v.version AND e.planned_at IS NULL)"
            " FOR UPDATE SKIP LOCKED",
            (release_id, version),
        )
    ).fetchone()
    return None if row is None else bool(row[0])


async def mark_planned(tx: Connection, release_id: int, version: int, now: datetime) -> None:
    """Its pages are written."""
    await tx.execute(
        "UPDATE release_version SET planned_at = %s WHERE release_id = %s AND version = %s",
        (now, release_id, version),
    )


async def plan_anew(tx: Connection) -> None:
    """Have the pages of all that is planned and not public brought up to who is due now."""
    await tx.execute(
        "UPDATE release_version SET planned_at = NULL"
        " WHERE t0 IS NOT NULL AND sequence IS NULL AND planned_at IS NOT NULL"
    )
