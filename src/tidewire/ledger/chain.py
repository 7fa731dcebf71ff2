"""The chain: each batch's digest covers its rows and the digest of the batch before. Pure."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from tidewire.model.delivery import Event

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Entry(NamedTuple):
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
    """SHA-256 over the previous digest and all that the batch says.

    The store computes the same as it appends a batch, while it holds the head of the chain.
    """
    return hashlib.sha256(previous + canonical(batch, entries)).digest()


def canonical(batch: Batch, entries: Iterable[Entry]) -> bytes:
    """What a batch says, as bytes: its head, its bitmap, its entries in a fixed order."""
    lines = "".join(sorted(map(_line, entries)))
    return _head(batch).encode() + (batch.members or b"") + lines.encode()


def _head(batch: Batch) -> str:
    spread = sorted((int(ms), count) for ms, count in (batch.spread or {}).items())
    event = None if batch.event is None else int(batch.event)
    return (
        f"{_micros(batch.at)}|{batch.release_id}|{batch.version}|{int(batch.channel)}|{batch.rows}"
        f"|{event}|{batch.page_id}|{batch.language}|{spread}\n"
    )


def _line(entry: Entry) -> str:
    endpoint_id, event, attempt, at, code, detail, repeat = entry
    return f"{endpoint_id}|{event:d}|{attempt}|{_micros(at)}|{code}|{repeat:d}|{detail}\n"


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND
