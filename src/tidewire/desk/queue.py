"""What the desk looks at: the queue, and one release with all that was decided on it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from tidewire.access.refs import must_be_ref, unknown_release
from tidewire.desk.sign import Desk
from tidewire.model.errors import NotFound
from tidewire.model.opening import Opening
from tidewire.model.release import Edition, Release, State
from tidewire.model.rendition import Rendition
from tidewire.store import pictures, releases
from tidewire.store.database import Connection
from tidewire.store.releases import Decision, Row
from tidewire.store.waiting_renditions import WaitingRendition
from tidewire.vault.pictures import public_bytes

OPEN = (State.RECEIVED, State.APPROVED, State.SCHEDULED)


@dataclass(frozen=True, slots=True)
class Shown:
    """One release: where it stands, its newest version, what was decided, and what waits."""

    row: Row
    edition: Edition
    decisions: tuple[Decision, ...]
    waiting: tuple[tuple[WaitingRendition, Rendition], ...] = ()

    @property
    def whole(self) -> Release:
        """The release with what waits, as the checks look at it."""
        coming = (rendition for _, rendition in self.waiting)
        release = self.edition.release
        return replace(release, renditions=(*release.renditions, *coming))


async def list_releases(
    desk: Desk, opening: Opening, states: Sequence[State] = (), limit: int = 100
) -> list[Row]:
    """The newest releases in these states; none named: those of every state."""
    async with desk.database.transaction() as tx:
        rows = await releases.queue(tx, states=states, limit=limit)
        return await desk.vault.rows(tx, rows, opening)


async def show(desk: Desk, opening: Opening, ref: str) -> Shown:
    """One release. Raises NotFound, and CannotOpen where it waits and its seal does not open."""
    async with desk.database.transaction() as tx:
        row = await _row(tx, ref)
        found = await desk.vault.whole(tx, row.id, row.version, opening)
        assert found is not None
        waiting = await desk.vault.renditions(tx, row.id, row.version, opening)
        shown = _with_text(row, found.edition)
        return Shown(shown, found.edition, found.decisions, tuple(waiting))


async def picture(desk: Desk, opening: Opening, ref: str, name: str) -> tuple[bytes, str]:
    """(bytes, media type) of a picture that a release's newest version names. Raises NotFound."""
    async with desk.database.transaction() as tx:
        row = await _row(tx, ref)
        edition = await desk.vault.edition(tx, row.id, row.version, opening)
        assert edition is not None
        named = name in (one.ref for one in edition.release.pictures)
        stored = await pictures.stored(tx, name) if named else None
        if stored is None:
            raise NotFound(
                "This release names no such picture.", "See which it names with the release itself."
            )
        if stored.key is not None:
            return await asyncio.to_thread(public_bytes, stored), stored.media_type
        raw = await desk.vault.picture(tx, stored, (row.id, row.version), opening)
        return raw, stored.media_type


async def _row(tx: Connection, ref: str) -> Row:
    """The release's line of the queue. Raises NotFound."""
    must_be_ref(ref)
    rows = await releases.queue(tx, ref=ref)
    if not rows:
        raise unknown_release()
    return rows[0]


def _with_text(row: Row, edition: Edition) -> Row:
    release = edition.release
    return replace(
        row,
        slug=release.slug,
        headline=release.renditions[0].headline,
        languages=release.languages(),
        priority=release.priority,
        sealed=False,
    )
