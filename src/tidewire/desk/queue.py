"""What the desk looks at: the queue, and one release with all that was decided on it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidewire.access.refs import must_be_ref, unknown_release
from tidewire.desk.decide import Desk
from tidewire.model.release import Edition, State
from tidewire.store import editions, releases
from tidewire.store.releases import Decision, Row

OPEN = (State.RECEIVED, State.APPROVED, State.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Shown:
    """One release: where it stands, its newest version, and what was decided."""

    row: Row
    edition: Edition
    decisions: tuple[Decision, ...]


async def list_releases(desk: Desk, states: Sequence[State] = (), limit: int = 100) -> list[Row]:
    """The newest releases in these states; none named: those of every state."""
    async with desk.database.transaction() as tx:
        return await releases.queue(tx, states=states, limit=limit)


async def show(desk: Desk, ref: str) -> Shown:
    """One release. Raises NotFound."""
    must_be_ref(ref)
    async with desk.database.transaction() as tx:
        rows = await releases.queue(tx, ref=ref)
        edition = await editions.newest(tx, ref)
        if not rows or edition is None:
            raise unknown_release()
        return Shown(rows[0], edition, tuple(await releases.decisions(tx, ref)))
