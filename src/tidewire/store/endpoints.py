"""Endpoints: where and how a subscriber is reached, and whether it may be."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

from tidewire.model.delivery import ChannelCode
from tidewire.model.subscriber import EndpointState
from tidewire.store.database import Connection

STREAM_ROWS = 2_000


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address on one channel. `subscriber_id` is None for a feed of our own."""

    id: int
    subscriber_id: int | None
    channel: ChannelCode
    state: EndpointState
    address: str
    secret: str = ""


_COLUMNS = "id, subscriber_id, channel, state, address, coalesce(secret, '')"
_NOT_SUPPRESSED = """
    NOT EXISTS (SELECT 1 FROM suppression s
                WHERE s.channel = e.channel AND s.address = e.address)
"""


async def add(
    tx: Connection, subscriber_id: int | None, channel: ChannelCode, address: str, secret: str = ""
) -> int:
    """Store an address and return its id; it starts suppressed where the address is.

    Mail is kept in lower case. Raises UniqueViolation where the channel has it already.
    """
    if channel is ChannelCode.EMAIL:
        address = address.lower()
    found = await tx.execute(
        "INSERT INTO endpoint (subscriber_id, channel, state, address, secret)"
        " SELECT %(who)s, %(channel)s, CASE WHEN EXISTS (SELECT 1 FROM suppression"
        "   WHERE channel = %(channel)s AND address = %(address)s) THEN 1 ELSE 0 END,"
        " %(address)s, nullif(%(secret)s, '') RETURNING id",
        {"who": subscriber_id, "channel": channel, "address": address, "secret": secret},
    )
    row = await found.fetchone()
    assert row is not None
    return int(row[0])


async def by_id(tx: Connection, endpoint_id: int) -> Endpoint | None:
    """The endpoint of this id."""
    query = f"SELECT {_COLUMNS} FROM endpoint WHERE id = %s".encode()
    row = await (await tx.execute(query, (endpoint_id,))).fetchone()
    return _read(row) if row else None


async def of_address(tx: Connection, channel: ChannelCode, address: str) -> Endpoint | None:
    """The endpoint with exactly this address on this channel."""
    query = f"SELECT {_COLUMNS} FROM endpoint WHERE channel = %s AND address = %s".encode()
    row = await (await tx.execute(query, (channel, address))).fetchone()
    return _read(row) if row else None


async def active_for(
    tx: Connection, subscriber_ids: Sequence[int]
) -> list[tuple[int, int, ChannelCode]]:
    """(endpoint id, subscriber id, channel) of all that may be sent to: active, not suppressed."""
    found = await tx.execute(
        "SELECT e.id, e.subscriber_id, e.channel FROM endpoint e"
        f" WHERE e.subscriber_id = ANY(%s) AND e.state = 0 AND {_NOT_SUPPRESSED}".encode(),
        (list(subscriber_ids),),
        binary=True,
    )
    return [(row[0], row[1], ChannelCode(row[2])) for row in await found.fetchall()]


async def ensure_feed(tx: Connection, name: str) -> int:
    """The id of the wire's own feed of this name ("de", "de/technology"); stored if new."""
    await tx.execute(
        "INSERT INTO endpoint (channel, address) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (ChannelCode.FEED, name),
    )
    found = await of_address(tx, ChannelCode.FEED, name)
    assert found is not None
    return found.id


async def for_subscribers(
    tx: Connection, subscriber_ids: Sequence[int], channels: Sequence[ChannelCode] = ()
) -> AsyncIterator[Endpoint]:
    """Every endpoint of these subscribers, in any state, by a server-side cursor.

    `channels` narrows to these; none means all.
    """
    query = f"""
        SELECT {_COLUMNS} FROM endpoint
        WHERE subscriber_id = ANY(%s) AND (%s OR channel = ANY(%s::smallint[]))
    """
    async with tx.cursor(name="endpoints_of_subscribers") as cursor:
        cursor.itersize = STREAM_ROWS
        await cursor.execute(
            query.encode(), (list(subscriber_ids), not channels, [int(c) for c in channels])
        )
        async for row in cursor:
            yield _read(row)


async def held_back(tx: Connection) -> list[Endpoint]:
    """Endpoints that are paused or disabled, by id; not those whose subscription has ended."""
    query = (
        f"SELECT {_COLUMNS} FROM endpoint WHERE state IN (2, 3) AND (channel <> %s OR EXISTS"
        " (SELECT 1 FROM subscription s WHERE s.endpoint_id = endpoint.id)) ORDER BY id"
    ).encode()
    return [_read(row) for row in await (await tx.execute(query, (ChannelCode.WEBSUB,))).fetchall()]


async def set_state(tx: Connection, endpoint_id: int, state: EndpointState) -> None:
    """Whether this address may be sent to from now on."""
    await tx.execute("UPDATE endpoint SET state = %s WHERE id = %s", (state, endpoint_id))


def _read(row: Sequence[Any]) -> Endpoint:
    return Endpoint(row[0], row[1], ChannelCode(row[2]), EndpointState(row[3]), row[4], row[5])
