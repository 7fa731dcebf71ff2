"""News items that come again: known by guid and version, as the release that was made of them."""

import hmac
from dataclasses import dataclass

from tidewire.intake.submission import Submission
from tidewire.model.errors import Conflict
from tidewire.model.release import State
from tidewire.store import origins
from tidewire.store.database import Database
from tidewire.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Known:
    """A release of before; `again` where the same came, else a newer version of a returned one."""

    ref: str
    state: State
    version: int
    again: bool


async def known_before(
    database: Database, vault: Vault, issuer_id: int, submission: Submission, digest: bytes
) -> Known | None:
    """What was made of these items before; None where none of them came.

    Raises Conflict for an older version, for another text under the same one, and for a newer one
    of what the desk has in hand.
    """
    given = {item.guid: item.version for item in submission.items}
    async with database.transaction() as tx:
        found = await origins.find(tx, issuer_id, list(given))
        if not found:
            return None
        before = found[0]
        if len(found) > 1:
            raise Conflict("These items are of more than one release.", "Send each by itself.")
        if any(given[guid] < version for guid, version in before.items.items()):
            raise Conflict(
                f"A newer version of this item is here already, as {before.ref}.",
                "Send versions in their order.",
            )
        again = before.items == given
        if again and before.digest is not None:
            same = await vault.fingerprint(tx, before.release_id, digest)
            if not hmac.compare_digest(before.digest, same):
                raise Conflict(
                    f"This version of the item came with another text before, as {before.ref}.",
                    "Give a changed item the next version.",
                )
    if not again and before.state is not State.RETURNED:
        public = before.state is State.PUBLISHED
        raise Conflict(
            f"This is a newer version of {before.ref}, which is {before.state}.",
            "Ask the desk to correct it."
            if public
            else "Ask the desk to return it, and send it then.",
        )
    return Known(before.ref, before.state, before.version, again)
