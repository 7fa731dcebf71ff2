"""The moment: one transaction makes a version public for every channel at once.

Nothing else in Tidewire may set *published*, a sequence number or a publication time.
"""

from dataclasses import dataclass, field
from datetime import datetime

import structlog

from tidewire.bus.bell import Bell, Topic
from tidewire.clock import Clock
from tidewire.model.errors import WireError
from tidewire.model.opening import Opening, Why
from tidewire.model.release import Act
from tidewire.store import moments, pictures
from tidewire.store.database import Connection, Database
from tidewire.vault.vault import Vault

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Press:
    """What publishing works with; `told` are releases that were logged as not going out."""

    database: Database
    clock: Clock
    bell: Bell
    vault: Vault
    told: set[int] = field(default_factory=set)


async def publish_due(press: Press) -> int:
    """Publish every version whose moment has come, one transaction each; returns how many.

    One that cannot go (its seal does not open) stays where it is, and holds up no other.
    """
    done = 0
    stuck: set[int] = set()
    while (sequence := await _publish_one(press, stuck)) is not None:
        if sequence:
            await press.bell.ring(Topic.PUBLISHED, str(sequence))
            done += 1
    press.told.intersection_update(stuck)
    return done


async def next_moment(press: Press) -> datetime | None:
    """When the next version is to go; None where nothing waits."""
    async with press.database.transaction() as tx:
        return await moments.next_t0(tx)


async def _publish_one(press: Press, stuck: set[int]) -> int | None:
    """The sequence number of what was published; 0 for one that is `stuck` from now on."""
    due = None
    try:
        async with press.database.transaction() as tx:
            now = press.clock.now()
            due = await moments.take_due(tx, now, stuck)
            if due is None:
                return None
            release_id, version, act = due
            if act in (Act.PUBLISH, Act.CORRECT, Act.ADD):  # what takes back was never sealed
                await _unveil(press, tx, release_id, version)
            sequence = await moments.next_sequence(tx)
            await moments.flip(tx, release_id, version, sequence=sequence, now=now)
            if act == Act.PUBLISH:
                await moments.set_published(tx, release_id)
    except Exception as error:
        if due is None:
            raise
        stuck.add(due[0])
        _tell(press, due[0], error)
        return 0
    log.info("published", release=release_id, version=version, act=act, sequence=sequence)
    return sequence


async def _unveil(press: Press, tx: Connection, release_id: int, version: int) -> None:
    """Put text and notes in the place of their seals, and keys beside pictures.

    Raises CannotOpen.
    """
    opening = Opening("publish", Why.PUBLISH)
    found = await press.vault.whole(tx, release_id, version, opening)
    assert found is not None
    if found.sealed:
        await moments.unveil(tx, found.edition)
    for decision in found.sealed_notes:
        await moments.unveil_note(tx, decision)
    refs = [picture.ref for picture in found.edition.release.pictures]
    for ref, issuer_id in await pictures.not_public(tx, refs) if refs else ():
        await moments.unveil_picture(tx, ref, await press.vault.picture_key(tx, issuer_id, ref))


def _tell(press: Press, release_id: int, error: Exception) -> None:
    """Say once that a release does not go out; it is tried again at every turn."""
    if release_id not in press.told:
        press.told.add(release_id)
        why = str(error) if isinstance(error, WireError) else type(error).__name__
        log.error("not published", release=release_id, why=why)
