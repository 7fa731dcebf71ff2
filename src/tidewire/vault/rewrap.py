"""Another master key: take the data keys over from the old one, or begin anew without it."""

from datetime import datetime

from tidewire.store import data_keys
from tidewire.store.data_keys import Owner
from tidewire.store.database import Connection
from tidewire.vault.keys import MasterKey
from tidewire.vault.text import about_issuer_key, about_key


async def rewrap(tx: Connection, old: MasterKey, new: MasterKey, now: datetime) -> int:
    """Wrap every key of `old` by `new`, which is in use from now on; returns how many.

    Texts and pictures stay as they are. Raises CannotOpen where a row was changed.
    """
    done = 0
    for owner, about_of in ((Owner.RELEASE, about_key), (Owner.ISSUER, about_issuer_key)):
        async for owner_id, wrapped in data_keys.of_master(tx, owner, old.id):
            about = about_of(owner_id)
            fresh = new.wrap(old.unwrap(wrapped, about), about)
            await data_keys.replace(tx, owner, owner_id, new.id, fresh)
            done += 1
    await begin_anew(tx, new, now)
    return done


async def begin_anew(tx: Connection, new: MasterKey, now: datetime) -> None:
    """Use `new` from now on. What is sealed under another key stays shut."""
    await data_keys.change_master(tx, new.id, now)


async def wrapped_by(tx: Connection) -> dict[str, int]:
    """How many data keys each master key wraps, by its id in hexadecimal."""
    return {key_id.hex(): count for key_id, count in (await data_keys.count_by_master(tx)).items()}
