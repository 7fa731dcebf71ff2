"""The moment: one transaction makes a version public for every channel at once.

Nothing else in Tidewire may set *published*, a sequence number or a publication time.
"""

from dataclasses import dataclass
from datetime import datetime

import structlog

from tidewire.bus.bell import Bell, Topic
from tidewire.clock import Clock
from tidewire.model.release import Act
from tidewire.store import moments
from tidewire.store.database import Database

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Press:
    """What publishing works with."""

    database: Database
    clock: Clock
    bell: Bell


async def publish_due(press: Press) -> int:
    """Publish every version whose moment has come, one transaction each; returns how many."""
    done = 0
    while (sequence := await _publish_one(press)) is not None:
        await press.bell.ring(Topic.PUBLISHED, str(sequence))
        done += 1
    return done


async def next_moment(press: Press) -> datetime | None:
    """When the next version is to go; None where nothing waits."""
    async with press.database.transaction() as tx:
        return await moments.next_t0(tx)


async def _publish_one(press: Press) -> int | None:
    async with press.database.transaction() as tx:
        now = press.clock.now()
        due = await moments.take_due(tx, now)
        if due is None:
            return None
        release_id, version, act = due
        sequence = await moments.next_sequence(tx)
        await moments.flip(tx, release_id, version, sequence=sequence, now=now)
        if act == Act.PUBLISH:
            await moments.set_published(tx, release_id)
    log.info("published", release=release_id, version=version, act=act, sequence=sequence)
    return sequence
