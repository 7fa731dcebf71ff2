"""Keys of releases and issuers, wrapped, and which master key is in use. For vault/ alone."""

from collections.abc import AsyncIterator
from datetime import datetime
from enum import Enum

from tidewire.store.database import Connection


class Owner(Enum):
    """Whose a key is: the table and column that it stands in."""

    RELEASE = ("data_key", "release_id")
    ISSUER = ("issuer_key", "issuer_id")


async def find(tx: Connection, owner: Owner, owner_id: int) -> tuple[bytes, bytes] | None:
    """(id of the master key, wrapped key) of a release or an issuer."""
    table, column = owner.value
    query = f"SELECT key_id, wrapped FROM {table} WHERE {column} = %s"
    row = await (await tx.execute(query.encode(), (owner_id,))).fetchone()
    return None if row is None else (bytes(row[0]), bytes(row[1]))


async def add(tx: Connection, owner: Owner, owner_id: int, key_id: bytes, wrapped: bytes) -> bool:
    """Store a key; False where its owner has one already, which then stands."""
    table, column = owner.value
    query = (
        f"INSERT INTO {table} ({column}, key_id, wrapped) VALUES (%s, %s, %s)"
        f" ON CONFLICT ({column}) DO NOTHING"
    )
    done = await tx.execute(query.encode(), (owner_id, key_id, wrapped))
    return done.rowcount == 1


async def of_master(
    tx: Connection, owner: Owner, key_id: bytes
) -> AsyncIterator[tuple[int, bytes]]:
    """(owner's id, wrapped key) of all that this master key wraps."""
    table, column = owner.value
    query = f"SELECT {column}, wrapped FROM {table} WHERE key_id = %s ORDER BY {column}"
    async with tx.cursor("data_keys") as cursor:
        await cursor.execute(query.encode(), (key_id,))
        async for row in cursor:
            yield row[0], bytes(row[1])


async def count_by_master(tx: Connection) -> dict[bytes, int]:
    """How many data keys each master key wraps, by its id."""
    rows = await tx.execute("SELECT key_id, count(*) FROM data_key GROUP BY key_id")
    return {bytes(row[0]): row[1] for row in await rows.fetchall()}


async def replace(
    tx: Connection, owner: Owner, owner_id: int, key_id: bytes, wrapped: bytes
) -> None:
    """Put the same key, wrapped by another master key, in its row."""
    table, column = owner.value
    query = f"UPDATE {table} SET key_id = %s, wrapped = %s WHERE {column} = %s"
    await tx.execute(query.encode(), (key_id, wrapped, owner_id))


async def master(tx: Connection) -> bytes | None:
    """The id of the master key that this store is sealed under; None before the first."""
    row = await (await tx.execute("SELECT key_id FROM master_key")).fetchone()
    return None if row is None else bytes(row[0])


async def set_first_master(tx: Connection, key_id: bytes, now: datetime) -> None:
    """Name the master key where none is named yet."""
    await tx.execute(
        "INSERT INTO master_key (key_id, since) VALUES (%s, %s) ON CONFLICT DO NOTHING",
        (key_id, now),
    )


async def change_master(tx: Connection, key_id: bytes, now: datetime) -> None:
    """Name another master key, from now on."""
    await tx.execute("UPDATE master_key SET key_id = %s, since = %s", (key_id, now))
