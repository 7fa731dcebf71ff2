"""Stage a release ahead of its moment: work out who gets it, and in which language."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from pyroaring import BitMap

from tidewire.audience.index import AudienceIndex
from tidewire.bus.bell import Bell, Topic
from tidewire.clock import Clock
from tidewire.model.release import Act, Edition
from tidewire.model.subscriber import Kind
from tidewire.store import audience_sets, circuits, stagings
from tidewire.store.database import Connection, Database
from tidewire.store.stagings import Waiting
from tidewire.vault.reading import Reading

# How long before its moment an audience is worked out: late enough to know who came, who
# changed their mind; early enough for the largest release.
LEAD = timedelta(minutes=15)
AGAIN = timedelta(seconds=5)  # how often a staged audience is worked out anew

log = structlog.get_logger()

Readers = dict[tuple[int, str], BitMap]  # subscriber ids by kind and the language they read


@dataclass(frozen=True, slots=True)
class Stage:
    """What staging works with. `looked` says when each edition's audience was last worked out."""

    database: Database
    clock: Clock
    bell: Bell
    index: AudienceIndex
    reading: Reading
    looked: dict[Waiting, datetime] = field(default_factory=dict)


async def stage_waiting(stage: Stage) -> int:
    """Work out the audience of every version that goes soon; returns how many have changed.

    What is staged is looked at again every few seconds until its moment, so that who came,
    left or changed their mind meanwhile is known. Several workers may do this at once.
    """
    now = stage.clock.now()
    async with stage.database.transaction() as tx:
        coming = await stagings.coming(tx, now + LEAD)
    for gone in stage.looked.keys() - set(coming):
        del stage.looked[gone]
    waiting = [one for one in coming if _is_due(stage, one, now)]
    if waiting:
        await stage.index.refresh(stage.database)
    done = 0
    for one in waiting:
        try:
            changed = await _stage(stage, one)
        except Exception as error:  # one release must not hold up the others
            log.error("staging failed", release=one.release_id, error=type(error).__name__)
            continue
        stage.looked[one] = now
        if changed:
            done += 1
            await stage.bell.ring(Topic.STAGED, str(one.release_id))
    return done


def _is_due(stage: Stage, one: Waiting, now: datetime) -> bool:
    last = stage.looked.get(one)
    return not one.staged or last is None or now - last >= AGAIN


async def _stage(stage: Stage, waiting: Waiting) -> bool:
    async with stage.database.transaction() as tx:
        staged = await stagings.hold_coming(tx, waiting)
        if staged is None:
            return False
        edition = await stage.reading.edition(tx, waiting.release_id, waiting.version)
        assert edition is not None
        if edition.act in (Act.PUBLISH, Act.ADD):
            wanted = await _readers(tx, edition, stage.index)
        else:
            wanted = await _former_readers(tx, edition, stage.index)
        known = await audience_sets.every(tx, waiting.release_id, waiting.version)
        if staged and wanted == known:
            return False
        for kind, language in known.keys() - wanted.keys():
            await audience_sets.drop(tx, edition.release_id, edition.version, kind, language)
        for (kind, language), subscribers in wanted.items():
            if known.get((kind, language)) != subscribers:
                await audience_sets.write(
                    tx, edition.release_id, edition.version, kind, language, subscribers
                )
        await stagings.mark_staged(tx, waiting, stage.clock.now())
    return True


async def _readers(tx: Connection, edition: Edition, index: AudienceIndex) -> Readers:
    """Whose interest fits, by kind and by the language that is best for them.

    A rendition that comes later is due to those for whom it is the best of all there are: who
    could read none before it, and who asked for that language first.
    """
    chosen = [
        circuit
        for name in edition.release.circuits
        if (circuit := await circuits.find(tx, name)) is not None
    ]
    if len(chosen) < len(edition.release.circuits):
        log.error("circuit is gone", release=edition.release_id, found=len(chosen))
    if edition.release.circuits and not chosen:
        return {}  # never everyone instead of the few who were meant
    matched = index.match(edition, chosen)
    by_language = index.choose(matched, edition.release.languages())
    return {
        (kind, language): part
        for language, subscribers in by_language.items()
        if language in edition.news
        for kind in Kind
        if (part := subscribers & index.of_kind(kind))
    }


async def _former_readers(tx: Connection, edition: Edition, index: AudienceIndex) -> Readers:
    """Who was due an earlier version: whoever had a text hears that it changed or must go.

    Each in the language of the last version that they were due; a reader whose language the
    new version lacks gets the best of those it has.
    """
    readers: Readers = {}
    for kind in Kind:
        known = BitMap()
        for version in range(edition.version - 1, 0, -1):
            due = await audience_sets.due(tx, edition.release_id, version, int(kind))
            for language, subscribers in due.items():
                key = kind, edition_language(edition, language)
                readers[key] = readers.get(key, BitMap()) | (subscribers - known)
            known = known.union(known, *due.values())
    return {key: part for key, found in readers.items() if (part := found & index.active())}


def edition_language(edition: Edition, language: str) -> str:
    """The language in which this edition reaches somebody who read `language` before."""
    languages = edition.release.languages()
    return language if language in languages or edition.retracted else languages[0]
