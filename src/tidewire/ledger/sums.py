"""What the ledger and the deliveries come to, for one version of a release."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from tidewire.model.delivery import ChannelCode, Event
from tidewire.model.subscriber import Kind
from tidewire.store import receipt_sums
from tidewire.store.database import Connection
from tidewire.store.receipt_sums import StateSum

__all__ = [
    "LedgerSum",
    "StateSum",
    "StreamSum",
    "desktops_served",
    "ledger_sum",
    "shown_to_have_arrived",
    "stream_sum",
]


@dataclass(frozen=True, slots=True)
class StreamSum:
    """Desktops of one version: due and accepted by language and by country, and when.

    `spread` counts first acceptances by whole milliseconds after T0.
    """

    due: int
    accepted: int
    due_by_language: Mapping[str, int]
    accepted_by_language: Mapping[str, int]
    due_by_country: Mapping[str, int]
    accepted_by_country: Mapping[str, int]
    spread: Mapping[int, int]


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """Everything that is known about the deliveries of one version.

    `spreads` counts first acceptances by whole milliseconds after T0, `later` endpoints by
    what came back (bounces, complaints, unsubscriptions).
    """

    states: tuple[StateSum, ...]
    stream: StreamSum
    spreads: Mapping[ChannelCode, Mapping[int, int]]
    later: Mapping[tuple[ChannelCode, Event], int]


async def desktops_served(tx: Connection, release_id: int, version: int) -> BitMap:
    """The desktops that have a receipt for this edition."""
    served = BitMap()
    for _, members, _ in await receipt_sums.stream_batches(tx, release_id, version):
        served.update(BitMap.deserialize(members))
    return served


async def shown_to_have_arrived(
    tx: Connection, release_id: int, version: int, endpoint_ids: Sequence[int]
) -> set[int]:
    """Endpoints that a bounce, a complaint or an unsubscription of this delivery came back from."""
    return await receipt_sums.came_back(tx, release_id, version, endpoint_ids)


async def ledger_sum(
    tx: Connection, release_id: int, version: int, t0: datetime | None
) -> LedgerSum:
    """Sum up one version; there are no times while it has no T0."""
    stream = await stream_sum(tx, release_id, version)
    spreads: dict[ChannelCode, dict[int, int]] = defaultdict(dict)
    if t0 is not None:
        spreads[ChannelCode.STREAM].update(stream.spread)
        for channel, ms, count in await receipt_sums.acceptance_times(tx, release_id, version, t0):
            spreads[channel][ms] = count
    later = await receipt_sums.later_events(tx, release_id, version)
    return LedgerSum(
        states=tuple(await receipt_sums.states(tx, release_id, version)),
        stream=stream,
        spreads=dict(spreads),
        later={(channel, event): count for channel, event, count in later},
    )


async def stream_sum(tx: Connection, release_id: int, version: int) -> StreamSum:
    """The stream's deliveries: they have no rows, only bitmaps of subscriber ids.

    A desktop counts once, in the language it was due in, however often it took the frame and
    whichever gateways say so; one that was added after staging counts where it first took it.
    """
    due = {
        language: BitMap.deserialize(raw)
        for language, raw in await receipt_sums.audience(tx, release_id, version, Kind.DESKTOP)
    }
    everyone_due = BitMap().union(*due.values())
    took, spread = BitMap(), Counter[int]()
    for language, raw, times in await receipt_sums.stream_batches(tx, release_id, version):
        first = BitMap.deserialize(raw) - took
        took |= first
        due.setdefault(language, BitMap()).update(first - everyone_due)
        spread.update(_earliest(times, len(first)))
    everyone = everyone_due | took
    countries = []
    if everyone:
        flags = await asyncio.to_thread(_flags, everyone, took)
        countries = await receipt_sums.countries_of(tx, flags)
    return StreamSum(
        due=len(everyone),
        accepted=len(took),
        due_by_language={language: len(members) for language, members in due.items()},
        accepted_by_language={language: len(members & took) for language, members in due.items()},
        due_by_country={country: number for country, number, _ in countries},
        accepted_by_country={country: number for country, _, number in countries},
        spread=spread,
    )


def _earliest(times: Mapping[str, int], number: int) -> Mapping[int, int]:
    """The first `number` of a batch's acceptances, by milliseconds after T0.

    What is left over was in an earlier batch already: a desktop that went to another gateway
    and said there that it has the edition. Which of a batch's moments was its is not known;
    it had come later than others.
    """
    kept: dict[int, int] = {}
    for moment, count in sorted((int(moment), count) for moment, count in times.items()):
        if number <= 0:
            break
        kept[moment] = min(count, number)
        number -= count
    return kept


def _flags(due: BitMap, took: BitMap) -> bytes:
    """A byte for each subscriber id: 1 for one that is due, 2 more for one that took it."""
    flags = bytearray(due.max() + 1)
    for member in due:
        flags[member] = 1
    for member in took:
        flags[member] = 3
    return bytes(flags)
