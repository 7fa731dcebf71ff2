"""Subscribers: who receives, in which languages they read; and what changed about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pyroaring import BitMap

from tidewire.model.errors import NotFound
from tidewire.model.subscriber import Kind, SubscriberState
from tidewire.store.database import Connection
from tidewire.store.gathered import among, gather, ids


@dataclass(frozen=True, slots=True)
class Subscriber:
    """One who receives. `languages` is what they read, best first (BCP 47)."""

    id: int
    kind: Kind
    state: SubscriberState
    key_generation: int
    country: str
    languages: tuple[str, ...]
    outlet_kind: str
    name: str
    outside_id: str | None


# Kind, country, languages by rank, kind of outlet, and the ids of those who have these.
Profile = tuple[int, str, list[str], str, BitMap]

_COLUMNS = "id, kind, state, key_generation, country, languages, outlet_kind, name, outside_id"


async def get(tx: Connection, subscriber_id: int) -> Subscriber:
    """The subscriber of this id. Raises NotFound."""
    query = f"SELECT {_COLUMNS} FROM subscriber WHERE id = %s".encode()
    return _read(await (await tx.execute(query, (subscriber_id,))).fetchone())


async def of_outside_id(tx: Connection, kind: Kind, outside_id: str) -> Subscriber:
    """The subscriber that an importer knows by its own id. Raises NotFound."""
    query = f"SELECT {_COLUMNS} FROM subscriber WHERE kind = %s AND outside_id = %s".encode()
    return _read(await (await tx.execute(query, (kind, outside_id))).fetchone())


async def count(tx: Connection) -> dict[Kind, int]:
    """How many of each kind are active."""
    found = await tx.execute("SELECT kind, count(*) FROM subscriber WHERE state = 0 GROUP BY kind")
    return {Kind(kind): int(size) for kind, size in await found.fetchall()}


async def leave(tx: Connection, subscriber_id: int, now: datetime) -> None:
    """They receive nothing more, on any channel."""
    await tx.execute(
        "UPDATE subscriber SET state = 1, changed_at = %s, changed_in = pg_current_xact_id()"
        " WHERE id = %s AND state = 0",
        (now, subscriber_id),
    )


async def set_languages(
    tx: Connection, subscriber_id: int, languages: Sequence[str], now: datetime
) -> None:
    """What they read from now on, best first (BCP 47)."""
    await tx.execute(
        "UPDATE subscriber SET languages = %s, changed_at = %s,"
        " changed_in = pg_current_xact_id() WHERE id = %s",
        (list(languages), now, subscriber_id),
    )


async def void_key(tx: Connection, subscriber_id: int, now: datetime) -> int:
    """Raise the generation of a desktop's key, so that older keys are void; returns the new one."""
    found = await tx.execute(
        "UPDATE subscriber SET key_generation = key_generation + 1, changed_at = %s,"
        " changed_in = pg_current_xact_id()"
        " WHERE id = %s RETURNING key_generation",
        (now, subscriber_id),
    )
    row = await found.fetchone()
    if row is None:
        raise NotFound("There is no such subscriber.")
    return int(row[0])


async def span(tx: Connection) -> int:
    """The highest id there is; 0 where nobody is."""
    row = await (await tx.execute("SELECT coalesce(max(id), 0) FROM subscriber")).fetchone()
    assert row is not None
    return int(row[0])


async def view(tx: Connection) -> str:
    """Which transactions this one sees, as `changed` takes it."""
    row = await (await tx.execute("SELECT pg_current_snapshot()::text")).fetchone()
    assert row is not None
    return str(row[0])


async def changed(tx: Connection, since: str) -> BitMap:
    """Who was changed by a transaction that an earlier view did not see, and this one does.

    What stands ahead of this server's transactions came with a copy of another's data.
    """
    query = f"""
        SELECT {gather("id")} FROM subscriber
        WHERE changed_in >= pg_snapshot_xmin(%(since)s::pg_snapshot)
          AND changed_in < pg_snapshot_xmax(pg_current_snapshot())
          AND NOT pg_visible_in_snapshot(changed_in, %(since)s::pg_snapshot)
    """
    row = await (await tx.execute(query.encode(), {"since": since}, binary=True)).fetchone()
    assert row is not None
    return ids(row[0])


async def profiles(tx: Connection, wanted: range | BitMap) -> list[Profile]:
    """The active subscribers among `wanted`, those that are alike together."""
    where, values = among("id", wanted)
    query = f"""
        SELECT kind, country, languages, outlet_kind, {gather("id")} FROM subscriber
        WHERE state = 0 AND {where} GROUP BY 1, 2, 3, 4
    """
    found = await tx.execute(query.encode(), values, binary=True)
    return [(*alike, ids(raw)) for *alike, raw in await found.fetchall()]


def _read(row: Sequence[Any] | None) -> Subscriber:
    if row is None:
        raise NotFound("There is no such subscriber.")
    return Subscriber(
        id=row[0],
        kind=Kind(row[1]),
        state=SubscriberState(row[2]),
        key_generation=row[3],
        country=row[4],
        languages=tuple(row[5]),
        outlet_kind=row[6],
        name=row[7],
        outside_id=row[8],
    )
