"""Stage a release ahead of its moment: work out who gets it, and in which language."""

from dataclasses import dataclass
from datetime import timedelta

import structlog
from pyroaring import BitMap

from tidewire.audience.index import AudienceIndex
from tidewire.bus.bell import Bell, Topic
from tidewire.clock import Clock
from tidewire.model.opening import Opening, Why
from tidewire.model.release import Act, Edition
from tidewire.model.subscriber import Kind
from tidewire.store import audience_sets, circuits, stagings
from tidewire.store.database import Connection, Database
from tidewire.store.stagings import Waiting
from tidewire.vault.vault import Vault

# How long before its moment an audience is worked out: late enough to know who came, who
# changed their mind; early enough for the largest release.
LEAD = timedelta(minutes=15)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Stage:
    """What staging works with."""

    database: Database
    clock: Clock
    bell: Bell
    index: AudienceIndex
    vault: Vault


async def stage_waiting(stage: Stage) -> int:
    """Stage every version that goes soon and has no audience yet; returns how many.

    Several workers may do this at once: each version is staged by one of them.
    """
    async with stage.database.transaction() as tx:
        waiting = await stagings.unstaged(tx, stage.clock.now() + LEAD)
    if waiting:
        await stage.index.refresh(stage.database)
    done = 0
    for one in waiting:
        try:
            staged = await _stage(stage, one)
        except Exception as error:  # one release must not hold up the others
            log.error("staging failed", release=one.release_id, error=type(error).__name__)
            continue
        if staged:
            done += 1
            await stage.bell.ring(Topic.STAGED, str(one.release_id))
    return done


async def _stage(stage: Stage, waiting: Waiting) -> bool:
    async with stage.database.transaction() as tx:
        if not await stagings.hold_unstaged(tx, waiting):
            return False
        opening = Opening("stage", Why.STAGE)
        edition = await stage.vault.edition(tx, waiting.release_id, waiting.version, opening)
        assert edition is not None
        if edition.act is Act.PUBLISH:
            readers = await _readers(tx, edition, stage.index)
        else:
            readers = await _former_readers(tx, edition, stage.index)
        for (kind, language), subscribers in readers.items():
            await audience_sets.write(
                tx, waiting.release_id, waiting.version, int(kind), language, subscribers
            )
        await stagings.mark_staged(tx, waiting, stage.clock.now())
    return True


async def _readers(
    tx: Connection, edition: Edition, index: AudienceIndex
) -> dict[tuple[Kind, str], BitMap]:
    """Whose interest fits, by kind and by the language that is best for them."""
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
        for kind in Kind
        if (part := subscribers & index.of_kind(kind))
    }


async def _former_readers(
    tx: Connection, edition: Edition, index: AudienceIndex
) -> dict[tuple[Kind, str], BitMap]:
    """Who was due the version before: whoever had a text hears that it changed or must go.

    A reader whose language the new version lacks gets the best of those it has.
    """
    readers: dict[tuple[Kind, str], BitMap] = {}
    for kind in Kind:
        due = await audience_sets.due(tx, edition.release_id, edition.version - 1, int(kind))
        for language, subscribers in due.items():
            readers[kind, edition_language(edition, language)] = (
                readers.get((kind, edition_language(edition, language)), BitMap()) | subscribers
            )
    return {key: part for key, found in readers.items() if (part := found & index.active())}


def edition_language(edition: Edition, language: str) -> str:
    """The language in which this edition reaches somebody who read `language` before."""
    languages = edition.release.languages()
    return language if language in languages or edition.retracted else languages[0]
