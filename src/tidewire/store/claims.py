"""What the ledger claims, delivery by delivery: to be held against what others saw."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tidewire.model.delivery import ChannelCode, DeliveryState, Event
from tidewire.model.subscriber import Kind
from tidewire.store.database import Connection

# Codes below are our own decision: the endpoint was not asked. SSH counts from 1.
SPOKEN = 400


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that the ledger says of one delivery. Desktops have none: see receipt_sums."""

    channel: ChannelCode
    event: Event
    version: int
    endpoint_id: int
    address: str
    detail: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How many deliveries of a channel stand in a state; `soon` of them are tried again soon."""

    channel: ChannelCode
    state: DeliveryState
    count: int
    soon: int


async def claims(tx: Connection, release_id: int) -> list[Claim]:
    """What endpoints accepted or refused, and what came back later; each said once."""
    rows = await tx.execute(
        "SELECT DISTINCT p.channel, e.event, e.version, e.endpoint_id, p.address, e.detail"
        " FROM ledger_batch b JOIN ledger_entry e ON e.batch_id = b.id"
        " JOIN endpoint p ON p.id = e.endpoint_id"
        " WHERE b.release_id = %s AND (e.event = ANY(%s) OR (e.event = %s AND"
        "  (e.code >= %s OR (p.channel = %s AND e.code > 0))))",
        (
            release_id,
            [Event.ACCEPTED, Event.BOUNCED, Event.COMPLAINED, Event.UNSUBSCRIBED],
            Event.REFUSED,
            SPOKEN,
            ChannelCode.SFTP,
        ),
    )
    return [Claim(ChannelCode(row[0]), Event(row[1]), *row[2:]) for row in await rows.fetchall()]


async def standings(tx: Connection, release_id: int, until: datetime) -> list[Standing]:
    """Deliveries by channel and state; deferred ones that are due before `until` are `soon`."""
    rows = await tx.execute(
        "SELECT channel, state, count(*),"
        " count(*) FILTER (WHERE state = 3 AND coalesce(due_at, %s) <= %s)"
        " FROM delivery WHERE release_id = %s GROUP BY 1, 2",
        (until, until, release_id),
    )
    return [
        Standing(ChannelCode(row[0]), DeliveryState(row[1]), row[2], row[3])
        for row in await rows.fetchall()
    ]


async def planned(tx: Connection, release_id: int) -> bool:
    """True once every version is public and fanned out to deliveries."""
    row = await (
        await tx.execute(
            "SELECT bool_and(planned_at IS NOT NULL AND sequence IS NOT NULL)"
            " FROM release_version WHERE release_id = %s",
            (release_id,),
        )
    ).fetchone()
    return bool(row and row[0])


async def paged(tx: Connection, release_id: int) -> bool:
    """True once every version is fanned out to pages, public or not."""
    row = await (
        await tx.execute(
            "SELECT bool_and(planned_at IS NOT NULL) FROM release_version WHERE release_id = %s",
            (release_id,),
        )
    ).fetchone()
    return bool(row and row[0])


async def outside_ids(tx: Connection, subscriber_ids: Sequence[int]) -> list[str]:
    """The ids by which an importer knows these subscribers."""
    rows = await tx.execute(
        "SELECT outside_id FROM subscriber WHERE id = ANY(%s::int[]) AND outside_id IS NOT NULL",
        (list(subscriber_ids),),
    )
    return [row[0] for row in await rows.fetchall()]


async def desktops(tx: Connection, names: Sequence[str]) -> list[tuple[str, int, int]]:
    """(outside id, subscriber id, generation of its key) of the desktops of these outside ids."""
    rows = await tx.execute(
        "SELECT outside_id, id, key_generation FROM subscriber"
        " WHERE kind = %s AND outside_id = ANY(%s) ORDER BY outside_id",
        (Kind.DESKTOP, list(names)),
    )
    return [(row[0], row[1], row[2]) for row in await rows.fetchall()]
