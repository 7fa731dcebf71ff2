"""Who opened the sealed text of a release before its moment, when, and why."""

from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from tidewire.store import receipts
from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening; `version` is 0 where a list was opened, with the newest of each release."""

    at: datetime
    version: int
    who_and_why: str


async def openings(tx: Connection, release_id: int) -> list[Opened]:
    """All openings of a release, the first one first."""
    return [
        Opened(at, version, detail)
        async for at, of, version, members, detail in receipts.openings(tx, release_id)
        if of == release_id or release_id in BitMap.deserialize(bytes(members))
    ]
