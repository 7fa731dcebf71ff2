"""Find the master key at start, and say in words where it is not the right one."""

from datetime import datetime
from pathlib import Path

import structlog

from tidewire.store import data_keys
from tidewire.store.database import Database
from tidewire.vault.keys import KeyService, MissingKey, make_master_key, read_master_key

log = structlog.get_logger()


async def unlock(database: Database, file: Path, now: datetime) -> KeyService:
    """The master key in `file`; made where neither it nor anything sealed is there yet.

    Where the store is sealed under another key, what comes back refuses to seal and open,
    and the log says why: what is public goes on. Raises Misconfigured where the file is
    no key, or others may read it.
    """
    key = read_master_key(file)
    async with database.transaction() as tx:
        known = await data_keys.master(tx)
        if known is None:
            key = key or make_master_key(file)
            await data_keys.set_first_master(tx, key.id, now)
            known = await data_keys.master(tx)  # another host's, where it was first
    if key is not None and key.id == known:
        return key
    what = "is not there" if key is None else f"is another one ({key.id.hex()})"
    missing = MissingKey(
        f"The master key {file} {what}; what waits here is sealed under {(known or b'').hex()}.",
        "Put the right file in its place and start again. What is public is not touched.",
    )
    log.error("the vault stays closed", why=missing.message, advice=missing.advice)
    return missing
