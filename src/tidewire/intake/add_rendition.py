"""Take in one more rendition of a release that is in: checked, then kept until it is approved."""

import asyncio
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from tidewire.access.refs import must_be_ref, unknown_release
from tidewire.bus.bell import Topic
from tidewire.intake.checks.check import stops
from tidewire.intake.pictures_named import unknown_captions
from tidewire.intake.submission import RenditionIn, raw_rendition, sanitised_rendition
from tidewire.intake.submit import Intake, examine, issuer_of
from tidewire.languages import spelt_out
from tidewire.model.errors import BadInput, Conflict, Problem, Severity
from tidewire.model.issuer import Caller, Role
from tidewire.model.opening import Opening, Why, opening_by
from tidewire.model.picture import Picture
from tidewire.model.release import Edition, Move, Release, after
from tidewire.model.rendition import Hand, Rendition
from tidewire.store import releases, waiting_renditions
from tidewire.store.database import Connection
from tidewire.store.releases import Held
from tidewire.store.waiting_renditions import WaitingRendition


@dataclass(frozen=True, slots=True)
class Added:
    """What became of a rendition; `ref` is "" for a dry run, `replaced` where one waited."""

    ref: str
    language: str
    problems: tuple[Problem, ...]
    replaced: bool = False


async def add_rendition(
    intake: Intake,
    caller: Caller,
    ref: str,
    given: RenditionIn,
    *,
    dry_run: bool = False,
    opening: Opening | None = None,
) -> Added:
    """Check one more rendition against its release, and store it sealed, to wait for approval.

    `opening` says who looks at the release where that is another than the caller.
    One that waits in the same language is replaced. Raises BadInput with all problems where
    one is an error, Conflict where the release has that language, NotFound, MoveRefused.
    """
    must_be_ref(ref)
    async with intake.database.transaction() as tx:
        held = await _hold(tx, caller, ref)
        opening = opening or opening_by(caller, Why.COMPARE)
        edition = await intake.vault.edition(tx, held.id, held.version, opening)
    assert edition is not None
    refs = [picture.ref for picture in edition.release.pictures]
    given = _named(given, edition.release.pictures)
    raw = raw_rendition(given, refs)
    astray = tuple(unknown_captions(given.captions, refs, ""))
    problems = astray + await _inspect(intake, edition, raw)
    if dry_run:
        return Added("", raw.language, problems)
    if stops(problems):
        count = sum(p.severity is Severity.ERROR for p in problems)
        things = "one thing" if count == 1 else f"{count} things"
        raise BadInput(f"The rendition has {things} to mend first.", "", problems)
    replaced = await _store(intake, caller, ref, await asyncio.to_thread(sanitised_rendition, raw))
    await intake.bell.ring(Topic.RECEIVED, ref)
    return Added(ref, raw.language, problems, replaced)


def _named(given: RenditionIn, pictures: Sequence[Picture]) -> RenditionIn:
    """The rendition, whose captions may also name pictures by their files, as texts on disk do."""
    refs = {picture.file: picture.ref for picture in reversed(pictures) if picture.file}
    captions = [
        caption.model_copy(update={"picture": refs.get(caption.picture, caption.picture)})
        for caption in given.captions
    ]
    return given.model_copy(update={"captions": captions})


async def _store(intake: Intake, caller: Caller, ref: str, rendition: Rendition) -> bool:
    async with intake.database.transaction() as tx:
        held = await _hold(tx, caller, ref)
        hand = rendition.made_by.hand if rendition.made_by else Hand.PERSON
        sealed = await intake.vault.seal_rendition(tx, held.id, rendition)
        now = intake.clock.now()
        waiting = WaitingRendition(held.id, rendition.language, hand, now, caller.name, sealed)
        return await waiting_renditions.put(tx, waiting, caller.account_id)


async def _hold(tx: Connection, caller: Caller, ref: str) -> Held:
    """The release under lock, where this caller may add to it."""
    held = await releases.hold(tx, ref)
    if held is None or (caller.role is not Role.EDITOR and held.issuer_id != issuer_of(caller)):
        raise unknown_release()
    after(held.state, Move.ADD)
    return held


async def _inspect(intake: Intake, edition: Edition, raw: Rendition) -> tuple[Problem, ...]:
    """What the checks find in the rendition, beside those that are there; pointers into it."""
    release = edition.release
    for tag in release.languages():
        if spelt_out(tag) == spelt_out(raw.language):
            raise Conflict(
                f"The release has a rendition in {tag}.",
                "Hand in another language; what is public is changed by a correction.",
            )
    together = dataclasses.replace(release, renditions=(*release.renditions, raw))
    return _of_the_last(together, await examine(intake.database, intake.clock, together))


def _of_the_last(release: Release, problems: Sequence[Problem]) -> tuple[Problem, ...]:
    prefix = f"/renditions/{len(release.renditions) - 1}"
    return tuple(
        dataclasses.replace(found, pointer=found.pointer.removeprefix(prefix))
        for found in problems
        if found.pointer == prefix or found.pointer.startswith(f"{prefix}/")
    )
