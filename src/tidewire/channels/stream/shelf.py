"""The shelf: the newest editions as parcels, loaded once for all who catch up."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

from pyroaring import BitMap

from tidewire.channels.stream.parcel import Parcel, Tally
from tidewire.model.subscriber import Kind
from tidewire.store import audience_sets, editions
from tidewire.store.database import Connection, Database

# What the shelf may hold: hundreds of ordinary releases, and all desktops' bitmaps with them.
SHELF_BYTES = 64 << 20
BATCH = 50

Counted = Callable[[Connection, int, int], Awaitable[BitMap]]


class Shelf:
    """Parcels by sequence number, the least used put away first."""

    def __init__(
        self,
        database: Database,
        base_url: str,
        *,
        dirty: set[Tally],
        counted: Counted,
        most: int = SHELF_BYTES,
    ) -> None:
        """`counted(tx, release id, version)`: who has a receipt already, from an earlier run."""
        self._database = database
        self._base_url = base_url
        self._dirty = dirty
        self._counted = counted
        self._most = most
        self._held = 0
        self._parcels: OrderedDict[int, Parcel] = OrderedDict()
        self._loading = asyncio.Lock()

    async def after(self, sequence: int, limit: int = BATCH) -> list[Parcel]:
        """At most `limit` parcels that follow `sequence`, without a gap; [] at the head."""
        found = self._ready(sequence, limit)
        if found:
            return found
        async with self._loading:
            return self._ready(sequence, limit) or await self._load(sequence, limit)

    def _ready(self, sequence: int, limit: int) -> list[Parcel]:
        found: list[Parcel] = []
        while len(found) < limit and (parcel := self._parcels.get(sequence + 1 + len(found))):
            self._parcels.move_to_end(parcel.sequence)
            found.append(parcel)
        return found

    async def _load(self, sequence: int, limit: int) -> list[Parcel]:
        found = []
        async with self._database.transaction() as tx:
            loaded = await editions.wire(tx, sequence, limit)
            newest = await editions.newest_acts(tx, [e.release_id for e in loaded])
            for edition in loaded:
                held = self._parcels.get(edition.sequence or 0)
                if held is None:
                    place = edition.release_id, edition.version
                    held = Parcel(
                        edition,
                        await audience_sets.due(tx, *place, Kind.DESKTOP),
                        await self._counted(tx, *place),
                        base_url=self._base_url,
                        dirty=self._dirty,
                    )
                found.append(held)
        for parcel in found:
            self._put(parcel)
        self._supersede({release: last for release, (last, _) in newest.items()})
        return found

    def _supersede(self, newest: Mapping[int, int]) -> None:
        """Mark what a later edition of the same release has replaced."""
        for parcel in self._parcels.values():
            last = newest.get(parcel.edition.release_id, 0)
            parcel.superseded = parcel.superseded or last > parcel.sequence

    def _put(self, parcel: Parcel) -> None:
        if parcel.sequence not in self._parcels:
            self._held += parcel.size
        self._parcels[parcel.sequence] = parcel
        self._parcels.move_to_end(parcel.sequence)
        while self._held > self._most and len(self._parcels) > 1:
            _, gone = self._parcels.popitem(last=False)
            self._held -= gone.size
