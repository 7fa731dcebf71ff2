"""Who reads the wire: an outlet or an editor with a key, or anybody without one."""

from dataclasses import dataclass

from tidewire.access.keys import PREFIX, caller_of
from tidewire.access.tokens import Signer, read_outlet_key
from tidewire.formats.article import Audience
from tidewire.model.errors import Unauthenticated
from tidewire.model.issuer import Role
from tidewire.outlets.limits import OUTLET, PUBLIC, Rate
from tidewire.store import outlets
from tidewire.store.database import Database


@dataclass(frozen=True, slots=True)
class Reader:
    """`audience`: whether contacts for the media are shown. `who` names its bucket."""

    who: str
    audience: Audience
    rate: Rate


async def reader_of(database: Database, signer: Signer, key: str | None, address: str) -> Reader:
    """The reader who shows this key, or none, from this address.

    Raises Unauthenticated for a key that is not known or was voided, Forbidden for one that is for
    something else.
    """
    if key is None:
        return Reader(f"address {address}", "public", PUBLIC)
    if key.startswith(PREFIX):
        async with database.transaction() as tx:
            caller = await caller_of(tx, key)
        audience: Audience = "media" if caller.role is Role.EDITOR else "public"
        return Reader(f"account {caller.account_id}", audience, OUTLET)
    subscriber_id, generation = read_outlet_key(signer, key)
    async with database.transaction() as tx:
        current = await outlets.generation(tx, subscriber_id)
    if current != generation:
        raise Unauthenticated(
            "This key is no longer good.", "Ask the operator of the wire for another."
        )
    return Reader(f"outlet {subscriber_id}", "media", OUTLET)
