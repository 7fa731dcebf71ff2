"""Find the master key at start; where it is not the right one, say so in words and stay closed."""

from datetime import datetime
from pathlib import Path

from tidewire.model.errors import Misconfigured
from tidewire.store import data_keys
from tidewire.store.database import Database
from tidewire.vault.keys import KeyService, MissingKey, make_master_key, read_master_key


async def unlock(database: Database, file: Path, now: datetime) -> KeyService:
    """The master key in `file`; made where neither it nor anything sealed is there yet.

    Where the store is sealed under another key, or the file cannot be used, what comes back
    refuses to seal and to open, and says why. Raises Misconfigured at the very first start.
    """
    async with database.transaction() as tx:
        known = await data_keys.master(tx)
        if known is None:
            first = read_master_key(file) or make_master_key(file)
            await data_keys.set_first_master(tx, first.id, now)  # unless another host was first
    why = await closed(database, file)
    key = None if why else read_master_key(file)
    return MissingKey(why) if key is None else key


async def closed(database: Database, file: Path) -> str:
    """Why `file` opens nothing of what is sealed here; "" where it does, or nothing is yet."""
    async with database.transaction() as tx:
        known = await data_keys.master(tx)
    try:
        found = read_master_key(file)
    except Misconfigured as error:
        return str(error)
    if known is None or (found is not None and found.id == known):
        return ""
    what = "is not there" if found is None else f"is another one, {found.id.hex()}"
    return (
        f"The master key {file} {what}: what waits here is sealed under {known.hex()}."
        " Put the right file in its place and start again. What is public is not touched."
    )
