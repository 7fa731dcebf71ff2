"""What the ledger and the deliveries come to, for one version of a release."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from tidewire.model.delivery import ChannelCode, Event
from tidewire.model.subscriber import Kind
from tidewire.store import receipt_sums
from tidewire.store.database import Connection
from tidewire.store.receipt_sums import StateSum

__all__ = ["LedgerSum", "StateSum", "StreamSum", "desktops_served", "ledger_sum", "stream_sum"]


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

    A desktop counts once, in the language it was due in, however often it took the frame;
    one that was added after staging counts where it took it.
    """
    due = {
        language: BitMap.deserialize(raw)
        for language, raw in await receipt_sums.audience(tx, release_id, version, Kind.DESKTOP)
    }
    accepted: dict[str, BitMap] = {}
    took = BitMap()
    spread: Counter[int] = Counter()
    for language, raw, times in await receipt_sums.stream_batches(tx, release_id, version):
        members = BitMap.deserialize(raw)
        spread.update(first_times(times, len(members & took)))
        took.update(members)
        accepted.setdefault(language, BitMap()).update(members)
    everyone_due = BitMap().union(*due.values())
    late = took - everyone_due
    for language, members in accepted.items():
        due.setdefault(language, BitMap()).update(members & late)
    everyone = everyone_due | late
    countries = []
    if everyone:
        length = everyone.max() // 8 + 1
        bits = await asyncio.to_thread(lambda: (_bits(everyone, length), _bits(took, length)))
        countries = await receipt_sums.countries_of(tx, *bits)
    return StreamSum(
        due=len(everyone),
        accepted=len(took),
        due_by_language={language: len(members) for language, members in due.items()},
        accepted_by_language={language: len(members & took) for language, members in due.items()},
        due_by_country={country: number for country, number, _ in countries},
        accepted_by_country={country: number for country, _, number in countries},
        spread=dict(spread),
    )


def first_times(times: Mapping[str, int], repeats: int) -> dict[int, int]:
    """{ms after T0: desktops} of one batch without those that an earlier batch has.

    Two gateways may each have served a desktop. Which time is whose cannot be told: of what
    was counted, the latest are taken for the repeats.
    """
    found: dict[int, int] = {}
    left = sum(times.values()) - repeats
    for ms in sorted(map(int, times)):
        found[ms] = min(times[str(ms)], left)
        left -= found[ms]
    return {ms: count for ms, count in found.items() if count > 0}


def _bits(members: BitMap, length: int) -> bytes:
    """A bitmap as a plain string of `length` bytes, the lowest bit of each first."""
    bits = bytearray(length)
    for member in members:
        bits[member >> 3] |= 1 << (member & 7)
    return bytes(bits)
