"""Walk the chain from its first batch and say where, if anywhere, it was tampered with."""

import json
from dataclasses import dataclass
from typing import Any

from tidewire.ledger.chain import Batch, Entry, digest
from tidewire.model.delivery import Event
from tidewire.store import receipts
from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class Verdict:
    """`batches` and `rows` counted; `fault` is "" where every digest fits."""

    batches: int
    rows: int
    fault: str = ""


async def verify(tx: Connection) -> Verdict:
    """Recompute every digest. Memory: one batch at a time."""
    expected, position, rows = b"", 0, 0
    async for row in receipts.batches(tx):
        batch = _batch(row)
        previous, stored, batch_id = bytes(row[10]), bytes(row[11]), row[12]
        position += 1
        if row[13] != position:
            return Verdict(position - 1, rows, f"batch {position} is missing")
        lines = [_entry(line) for line in await receipts.entries(tx, batch_id)]
        if previous != expected or digest(previous, batch, lines) != stored:
            return Verdict(position - 1, rows, f"batch {position} does not fit its digest")
        expected = stored
        rows += batch.rows
    head_position, head_digest = await receipts.head(tx)
    if (head_position, head_digest) != (position, expected):
        return Verdict(position, rows, "the last batches are missing")
    return Verdict(position, rows)


def _batch(row: tuple[Any, ...]) -> Batch:
    at, release_id, version, channel, event, count, page_id, language, members, spread = row[:10]
    return Batch(
        at=at,
        release_id=release_id,
        version=version,
        channel=channel,
        rows=count,
        event=None if event is None else Event(event),
        page_id=page_id,
        language=language,
        members=None if members is None else bytes(members),
        spread=None if spread is None else json.loads(spread),
    )


def _entry(row: tuple[Any, ...]) -> Entry:
    endpoint_id, event, attempt, at, code, detail, repeat = row
    return Entry(endpoint_id, Event(event), attempt, at, code, detail, repeat)
