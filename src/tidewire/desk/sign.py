"""Take a release in hand, and sign a decision on it: what all decisions of the desk share."""

from dataclasses import dataclass
from datetime import datetime

from tidewire.access.refs import must_be_ref, unknown_release
from tidewire.bus.bell import Bell, Topic
from tidewire.clock import Clock
from tidewire.model.issuer import Caller
from tidewire.model.release import Move, State
from tidewire.store import releases
from tidewire.store.database import Connection, Database
from tidewire.store.releases import Decision, Held
from tidewire.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Desk:
    """What the desk works with."""

    database: Database
    clock: Clock
    bell: Bell
    vault: Vault


@dataclass(frozen=True, slots=True)
class Decided:
    """Where a release stands after a decision; `t0` is when its newest version goes out."""

    ref: str
    state: State
    version: int
    t0: datetime | None = None


async def hold(tx: Connection, ref: str) -> Held:
    """The release, locked to the end of the transaction. Raises NotFound."""
    must_be_ref(ref)
    held = await releases.hold(tx, ref)
    if held is None:
        raise unknown_release()
    return held


async def sign(
    desk: Desk,
    tx: Connection,
    held: Held,
    move: Move,
    caller: Caller,
    *,
    note: str,
    now: datetime,
    clear: bool = False,
) -> None:
    """Write the decision down; its note is sealed until the release is next published."""
    sealed: str | bytes = note
    if note and not clear:
        decision = Decision(0, held.version, move, caller.name, caller.role, note, now)
        sealed = await desk.vault.seal_note(tx, held.id, decision)
    await releases.add_decision(tx, held, move, account_id=caller.account_id, note=sealed, now=now)


async def tell(desk: Desk, decided: Decided) -> Decided:
    """Ring for what was decided, once it is stored."""
    await desk.bell.ring(Topic.DECIDED, decided.ref)
    return decided
