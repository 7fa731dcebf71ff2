"""The ledger's rows: appended and read back, never changed. Only ledger/ may use this module."""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from struct import Struct
from typing import Any

from tidewire.model.delivery import Event
from tidewire.store.database import Connection

DETAIL_LIMIT = 300  # an answer's first words; enough to know it by

# (endpoint id, event, attempt, at, code, detail, repeat)
EntryRow = tuple[int, int, int, datetime, int, str, bool]

# PostgreSQL's binary COPY: a signature, then for each row the number of its fields and each
# field behind its length, then -1. Packing it here costs a third of writing row by row.
_COPY_BEGINS = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_COPY_ENDS = b"\xff\xff"
_BATCH_FIELDS = Struct("!h iq ii ih").pack
_ENTRY_FIELDS = Struct("!ii ih ih iq ii i? i").pack
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)  # PostgreSQL's own
_MICROSECOND = timedelta(microseconds=1)

_BATCH = (
    "at, release_id, version, channel, event, rows, page_id, language, members, spread::text,"
    " previous, digest, id, position"
)
_ENTRY = "endpoint_id, event, attempt, at, code, detail, repeat"


async def new_batch_ids(tx: Connection, number: int) -> list[int]:
    """Ids for batches that are being written."""
    rows = await tx.execute(
        "SELECT nextval('ledger_batch_id') FROM generate_series(1, %s)", (number,)
    )
    return [row[0] for row in await rows.fetchall()]


async def append_entries(
    tx: Connection, batch_id: int, release_id: int, version: int, entries: Iterable[EntryRow]
) -> None:
    """Add the entries of a batch."""
    statement = (
        "COPY ledger_entry (batch_id, release_id, version, endpoint_id, event, attempt, at, code,"
        " repeat, detail) FROM STDIN (FORMAT BINARY)"
    )
    head = _BATCH_FIELDS(10, 8, batch_id, 4, release_id, 2, version)
    rows = [head + _entry_fields(entry) for entry in entries]
    async with tx.cursor() as cursor, cursor.copy(statement) as copy:
        await copy.write(b"".join([_COPY_BEGINS, *rows, _COPY_ENDS]))


def _entry_fields(entry: EntryRow) -> bytes:
    endpoint_id, event, attempt, at, code, detail, repeat = entry
    text = detail.encode()
    micros = (at - _EPOCH) // _MICROSECOND
    return (
        _ENTRY_FIELDS(
            4, endpoint_id, 2, event, 2, attempt, 8, micros, 4, code, 1, repeat, len(text)
        )
        + text
    )  # fmt: skip


async def append_batch(tx: Connection, values: Mapping[str, Any], canonical: bytes) -> None:
    """Add a batch at the end of the chain and move the head to it.

    Its digest is SHA-256 over the digest before and `canonical`. One statement, so that the
    head is locked from here to the end of the transaction and no longer.
    """
    values = {**values, "canonical": canonical}
    if values["spread"] is not None:
        values["spread"] = json.dumps(values["spread"])
    await tx.execute(
        """
        WITH head AS (
            UPDATE ledger_head SET position = position + 1, previous = digest,
                digest = sha256(digest || %(canonical)s)
            RETURNING position, previous, digest)
        INSERT INTO ledger_batch (id, at, release_id, version, channel, event, rows, page_id,
            language, members, spread, position, previous, digest)
        SELECT %(id)s, %(at)s, %(release_id)s, %(version)s, %(channel)s, %(event)s, %(rows)s,
            %(page_id)s, %(language)s, %(members)s, %(spread)s::jsonb, position, previous, digest
        FROM head
        """,
        values,
    )


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
