"""Deliveries: one row for each edition and endpoint, from plan to terminal state."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tidewire.model.delivery import ChannelCode, DeliveryState, Outgoing, delivery_key
from tidewire.store.database import Connection
from tidewire.store.pages import Page


class Taken(NamedTuple):
    """A delivery of a claimed page, and whether its endpoint may still be sent to."""

    outgoing: Outgoing
    allowed: bool


class Settled(NamedTuple):
    """What a try has come to; `due_at` is the next one where the delivery is deferred.

    `attempt` is what is stored as its count, `tried` the try that this settles. `unseen`: the
    try may have arrived all the same, so the next is a repeat.
    """

    endpoint_id: int
    state: DeliveryState
    attempt: int
    tried: int
    due_at: datetime | None = None
    unseen: bool = False


async def add(
    tx: Connection, page_id: int, page: Page, channel: int, endpoint_ids: Iterable[int]
) -> None:
    """Write the rows of one page. Raises UniqueViolation where one is planned already."""
    statement = (
        "COPY delivery (page_id, release_id, version, channel, endpoint_id)"
        " FROM STDIN (FORMAT BINARY)"
    )
    async with tx.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(["int8", "int4", "int2", "int2", "int4"])
        for endpoint_id in endpoint_ids:
            await copy.write_row((page_id, page.release_id, page.version, channel, endpoint_id))


async def planned(
    tx: Connection, release_id: int, version: int
) -> set[tuple[ChannelCode, str, int]]:
    """(channel, language, endpoint id) of every delivery of an edition."""
    rows = await tx.execute(
        "SELECT d.channel, p.language, d.endpoint_id FROM delivery d JOIN page p"
        " ON p.id = d.page_id WHERE d.release_id = %s AND d.version = %s",
        (release_id, version),
    )
    return {(ChannelCode(row[0]), row[1], row[2]) for row in await rows.fetchall()}


async def take_back(
    tx: Connection, release_id: int, version: int, endpoint_ids: Sequence[int]
) -> None:
    """Remove deliveries that have not been started, and pages that are left empty."""
    edition = {"release": release_id, "version": version, "ids": list(endpoint_ids)}
    await tx.execute(
        "DELETE FROM delivery WHERE release_id = %(release)s AND version = %(version)s"
        " AND endpoint_id = ANY(%(ids)s) AND state = 0",
        edition,
    )
    await tx.execute(
        "DELETE FROM page p WHERE release_id = %(release)s AND version = %(version)s"
        " AND state = 0 AND NOT EXISTS (SELECT 1 FROM delivery d WHERE d.page_id = p.id)",
        edition,
    )


async def staged(tx: Connection, page: Page) -> list[Outgoing]:
    """The deliveries of a page that waits for its moment, as they would be handed out."""
    rows = await tx.execute(
        "SELECT d.endpoint_id, e.address, d.attempt + 1, coalesce(e.secret, ''),"
        "  coalesce(s.name, ''), d.repeat"
        " FROM delivery d JOIN endpoint e ON e.id = d.endpoint_id"
        " LEFT JOIN subscriber s ON s.id = e.subscriber_id"
        " WHERE d.page_id = %s AND d.state = 0",
        (page.id,),
    )
    return [_outgoing(page, row) for row in await rows.fetchall()]


async def start(tx: Connection, page: Page) -> list[Taken]:
    """Mark what is open on a page as started, and hand it out.

    A delivery that was started before and never settled is marked as a repeat.
    """
    rows = await tx.execute(
        "UPDATE delivery d SET state = 1, attempt = d.attempt + 1,"
        "  repeat = d.repeat OR d.state = 1, due_at = NULL"
        " FROM endpoint e LEFT JOIN subscriber s ON s.id = e.subscriber_id"
        " WHERE d.page_id = %s AND e.id = d.endpoint_id"
        "  AND (d.state IN (0, 1) OR (d.state = 3 AND d.due_at IS NULL))"
        " RETURNING d.endpoint_id, e.address, d.attempt, coalesce(e.secret, ''),"
        "  coalesce(s.name, ''), d.repeat,"
        "  e.state = 0 AND coalesce(s.state, 0) = 0 AND NOT EXISTS ("
        "    SELECT 1 FROM suppression x WHERE x.channel = e.channel AND x.address = e.address)",
        (page.id,),
    )
    return [Taken(_outgoing(page, row), row[6]) for row in await rows.fetchall()]


def _outgoing(page: Page, row: Sequence[Any]) -> Outgoing:
    return Outgoing(
        endpoint_id=row[0],
        address=row[1],
        key=delivery_key(page.release_id, page.version, row[0]),
        attempt=row[2],
        language=page.language,
        secret=row[3],
        name=row[4],
        repeat=row[5],
    )


async def settle(tx: Connection, page: Page, settled: Sequence[Settled]) -> set[int]:
    """Store what tries have come to; returns the endpoints whose try was still the open one.

    A worker that lost its lease may come late: what was tried again since is left alone.
    """
    # The open try is one expression, so that the planner does not take started deliveries for
    # rare (they were, when it last looked) and compare each of them with each that is settled.
    rows = await tx.execute(
        "UPDATE delivery d SET state = x.state, attempt = x.attempt, due_at = x.due_at,"
        "  repeat = d.repeat OR x.unseen"
        " FROM unnest(%s::int[], %s::smallint[], %s::smallint[], %s::smallint[],"
        "   %s::timestamptz[], %s::bool[])"
        "   AS x (endpoint_id, state, attempt, tried, due_at, unseen)"
        " WHERE d.page_id = %s AND d.endpoint_id = x.endpoint_id"
        "   AND CASE d.state WHEN 1 THEN d.attempt END = x.tried"
        " RETURNING d.endpoint_id",
        (*map(_array, zip(*settled, strict=True)), page.id),
    )
    return {row[0] for row in await rows.fetchall()}


def _array(values: Iterable[object]) -> str:
    """Numbers, truths and moments as PostgreSQL writes an array: many times faster than a list."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


async def take_retries(tx: Connection, now: datetime, limit: int) -> list[tuple[Page, list[int]]]:
    """Deferred deliveries that are due again, locked, grouped as pages to be written."""
    rows = await tx.execute(
        "SELECT d.release_id, d.version, d.channel, p.language, d.endpoint_id"
        " FROM delivery d JOIN page p ON p.id = d.page_id"
        " WHERE d.due_at <= %s AND d.state = 3 ORDER BY d.due_at LIMIT %s"
        " FOR UPDATE OF d SKIP LOCKED",
        (now, limit),
    )
    groups: dict[tuple[int, int, int, str], list[int]] = {}
    for release_id, version, channel, language, endpoint_id in await rows.fetchall():
        groups.setdefault((release_id, version, channel, language), []).append(endpoint_id)
    return [
        (Page(0, release_id, version, ChannelCode(channel), language), endpoint_ids)
        for (release_id, version, channel, language), endpoint_ids in groups.items()
    ]


async def move(tx: Connection, page_id: int, page: Page, endpoint_ids: Sequence[int]) -> None:
    """Put deferred deliveries on a new page; they stay deferred until it is claimed."""
    await tx.execute(
        "UPDATE delivery SET page_id = %s, due_at = NULL"
        " WHERE release_id = %s AND version = %s AND endpoint_id = ANY(%s)",
        (page_id, page.release_id, page.version, list(endpoint_ids)),
    )


async def holders(tx: Connection, release_id: int, version: int) -> list[tuple[int, int, str]]:
    """Who had, or may yet get, an earlier version: (endpoint id, channel, language).

    Accepted, waiting and uncertain ones, also where those were given up; endpoints that are
    no longer active are out.
    """
    rows = await tx.execute(
        "SELECT DISTINCT ON (d.endpoint_id) d.endpoint_id, d.channel, p.language"
        " FROM delivery d JOIN page p ON p.id = d.page_id JOIN endpoint e ON e.id = d.endpoint_id"
        " LEFT JOIN subscriber s ON s.id = e.subscriber_id"
        " WHERE d.release_id = %s AND d.version < %s"
        "   AND (d.state IN (0, 1, 2, 3) OR d.repeat)"
        "   AND e.state = 0 AND coalesce(s.state, 0) = 0"
        " ORDER BY d.endpoint_id, d.version DESC",
        (release_id, version),
    )
    return [(row[0], row[1], row[2]) for row in await rows.fetchall()]


async def newest_public_version(tx: Connection, release_id: int) -> int:
    """The highest version that has gone out and stands for those before it; 0 for none.

    One that adds a rendition replaces nothing.
    """
    row = await (
        await tx.execute(
            "SELECT coalesce(max(version), 0) FROM release_version"
            " WHERE release_id = %s AND sequence IS NOT NULL AND act <> 'add'",
            (release_id,),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def waiting_until(tx: Connection) -> datetime | None:
    """When the next deferred delivery is due."""
    row = await (
        await tx.execute("SELECT min(due_at) FROM delivery WHERE due_at IS NOT NULL AND state = 3")
    ).fetchone()
    return row[0] if row else None


async def revive(tx: Connection, endpoint_id: int, *, since: datetime, now: datetime) -> int:
    """Let dead deliveries of an endpoint be tried again at once; returns how many.

    Only those of each release's newest public version, published after `since`.
    """
    done = await tx.execute(
        "UPDATE delivery d SET state = 3, attempt = 0, due_at = %(now)s FROM release_version v"
        " WHERE d.endpoint_id = %(endpoint)s AND d.state = 5 AND v.release_id = d.release_id"
        "  AND v.version = d.version AND v.published_at > %(since)s"
        "  AND NOT EXISTS (SELECT 1 FROM release_version n WHERE n.release_id = v.release_id"
        "    AND n.version > v.version AND n.sequence IS NOT NULL)",
        {"endpoint": endpoint_id, "since": since, "now": now},
    )
    return done.rowcount
