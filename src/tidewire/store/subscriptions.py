"""WebSub subscriptions: who asked for which feed, who meant it, and until when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from tidewire.model.delivery import ChannelCode
from tidewire.model.subscriber import EndpointState
from tidewire.store import endpoints, stagings
from tidewire.store.database import Connection

VERIFYING = timedelta(seconds=60)  # how long a request that is being verified is left alone


@dataclass(frozen=True, slots=True)
class Intent:
    """What somebody asked of the hub. `address` is the feed's document and the callback.

    `mode` is subscribe, unsubscribe or denied; `tries` counts this one. The same address and
    mode asked for again replaces it, with another `asked_at`.
    """

    id: int
    address: str
    mode: str
    feed: str
    lease_seconds: int
    secret: str
    reason: str
    asked_at: datetime
    tries: int = 0


@dataclass(frozen=True, slots=True)
class Subscription:
    """One that is verified."""

    endpoint_id: int
    address: str
    feed: str
    lease_until: datetime
    state: EndpointState


async def ask(tx: Connection, intent: Intent) -> None:
    """Store a request (its `id` and `tries` are ignored); it is due at once."""
    await tx.execute(
        "INSERT INTO subscription_request"
        " (address, mode, feed, lease_seconds, secret, reason, asked_at, due_at)"
        " VALUES (%(address)s, %(mode)s, %(feed)s, %(lease)s, nullif(%(secret)s, ''), %(reason)s,"
        "  %(at)s, %(at)s)"
        " ON CONFLICT (address, mode) DO UPDATE SET lease_seconds = excluded.lease_seconds,"
        "  secret = excluded.secret, reason = excluded.reason, asked_at = excluded.asked_at,"
        "  due_at = excluded.due_at, tries = 0",
        {
            "address": intent.address,
            "mode": intent.mode,
            "feed": intent.feed,
            "lease": intent.lease_seconds,
            "secret": intent.secret,
            "reason": intent.reason,
            "at": intent.asked_at,
        },
    )


async def due(tx: Connection, now: datetime, limit: int) -> list[Intent]:
    """Requests to be verified now; they are due again later, should whoever took them die."""
    rows = await tx.execute(
        "UPDATE subscription_request SET due_at = %s, tries = tries + 1 WHERE id IN"
        " (SELECT id FROM subscription_request WHERE due_at <= %s ORDER BY due_at LIMIT %s"
        "  FOR UPDATE SKIP LOCKED)"
        " RETURNING id, address, mode, feed, lease_seconds, coalesce(secret, ''), reason,"
        "  asked_at, tries",
        (now + VERIFYING, now, limit),
    )
    return [Intent(*row) for row in await rows.fetchall()]


async def put_off(tx: Connection, intent: Intent, at: datetime) -> None:
    """Try it again then, unless it was asked anew."""
    await tx.execute(
        "UPDATE subscription_request SET due_at = %s WHERE id = %s AND asked_at = %s",
        (at, intent.id, intent.asked_at),
    )


async def drop(tx: Connection, intent: Intent) -> None:
    """It is done with, unless it was asked anew."""
    await tx.execute(
        "DELETE FROM subscription_request WHERE id = %s AND asked_at = %s",
        (intent.id, intent.asked_at),
    )


async def begin(tx: Connection, intent: Intent, until: datetime) -> int:
    """Subscribe, or renew what there is; returns the endpoint's id."""
    found = await tx.execute(
        "INSERT INTO endpoint (channel, address, secret) VALUES (%s, %s, nullif(%s, ''))"
        " ON CONFLICT (channel, address) DO UPDATE SET secret = excluded.secret,"
        "  state = CASE endpoint.state WHEN 1 THEN 1 ELSE 0 END RETURNING id",
        (ChannelCode.WEBSUB, intent.address, intent.secret),
    )
    row = await found.fetchone()
    assert row is not None
    await tx.execute("DELETE FROM endpoint_health WHERE endpoint_id = %s", (row[0],))
    await tx.execute(
        "INSERT INTO subscription (endpoint_id, feed, lease_until) VALUES (%s, %s, %s)"
        " ON CONFLICT (endpoint_id) DO UPDATE SET lease_until = excluded.lease_until",
        (row[0], intent.feed, until),
    )
    await stagings.plan_anew(tx)
    return int(row[0])


async def end(tx: Connection, address: str) -> bool:
    """Nothing more is sent to this address; false where nobody was subscribed."""
    found = await endpoints.of_address(tx, ChannelCode.WEBSUB, address)
    if found is None:
        return False
    done = await tx.execute("DELETE FROM subscription WHERE endpoint_id = %s", (found.id,))
    await _close(tx, [found.id])
    return done.rowcount == 1


async def expire(tx: Connection, now: datetime) -> int:
    """End every subscription whose lease has run out; returns how many."""
    rows = await tx.execute(
        "DELETE FROM subscription WHERE lease_until <= %s RETURNING endpoint_id", (now,)
    )
    ended = [row[0] for row in await rows.fetchall()]
    await _close(tx, ended)
    return len(ended)


async def following(tx: Connection, feeds: Sequence[str], now: datetime) -> list[tuple[int, str]]:
    """(endpoint id, feed) of all that are subscribed to one of these feeds and may be sent to."""
    rows = await tx.execute(
        "SELECT s.endpoint_id, s.feed FROM subscription s JOIN endpoint e ON e.id = s.endpoint_id"
        " WHERE s.feed = ANY(%s) AND s.lease_until > %s AND e.state = 0",
        (list(feeds), now),
    )
    return [(row[0], row[1]) for row in await rows.fetchall()]


async def without_circuit(tx: Connection) -> list[Subscription]:
    """Subscriptions to the feed of a circuit that is gone."""
    return await _every(
        tx,
        "WHERE split_part(s.feed, '/', 2) = 'circuit' AND NOT EXISTS (SELECT 1 FROM circuit c"
        " WHERE c.name = substring(s.feed from position('/circuit/' in s.feed) + 9))",
    )


async def holds(tx: Connection, endpoint_id: int) -> bool:
    """Is there a subscription for this endpoint?"""
    found = await tx.execute("SELECT 1 FROM subscription WHERE endpoint_id = %s", (endpoint_id,))
    return await found.fetchone() is not None


async def every(tx: Connection) -> list[Subscription]:
    """All subscriptions, by endpoint."""
    return await _every(tx, "ORDER BY s.endpoint_id")


async def _every(tx: Connection, which: str) -> list[Subscription]:
    rows = await tx.execute(
        "SELECT s.endpoint_id, e.address, s.feed, s.lease_until, e.state FROM subscription s"
        f" JOIN endpoint e ON e.id = s.endpoint_id {which}".encode()
    )
    return [
        Subscription(row[0], row[1], row[2], row[3], EndpointState(row[4]))
        for row in await rows.fetchall()
    ]


async def _close(tx: Connection, endpoint_ids: Sequence[int]) -> None:
    """The address is kept for what the ledger says of it; the secret is not."""
    if endpoint_ids:
        await tx.execute(
            "UPDATE endpoint SET state = %s, secret = NULL WHERE id = ANY(%s) AND state <> 1",
            (EndpointState.DISABLED, list(endpoint_ids)),
        )
        await stagings.plan_anew(tx)
