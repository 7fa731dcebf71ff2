"""Sums over deliveries and ledger for one version of a release. For ledger/ only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tidewire.model.delivery import ChannelCode, DeliveryState, Event
from tidewire.model.subscriber import Kind
from tidewire.store.database import Connection

LATER = [Event.BOUNCED, Event.COMPLAINED, Event.UNSUBSCRIBED]


@dataclass(frozen=True, slots=True)
class StateSum:
    """How many deliveries of one channel, country and language stand in one state."""

    channel: ChannelCode
    country: str
    language: str
    state: DeliveryState
    count: int
    repeats: int


async def states(tx: Connection, release_id: int, version: int) -> list[StateSum]:
    """Deliveries counted by channel, country ("" for none), language and state."""
    rows = await tx.execute(
        """
        SELECT d.channel, coalesce(s.country, ''), p.language, d.state,
               count(*), count(*) FILTER (WHERE d.repeat)
        FROM delivery d
        JOIN page p ON p.id = d.page_id
        JOIN endpoint e ON e.id = d.endpoint_id
        LEFT JOIN subscriber s ON s.id = e.subscriber_id
        WHERE d.release_id = %s AND d.version = %s
        GROUP BY 1, 2, 3, 4
        """,
        (release_id, version),
    )
    return [
        StateSum(ChannelCode(row[0]), row[1], row[2], DeliveryState(row[3]), row[4], row[5])
        for row in await rows.fetchall()
    ]


async def acceptance_times(
    tx: Connection, release_id: int, version: int, t0: datetime
) -> list[tuple[ChannelCode, int, int]]:
    """(channel, whole ms after `t0`, deliveries first accepted then), from ledger entries."""
    rows = await tx.execute(
        """
        SELECT channel, floor(extract(epoch FROM at - %(t0)s) * 1000)::bigint, count(*)
        FROM (SELECT b.channel, e.endpoint_id, min(e.at) AS at
              FROM ledger_batch b JOIN ledger_entry e ON e.batch_id = b.id
              WHERE b.release_id = %(release)s AND b.version = %(version)s
                AND e.event = %(accepted)s
              GROUP BY 1, 2) first
        GROUP BY 1, 2
        """,
        {"t0": t0, "release": release_id, "version": version, "accepted": Event.ACCEPTED},
    )
    return [(ChannelCode(row[0]), row[1], row[2]) for row in await rows.fetchall()]


async def later_events(
    tx: Connection, release_id: int, version: int
) -> list[tuple[ChannelCode, Event, int]]:
    """(channel, event, endpoints) for bounces, complaints and unsubscriptions."""
    rows = await tx.execute(
        """
        SELECT b.channel, e.event, count(DISTINCT e.endpoint_id)
        FROM ledger_batch b JOIN ledger_entry e ON e.batch_id = b.id
        WHERE b.release_id = %s AND b.version = %s AND e.event = ANY(%s)
        GROUP BY 1, 2
        """,
        (release_id, version, LATER),
    )
    return [(ChannelCode(row[0]), Event(row[1]), row[2]) for row in await rows.fetchall()]


async def came_back(
    tx: Connection, release_id: int, version: int, endpoint_ids: Sequence[int]
) -> set[int]:
    """Which of these endpoints something has come back from, after their delivery."""
    rows = await tx.execute(
        "SELECT DISTINCT e.endpoint_id FROM ledger_batch b JOIN ledger_entry e ON e.batch_id = b.id"
        " WHERE b.release_id = %s AND b.version = %s AND e.endpoint_id = ANY(%s)"
        " AND e.event = ANY(%s)",
        (release_id, version, list(endpoint_ids), LATER),
    )
    return {row[0] for row in await rows.fetchall()}


async def audience(
    tx: Connection, release_id: int, version: int, kind: int
) -> list[tuple[str, bytes]]:
    """(language, serialised bitmap of subscriber ids) of one kind, as staged."""
    rows = await tx.execute(
        "SELECT language, subscribers FROM audience_set"
        " WHERE release_id = %s AND version = %s AND kind = %s",
        (release_id, version, kind),
    )
    return [(row[0], bytes(row[1])) for row in await rows.fetchall()]


async def stream_batches(
    tx: Connection, release_id: int, version: int
) -> list[tuple[str, bytes, dict[str, int]]]:
    """(language, serialised bitmap of desktops that took it, {ms after T0: how many}).

    In the order they were recorded. A desktop may be in more than one, where several gateways
    had it.
    """
    rows = await tx.execute(
        "SELECT language, members, coalesce(spread, '{}') FROM ledger_batch"
        " WHERE release_id = %s AND version = %s AND channel = %s AND event = %s"
        " AND members IS NOT NULL ORDER BY position",
        (release_id, version, ChannelCode.STREAM, Event.ACCEPTED),
    )
    return [(row[0], bytes(row[1]), row[2]) for row in await rows.fetchall()]


async def countries_of(tx: Connection, flags: bytes) -> list[tuple[str, int, int]]:
    """(country, desktops that are due, desktops that took it), in one pass over the subscribers.

    `flags` has a byte for each id: 1 where it is due, 3 where it took it as well.
    """
    rows = await tx.execute(
        """
        SELECT country, count(*) FILTER (WHERE flag > 0), count(*) FILTER (WHERE flag = 3)
        FROM (SELECT country, get_byte(%(flags)b, id) AS flag FROM subscriber
              WHERE kind = %(kind)s AND id < %(ids)s) desktop
        GROUP BY country
        """,
        {"flags": flags, "kind": Kind.DESKTOP, "ids": len(flags)},
    )
    return [(row[0], row[1], row[2]) for row in await rows.fetchall() if row[1]]
