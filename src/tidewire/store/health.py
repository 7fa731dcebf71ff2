"""How an endpoint has been doing: its failures in a row, and its soft bounces."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from tidewire.store.database import Connection

# (failing since, failures, failed days, last failed on)
Standing = tuple[datetime | None, int, int, date | None]


async def read(tx: Connection, endpoint_ids: Sequence[int]) -> dict[int, Standing]:
    """How those endpoints stand that have a record; locks it."""
    rows = await tx.execute(
        "SELECT endpoint_id, failing_since, failures, failed_days, last_failed_on"
        " FROM endpoint_health WHERE endpoint_id = ANY(%s) ORDER BY endpoint_id FOR UPDATE",
        (list(endpoint_ids),),
    )
    return {row[0]: (row[1], row[2], row[3], row[4]) for row in await rows.fetchall()}


async def write(tx: Connection, standings: Mapping[int, Standing]) -> None:
    """Store how endpoints stand, by id, in one exchange."""
    async with tx.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO endpoint_health"
            " (endpoint_id, failing_since, failures, failed_days, last_failed_on)"
            " VALUES (%s, %s, %s, %s, %s) ON CONFLICT (endpoint_id) DO UPDATE SET"
            "  failing_since = excluded.failing_since, failures = excluded.failures,"
            "  failed_days = excluded.failed_days, last_failed_on = excluded.last_failed_on",
            [(endpoint_id, *standing) for endpoint_id, standing in sorted(standings.items())],
        )


async def soft_bounced(tx: Connection, endpoint_id: int, now: datetime, since: datetime) -> int:
    """Note a soft bounce; returns how many there were after `since`."""
    row = await (
        await tx.execute(
            "INSERT INTO endpoint_health AS h (endpoint_id, soft_bounces)"
            " VALUES (%(id)s, ARRAY[%(now)s::timestamptz])"
            " ON CONFLICT (endpoint_id) DO UPDATE SET soft_bounces ="
            "  array(SELECT b FROM unnest(h.soft_bounces) b WHERE b > %(since)s)"
            "  || %(now)s::timestamptz"
            " RETURNING cardinality(soft_bounces)",
            {"id": endpoint_id, "now": now, "since": since},
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def pause(tx: Connection, endpoint_id: int, until: datetime) -> None:
    """Note when a pause ends."""
    await tx.execute(
        "UPDATE endpoint_health SET paused_until = %s WHERE endpoint_id = %s", (until, endpoint_id)
    )


async def resume(tx: Connection, now: datetime) -> int:
    """End the pauses that are over: the endpoint is active, its soft bounces are forgotten."""
    done = await tx.execute(
        "WITH over AS (UPDATE endpoint_health SET paused_until = NULL, soft_bounces = '{}'"
        "   WHERE paused_until <= %s RETURNING endpoint_id)"
        " UPDATE endpoint e SET state = 0 FROM over WHERE e.id = over.endpoint_id AND e.state = 2",
        (now,),
    )
    return done.rowcount


async def forget(tx: Connection, endpoint_id: int) -> None:
    """Begin anew with an endpoint: no failures, no soft bounces, no pause."""
    await tx.execute("DELETE FROM endpoint_health WHERE endpoint_id = %s", (endpoint_id,))
