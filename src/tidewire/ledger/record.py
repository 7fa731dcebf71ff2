"""Write to the ledger: what was started, how it ended, what came back later."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime

from pyroaring import BitMap

from tidewire.ledger.chain import Batch, Entry, canonical
from tidewire.model.delivery import ChannelCode, Event, Feedback, StreamReceipts
from tidewire.model.opening import Opening
from tidewire.store import receipts
from tidewire.store.database import Connection


async def record(tx: Connection, batch: Batch, entries: Sequence[Entry] = ()) -> None:
    """Append one batch in the caller's transaction, with the entries in any order.

    The chain is locked last, for one statement, and until the transaction ends.
    """
    (batch_id,) = await receipts.new_batch_ids(tx, 1)
    kept = [_kept(entry) for entry in entries]
    if kept:
        await receipts.append_entries(tx, batch_id, batch.release_id, batch.version, kept)
    await _append(tx, batch_id, batch, kept)


async def record_started(
    tx: Connection, head: Batch, endpoint_ids: Collection[int], now: datetime
) -> None:
    """Say, before the first byte leaves, which deliveries of a page are being tried.

    `head` names edition, channel, page and language; its other fields are filled here.
    """
    members = BitMap(endpoint_ids)
    await record(
        tx,
        Batch(
            at=now,
            release_id=head.release_id,
            version=head.version,
            channel=head.channel,
            rows=len(members),
            event=Event.STARTED,
            page_id=head.page_id,
            language=head.language,
            members=members.serialize(),
        ),
    )


async def record_stream(tx: Connection, found: Sequence[StreamReceipts], now: datetime) -> None:
    """Append the receipts of desktops, a bitmap for each edition, language and event."""
    batches = [
        Batch(
            at=now,
            release_id=receipt.release_id,
            version=receipt.version,
            channel=ChannelCode.STREAM,
            rows=len(BitMap.deserialize(receipt.members)),
            event=receipt.event,
            language=receipt.language,
            members=receipt.members,
            spread=dict(receipt.spread),
        )
        for receipt in found
    ]
    ids = await receipts.new_batch_ids(tx, len(batches))
    async with tx.pipeline():  # one exchange for all: the chain is locked meanwhile
        for batch_id, batch in zip(ids, batches, strict=True):
            await _append(tx, batch_id, batch)


async def record_feedback(
    tx: Connection, feedback: Feedback, channel: ChannelCode, now: datetime
) -> None:
    """Append what came back after a delivery: a bounce, a complaint, an unsubscription."""
    entry = Entry(
        endpoint_id=feedback.endpoint_id,
        event=feedback.event,
        attempt=0,
        at=now,
        code=feedback.code,
        detail=feedback.detail,
    )
    head = Batch(
        at=now,
        release_id=feedback.release_id,
        version=feedback.version,
        channel=channel,
        rows=1,
    )
    await record(tx, head, [entry])


async def record_opened(
    tx: Connection, opening: Opening, opened: Sequence[tuple[int, int]], now: datetime
) -> None:
    """Append that sealed text of these versions (release id, version) was opened: one batch.

    Its `members` are release ids. Where it is of several releases it is of none by itself.
    """
    releases = {release_id for release_id, _ in opened}
    release_id, version = opened[-1] if len(releases) == 1 else (0, 0)
    head = Batch(
        at=now,
        release_id=release_id,
        version=version,
        channel=0,
        rows=len(releases),
        event=Event.OPENED,
        members=BitMap(releases).serialize(),
    )
    entry = Entry(endpoint_id=0, event=Event.OPENED, attempt=0, at=now, detail=str(opening))
    await record(tx, head, [entry])


async def _append(
    tx: Connection, batch_id: int, batch: Batch, entries: Sequence[Entry] = ()
) -> None:
    await receipts.append_batch(tx, asdict(batch) | {"id": batch_id}, canonical(batch, entries))


def _kept(entry: Entry) -> Entry:
    """The entry with its detail cut to what the store keeps, free of NUL."""
    detail = entry.detail
    if len(detail) <= receipts.DETAIL_LIMIT and "\0" not in detail:
        return entry
    return entry._replace(detail=detail.replace("\0", "")[: receipts.DETAIL_LIMIT])
