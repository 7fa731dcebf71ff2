"""Approve the renditions of a release, or turn one down.

What is approved before the release is public becomes part of it. What is approved after that
goes out at once, as a version that adds a language and changes nothing else.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from tidewire.access.keys import require
from tidewire.desk.sign import Decided, Desk, hold, sign, tell
from tidewire.languages import canonical
from tidewire.model.errors import BadInput, Conflict, NotFound, Problem, Severity
from tidewire.model.issuer import Caller, Role
from tidewire.model.opening import Why, opening_by
from tidewire.model.release import Act, Move, Release, State, after
from tidewire.model.rendition import Rendition
from tidewire.store import editions, releases, translation_drafts, waiting_renditions
from tidewire.store.database import Connection
from tidewire.store.releases import Held
from tidewire.vault.text import Text


async def approve_rendition(
    desk: Desk, caller: Caller, ref: str, language: str, note: str = ""
) -> Decided:
    """A person has read this rendition, and it may go: with its release, or now where that is out.

    Raises NotFound where none waits in this language, Conflict while a correction has not
    gone out.
    """
    require(caller, Role.EDITOR)
    now = desk.clock.now()
    t0 = None
    async with desk.database.transaction() as tx:
        held = await hold(tx, ref)
        state = after(held.state, Move.ADD)
        rendition = _approved(await _waiting(desk, tx, held, caller, language), caller, now)
        version = held.version
        if state is State.PUBLISHED:
            version, t0 = await _add(desk, tx, held, rendition, now), now
        else:
            await _merge(desk, tx, held, caller, [rendition])
        await waiting_renditions.drop(tx, held.id, [rendition.language])
        await translation_drafts.drop(tx, held.id, [rendition.language])
        await sign(desk, tx, held, Move.ADD, caller, note=note, now=now)
    return await tell(desk, Decided(ref, state, version, t0))


async def reject_rendition(
    desk: Desk, caller: Caller, ref: str, language: str, note: str
) -> Decided:
    """Turn a waiting rendition down, and forget it; another may be handed in."""
    require(caller, Role.EDITOR)
    async with desk.database.transaction() as tx:
        held = await hold(tx, ref)
        found = await _waiting(desk, tx, held, caller, language)
        await waiting_renditions.drop(tx, held.id, [found.language])
        said = f"{found.language}: {note}"
        await sign(desk, tx, held, Move.RETURN, caller, note=said, now=desk.clock.now())
    return await tell(desk, Decided(ref, held.state, held.version))


async def approve_all(
    desk: Desk, tx: Connection, held: Held, caller: Caller, checked: Sequence[str]
) -> None:
    """Approve what the release has, and all that waits and was made by people.

    Of those by a machine only the `checked` ones, and, labelled as unchecked, all where the
    issuer says so. Raises BadInput where none by a machine is in a language of `checked`.
    """
    opening = opening_by(caller, Why.APPROVE)
    edition = await desk.vault.edition(tx, held.id, held.version, opening)
    assert edition is not None
    waiting = await desk.vault.renditions(tx, held.id, held.version, opening)
    release, tags = edition.release, [canonical(tag) or tag for tag in checked]
    coming = [
        rendition
        for _, rendition in waiting
        if not rendition.by_machine or release.machine_unchecked or rendition.language in tags
    ]
    whole = replace(release, renditions=(*release.renditions, *coming))
    _are_here(tags, whole)
    text = Text(approved(whole, caller, desk.clock.now(), checked=tags), edition.note)
    sealed = await desk.vault.seal_text(tx, held.id, held.version, text)
    await releases.put_text(tx, held.id, held.version, sealed)
    languages = [one.language for one in coming]
    await waiting_renditions.drop(tx, held.id, languages)
    await translation_drafts.drop(tx, held.id, languages)


def approved(
    release: Release,
    caller: Caller,
    now: datetime,
    *,
    checked: Sequence[str] = (),
    every: bool = False,
) -> Release:
    """The release with its renditions approved; of those by a machine the `checked` ones or all."""
    return replace(
        release,
        renditions=tuple(
            _approved(one, caller, now)
            if every or not one.by_machine or one.language in checked
            else one
            for one in release.renditions
        ),
    )


def _approved(rendition: Rendition, caller: Caller, now: datetime) -> Rendition:
    return replace(rendition, approved_by=caller.name, approved_at=now)


def _are_here(tags: Sequence[str], release: Release) -> None:
    by_machine = [one.language for one in release.renditions if one.by_machine]
    for at, tag in enumerate(tags):
        if tag not in by_machine:
            message = f"No rendition by a machine waits in {tag}."
            advice = "Name the languages of those that were checked."
            problem = Problem(
                Severity.ERROR, "rendition-missing", f"/checked/{at}", message, advice
            )
            raise BadInput(message, advice, [problem])


async def _waiting(
    desk: Desk, tx: Connection, held: Held, caller: Caller, language: str
) -> Rendition:
    opening = opening_by(caller, Why.APPROVE)
    for _, rendition in await desk.vault.renditions(tx, held.id, held.version, opening):
        if rendition.language == (canonical(language) or language):
            return rendition
    raise NotFound("No rendition waits in this language.", "Look at the release: what waits?")


async def _merge(
    desk: Desk, tx: Connection, held: Held, caller: Caller, coming: Sequence[Rendition]
) -> None:
    """Make the renditions part of a version that is not out; its audience is found anew."""
    opening = opening_by(caller, Why.APPROVE)
    edition = await desk.vault.edition(tx, held.id, held.version, opening)
    assert edition is not None
    whole = replace(edition.release, renditions=(*edition.release.renditions, *coming))
    sealed = await desk.vault.seal_text(tx, held.id, held.version, Text(whole, edition.note))
    await releases.put_text(tx, held.id, held.version, sealed)


async def _add(desk: Desk, tx: Connection, held: Held, rendition: Rendition, now: datetime) -> int:
    """A new version with one more language, due now; its number."""
    if not held.public:
        raise Conflict(
            f"Version {held.version} has not gone out yet.", "Wait until it has, then approve this."
        )
    last = await editions.public(tx, held.ref)
    assert last is not None
    if rendition.language in last.release.languages():
        raise Conflict(
            f"The release has a rendition in {rendition.language} by now.",
            "Turn this one down; what is public is changed by a correction.",
        )
    content = replace(
        last.release,
        renditions=(*last.release.renditions, rendition),
        added=(rendition.language,),
    )
    new = held.version + 1
    sealed = await desk.vault.seal_text(tx, held.id, new, Text(content))
    await releases.put_version(tx, held.id, new, act=Act.ADD, sealed=sealed, now=now, t0=now)
    return new
