"""How things stand: what waits, what is held, and who is connected. Read only, by indexes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tidewire.model.delivery import ChannelCode
from tidewire.store.database import Connection, Database

PROGRAM = "tidewire "  # what an application_name of ours begins with
FAILURES = 4  # of a webhook in a row, from which on it is told of


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one channel. `oldest` is since when the first of them has been due."""

    ready: int = 0
    leased: int = 0
    expired: int = 0
    oldest: datetime | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """Versions that wait for a step, and since when the first of them could have had it."""

    count: int
    oldest: datetime | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the store stands at one moment. `at` is the store's own clock.

    `orphans`: deliveries that were started by a worker whose lease ran out. `retries`:
    deferred deliveries whose next try is overdue. `unstaged`, `unpublished` and `late_plans`
    are versions whose moment has come and that have no audience, are not public, have no
    pages; `unplanned` have an audience and no pages.
    """

    at: datetime
    read_only: bool
    migration: int
    pages: Mapping[ChannelCode, Pages]
    orphans: int
    retries: Waiting
    unstaged: Waiting
    staging: int
    unplanned: Waiting
    unpublished: Waiting
    disabled: int
    failing: int
    failing_hosts: tuple[str, ...]
    position: int
    sequence: int


async def standing(tx: Connection, now: datetime, lead: timedelta) -> Standing:
    """Everything at once. `lead`: how long before its moment a version is to be staged."""
    row = await _row(
        tx,
        "SELECT clock_timestamp(), pg_is_in_recovery()"
        "  OR current_setting('transaction_read_only')::bool,"
        " (SELECT max(number) FROM migration), (SELECT position FROM ledger_head),"
        " (SELECT sequence FROM wire_head),"
        " (SELECT count(*) FROM endpoint WHERE state = 3)",
    )
    at, read_only, migration, position, sequence, disabled = row
    failing, hosts = await _failing(tx)
    return Standing(
        at=at,
        read_only=read_only,
        migration=migration,
        pages=await due_pages(tx, now),
        orphans=await _orphans(tx, now),
        retries=await _waiting(
            tx, "SELECT count(*), min(due_at) FROM delivery WHERE state = 3 AND due_at <= %s", now
        ),
        unstaged=await _waiting(tx, f"{_UNPUBLISHED} AND staged_at IS NULL", now),
        staging=(await _waiting(tx, f"{_UNPUBLISHED} AND staged_at IS NULL", now + lead)).count,
        unplanned=await _waiting(
            tx,
            "SELECT count(*), min(staged_at) FROM release_version"
            " WHERE staged_at <= %s AND planned_at IS NULL",
            now,
        ),
        unpublished=await _waiting(tx, f"{_UNPUBLISHED} AND staged_at IS NOT NULL", now),
        disabled=disabled,
        failing=failing,
        failing_hosts=hosts,
        position=position,
        sequence=sequence,
    )


# A first version goes only while its release is scheduled: as publish/moment has it.
_UNPUBLISHED = (
    "SELECT count(*), min(t0) FROM release_version v JOIN release r ON r.id = v.release_id"
    " WHERE t0 <= %s AND sequence IS NULL AND (act <> 'publish' OR r.state = 'scheduled')"
)


async def due_pages(tx: Connection, now: datetime) -> dict[ChannelCode, Pages]:
    """The pages that are due or held, by channel; a channel without any is left out."""
    rows = await tx.execute(
        "SELECT channel, count(*) FILTER (WHERE state = 1 AND due_at <= %(now)s),"
        " count(*) FILTER (WHERE state = 2 AND lease_until >= %(now)s),"
        " count(*) FILTER (WHERE state = 2 AND lease_until < %(now)s), min(due_at)"
        " FROM page WHERE state = 2 OR (state = 1 AND due_at <= %(now)s) GROUP BY channel",
        {"now": now},
    )
    return {ChannelCode(row[0]): Pages(*row[1:]) for row in await rows.fetchall()}


async def programs(tx: Connection) -> dict[str, int]:
    """The programs of ours that hold a connection, by what they call themselves: how many."""
    rows = await tx.execute(
        "SELECT application_name, count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND starts_with(application_name, %s)"
        " GROUP BY application_name",
        (PROGRAM,),
    )
    return {row[0].removeprefix(PROGRAM): row[1] for row in await rows.fetchall()}


async def listeners(tx: Connection) -> int:
    """How many connections wait for the bell of PostgreSQL."""
    row = await _row(
        tx,
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND application_name = 'tidewire-bell'",
    )
    return int(row[0])


async def can_write(database: Database) -> None:
    """Write a little and take it back. Raises what PostgreSQL says against it."""
    async with database.transaction() as tx:
        await tx.execute("CREATE TABLE tidewire_doctor AS SELECT repeat('x', 8000) AS filling")
        await tx.execute("DROP TABLE tidewire_doctor")


async def _failing(tx: Connection) -> tuple[int, tuple[str, ...]]:
    """(webhooks that fail time after time, the hosts with most of them)."""
    rows = await tx.execute(
        "SELECT substring(e.address FROM '://([^/:?#]+)'), count(*) FROM endpoint_health h"
        " JOIN endpoint e ON e.id = h.endpoint_id WHERE h.failures >= %s AND e.state = 0"
        " GROUP BY 1 ORDER BY 2 DESC, 1",
        (FAILURES,),
    )
    found = await rows.fetchall()
    return sum(row[1] for row in found), tuple(row[0] or "?" for row in found[:5])


async def _orphans(tx: Connection, now: datetime) -> int:
    row = await _row(
        tx,
        "SELECT count(*) FROM page p JOIN delivery d ON d.page_id = p.id"
        " WHERE p.state = 2 AND p.lease_until < %s AND d.state = 1",
        (now,),
    )
    return int(row[0])


async def _waiting(tx: Connection, statement: str, until: datetime) -> Waiting:
    return Waiting(*await _row(tx, statement, (until,)))


async def _row(tx: Connection, statement: str, values: tuple[object, ...] = ()) -> tuple[Any, ...]:
    row = await (await tx.execute(statement.encode(), values)).fetchone()
    assert row is not None
    return row
