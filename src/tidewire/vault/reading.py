"""A stage's reading: texts that it keeps open while it works on them."""

from collections import OrderedDict
from dataclasses import replace

from tidewire.model.opening import Opening
from tidewire.model.release import Edition
from tidewire.store import sealed_texts
from tidewire.store.database import Connection
from tidewire.vault.text import Text
from tidewire.vault.vault import Vault

MOST_OPEN = 64


class Reading:
    """Opens a text once, and once more when it has changed: so many lines the ledger has."""

    def __init__(self, vault: Vault, opening: Opening) -> None:
        """`opening` says who reads, and why."""
        self._vault = vault
        self._opening = opening
        self._open: OrderedDict[tuple[int, int], tuple[bytes, Text]] = OrderedDict()

    async def edition(self, tx: Connection, release_id: int, version: int) -> Edition | None:
        """One version with its text. Raises CannotOpen."""
        found = await sealed_texts.edition(tx, release_id, version)
        if found is None:
            return None
        edition, sealed = found
        if sealed is None:
            return edition
        kept = self._open.pop((release_id, version), None)
        if kept is None or kept[0] != sealed:
            opened = await self._vault.edition(tx, release_id, version, self._opening)
            assert opened is not None
            kept = sealed, Text(opened.release, opened.note)
        self._open[release_id, version] = kept
        if len(self._open) > MOST_OPEN:
            self._open.popitem(last=False)
        return replace(edition, release=kept[1].release, note=kept[1].note)
