"""The ledger's rows: appended and read back, never changed. Only ledger/ may use this module."""

import json
from collections.abc import AsyncIterator, Iterable
from typing import Any

from tidewire.model.delivery import Event
from tidewire.store.database import Connection

DETAIL_LIMIT = 300  # an answer's first words; enough to know it by

_BATCH = (
    "at, release_id, version, channel, event, rows, page_id, language, members, spread::text,"
    " previous, digest, id, position"
)
_ENTRY = "endpoint_id, event, attempt, at, code, detail, repeat"


async def new_batch_id(tx: Connection) -> int:
    """An id for a batch that is being written."""
    row = await (await tx.execute("SELECT nextval('ledger_batch_id')")).fetchone()
    assert row is not None
    return int(row[0])


async def append_entries(tx: Connection, rows: Iterable[tuple[Any, ...]]) -> None:
    """Rows of (batch_id, release_id, version, endpoint_id, event, attempt, at, code, ...)."""
    statement = (
        "COPY ledger_entry (batch_id, release_id, version, endpoint_id, event, attempt, at,"
        " code, detail, repeat) FROM STDIN (FORMAT BINARY)"
    )
    async with tx.cursor() as cursor, cursor.copy(statement) as copy:
        copy.set_types(
            ["int8", "int4", "int2", "int4", "int2", "int2", "timestamptz", "int4", "text", "bool"]
        )
        for row in rows:
            await copy.write_row(row)


async def take_head(tx: Connection) -> tuple[int, bytes]:
    """(position, digest) of the last batch; locks the chain until the transaction ends."""
    row = await (await tx.execute("SELECT position, digest FROM ledger_head FOR UPDATE")).fetchone()
    assert row is not None
    return int(row[0]), bytes(row[1])


async def append_batch(tx: Connection, values: dict[str, Any]) -> None:
    """Add a batch at its position and move the head to it."""
    values = dict(values)
    if values["spread"] is not None:
        values["spread"] = json.dumps(values["spread"])
    columns = ", ".join(values)
    binds = ", ".join(f"%({name})s" for name in values)
    await tx.execute(f"INSERT INTO ledger_batch ({columns}) VALUES ({binds})".encode(), values)
    await tx.execute("UPDATE ledger_head SET position = %(position)s, digest = %(digest)s", values)


async def batches(tx: Connection) -> AsyncIterator[tuple[Any, ...]]:
    """All batches in the order of the chain."""
    async with tx.cursor("chain") as cursor:
        await cursor.execute(f"SELECT {_BATCH} FROM ledger_batch ORDER BY position".encode())
        async for row in cursor:
            yield row


async def entries(tx: Connection, batch_id: int) -> list[tuple[Any, ...]]:
    """The entries of one batch."""
    rows = await tx.execute(
        f"SELECT {_ENTRY} FROM ledger_entry WHERE batch_id = %s".encode(), (batch_id,)
    )
    return await rows.fetchall()


async def head(tx: Connection) -> tuple[int, bytes]:
    """(position, digest) of the last batch, without a lock."""
    row = await (await tx.execute("SELECT position, digest FROM ledger_head")).fetchone()
    assert row is not None
    return int(row[0]), bytes(row[1])


async def openings(tx: Connection, release_id: int) -> AsyncIterator[tuple[Any, ...]]:
    """(at, release id or 0 for several, version, members, detail) of openings, oldest first.

    Those of several releases come whether this one is among their members or not.
    """
    async with tx.cursor("openings") as cursor:
        await cursor.execute(
            "SELECT b.at, b.release_id, b.version, b.members, e.detail FROM ledger_batch b"
            " JOIN ledger_entry e ON e.batch_id = b.id"
            " WHERE b.release_id IN (0, %s) AND b.event = %s ORDER BY b.position",
            (release_id, Event.OPENED),
        )
        async for row in cursor:
            yield row
