"""Suppressions: addresses that must not be sent to, and why. They outlive the endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tidewire.model.delivery import ChannelCode
from tidewire.model.subscriber import SuppressionReason
from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class Suppression:
    """Why an address must not be sent to, who said so, and since when."""

    channel: ChannelCode
    address: str
    reason: SuppressionReason
    source: str
    at: datetime


async def add(
    tx: Connection,
    channel: ChannelCode,
    address: str,
    reason: SuppressionReason,
    source: str,
    at: datetime,
) -> bool:
    """Suppress an address, and its endpoint with it; false where it was already.

    The first reason stands. `source` says who told us. Mail is compared in lower case.
    """
    address = _key(channel, address)
    done = await tx.execute(
        "INSERT INTO suppression (channel, address, reason, source, at)"
        " VALUES (%s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (channel, address, reason, source, at),
    )
    await tx.execute(
        "UPDATE endpoint SET state = 1 WHERE channel = %s AND address = %s", (channel, address)
    )
    return done.rowcount == 1


async def find(tx: Connection, channel: ChannelCode, address: str) -> Suppression | None:
    """Why this address must not be sent to; None where it may."""
    row = await (
        await tx.execute(
            "SELECT channel, address, reason, source, at FROM suppression"
            " WHERE channel = %s AND address = %s",
            (channel, _key(channel, address)),
        )
    ).fetchone()
    if row is None:
        return None
    return Suppression(ChannelCode(row[0]), row[1], SuppressionReason(row[2]), row[3], row[4])


async def suppressed(tx: Connection, endpoint_ids: Sequence[int]) -> set[int]:
    """Those of these endpoints whose address is suppressed: asked again at sending."""
    found = await tx.execute(
        "SELECT e.id FROM endpoint e JOIN suppression s USING (channel, address)"
        " WHERE e.id = ANY(%s)",
        (list(endpoint_ids),),
    )
    return {row[0] for row in await found.fetchall()}


def _key(channel: ChannelCode, address: str) -> str:
    return address.lower() if channel is ChannelCode.EMAIL else address
