"""The chain: each batch's digest covers its rows and the digest of the batch before. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from tidewire.model.delivery import Event


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger: what happened to one delivery at one try."""

    endpoint_id: int
    event: Event
    attempt: int
    at: datetime
    code: int = 0
    detail: str = ""
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Batch:
    """Entries that are recorded together, for one edition on one channel.

    Where an event holds for many at once, `members` carries their ids as a serialised
    roaring bitmap and there are no entries; `spread` counts them by milliseconds after T0.
    """

    at: datetime
    release_id: int
    version: int
    channel: int
    rows: int
    event: Event | None = None
    page_id: int | None = None
    language: str = ""
    members: bytes | None = None
    spread: Mapping[int, int] | None = None


def digest(previous: bytes, batch: Batch, entries: Iterable[Entry]) -> bytes:
    """SHA-256 over the previous digest, the batch's head and its entries in a fixed order."""
    chain = hashlib.sha256(previous)
    chain.update(_head(batch).encode())
    if batch.members is not None:
        chain.update(batch.members)
    for line in sorted(map(_line, entries)):
        chain.update(line.encode())
    return chain.digest()


def _head(batch: Batch) -> str:
    spread = sorted((int(ms), count) for ms, count in (batch.spread or {}).items())
    event = None if batch.event is None else int(batch.event)
    return (
        f"{_micros(batch.at)}|{batch.release_id}|{batch.version}|{int(batch.channel)}|{batch.rows}"
        f"|{event}|{batch.page_id}|{batch.language}|{spread}\n"
    )


def _line(entry: Entry) -> str:
    return (
        f"{entry.endpoint_id}|{int(entry.event)}|{entry.attempt}|{_micros(entry.at)}"
        f"|{entry.code}|{int(entry.repeat)}|{entry.detail}\n"
    )


def _micros(at: datetime) -> int:
    return int(at.timestamp()) * 1_000_000 + at.microsecond
