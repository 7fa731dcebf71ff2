"""The vault: gives each release its data key, wrapped by the master key in the store."""

import asyncio
from collections import OrderedDict

from tidewire.model.errors import CannotOpen
from tidewire.store import data_keys
from tidewire.store.database import Connection
from tidewire.vault.keys import KeyService
from tidewire.vault.seal import new_key

KEPT = 256  # data keys kept in memory, the last ones used


class Vault:
    """Seals and opens for one program."""

    def __init__(self, keys: KeyService) -> None:
        """`keys` wraps data keys: the master key, or what stands in for it."""
        self._keys = keys
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()  # wrapped -> data key

    async def key_of(self, tx: Connection, release_id: int) -> bytes:
        """The data key of a release (32 bytes), made where there is none. Raises CannotOpen.

        The row is looked up every time: a key whose row was rolled back must seal nothing.
        """
        about = _about(release_id)
        found = await data_keys.find(tx, release_id)
        if found is None:
            fresh = new_key()
            wrapped = await asyncio.to_thread(self._keys.wrap, fresh, about)
            if await data_keys.add(tx, release_id, self._keys.id, wrapped):
                return fresh
            found = await data_keys.find(tx, release_id)
            assert found is not None
        key_id, wrapped = found
        kept = self._kept.pop(wrapped, None)
        if kept is None:
            kept = await self._unwrap(key_id, wrapped, about)
        self._kept[wrapped] = kept
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return kept

    async def _unwrap(self, key_id: bytes, wrapped: bytes, about: bytes) -> bytes:
        if self._keys.id and key_id != self._keys.id:
            raise CannotOpen(
                f"This release is sealed under another master key ({key_id.hex()}).",
                "Take that key back: tidewire vault rewrap FILE.",
            )
        return await asyncio.to_thread(self._keys.unwrap, wrapped, about)


def _about(release_id: int) -> bytes:
    return f"data key of release {release_id}".encode()
