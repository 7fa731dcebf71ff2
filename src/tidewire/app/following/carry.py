"""Carry one edition of another wire over: handed in, corrected, added to or taken back here."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tidewire.access.keys import open_issuer
from tidewire.app.following.pictures import bring_pictures
from tidewire.app.following.source import Source, Told
from tidewire.clock import stopwatch
from tidewire.desk import decide
from tidewire.desk.renditions import approve_rendition
from tidewire.desk.sign import Desk
from tidewire.intake.add_rendition import add_rendition
from tidewire.intake.ninjs import read_ninjs
from tidewire.intake.read import document_of
from tidewire.intake.strings import block, line
from tidewire.intake.submission import Correction, Submission, read_submission
from tidewire.intake.submit import Intake, replacement, submit
from tidewire.model.errors import BadInput, Unavailable
from tidewire.model.issuer import Caller, Issuer, Role
from tidewire.model.release import Act, State
from tidewire.store import accounts, origins, releases
from tidewire.store.origins import Origin

SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")
_GONE = (State.KILLED, State.WITHDRAWN)
_PATIENCE = 30  # seconds that a version has to go out before the next one


@dataclass(frozen=True, slots=True)
class Hands:
    """Who carries: the desk's editor, under whose name it is done here.

    `name` is what the other wire is called here. With `publish` a release goes out at once; else it
    waits for the desk, and only what follows on it (corrections, kills) does not.
    """

    intake: Intake
    desk: Desk
    editor: Caller
    source: Source
    name: str
    publish: bool


async def carry(hands: Hands, told: Told, items: Sequence[Any]) -> str:
    """Take one edition over; what was done, in a few words, "" for nothing.

    It may be called again with the same edition. Raises BadInput for what cannot be taken here, and
    Unavailable where it cannot be taken yet.
    """
    if not items:
        return ""  # taken back since; the edition that says so comes with its own number
    issuer = await _issuer(hands, told)
    if told.act in (Act.KILL, Act.WITHDRAW):
        return await _take_back(hands, told, issuer, items)
    submission = await _submission(hands, issuer, items)
    before = await _before(hands, issuer, _guids(items))
    if before is None:
        return await _new(hands, issuer, submission)
    if before.state in _GONE:
        return ""
    if told.act is Act.ADD:
        return await _add(hands, issuer, before, submission)
    if all(before.items.get(item.guid) == item.version for item in submission.items):
        return ""
    if before.state is State.PUBLISHED:
        return await _correct(hands, issuer, told, before, submission)
    if before.state is not State.RETURNED:
        await decide.send_back(hands.desk, hands.editor, before.ref, "A newer version has come.")
    return await _new(hands, issuer, submission)


async def _issuer(hands: Hands, told: Told) -> Caller:
    """The issuer's account here: under the other wire's name, so that it can be no other's."""
    slug = f"{hands.name}-{told.issuer.slug}"[:60].rstrip("-")
    name = line(told.issuer.name)
    if not SLUG.fullmatch(slug) or not 0 < len(name) <= 200:
        raise BadInput("The other wire names no issuer.", "Ask it why.")
    database = hands.intake.database
    async with database.transaction() as tx:
        found = await accounts.find_account(tx, Role.ISSUER, slug)
        if found is not None:
            return found
        website = line(told.issuer.website)[:2000]
        return await open_issuer(tx, Issuer(0, slug, name, website), hands.intake.clock.now())


async def _before(hands: Hands, issuer: Caller, guids: Sequence[str]) -> Origin | None:
    assert issuer.issuer_id is not None
    async with hands.intake.database.transaction() as tx:
        found = await origins.find(tx, issuer.issuer_id, guids)
    return found[0] if found else None


def _guids(items: Sequence[Any]) -> list[str]:
    """Those of the items and of their translations: an added language comes by itself."""
    linked = (a for item in items for a in item.get("associations", ()))
    found = [*(item.get("uri") for item in items), *(a.get("uri") for a in linked)]
    return list(dict.fromkeys(guid for guid in found if isinstance(guid, str)))


async def _submission(hands: Hands, issuer: Caller, items: Sequence[Any]) -> Submission:
    """What the items say; what a machine made goes with the release, labelled as it was."""
    assert issuer.issuer_id is not None
    document = document_of(read_ninjs({"items": list(items)}))
    await bring_pictures(hands.intake, hands.source, issuer.issuer_id, document)
    return read_submission({**document, "machine_unchecked": True})


async def _new(hands: Hands, issuer: Caller, submission: Submission) -> str:
    taken = await submit(hands.intake, issuer, submission)
    if not hands.publish:
        return f"{taken.ref} waits for the desk"
    if taken.state is State.RECEIVED:
        await decide.approve(hands.desk, hands.editor, taken.ref, then="now", schedules=True)
    return f"{taken.ref} goes out"


async def _correct(
    hands: Hands, issuer: Caller, told: Told, before: Origin, submission: Submission
) -> str:
    note = block(told.note) or block(told.notice) or "A newer version."
    correction = Correction(note=note[:5_000], release=submission)
    new = await replacement(hands.intake, before.ref, correction)
    await _until_out(hands, before.ref)
    await decide.correct(hands.desk, hands.editor, before.ref, new.content, new.note)
    await _keep(hands, issuer, before, submission)
    return f"{before.ref} is corrected"


async def _add(hands: Hands, issuer: Caller, before: Origin, submission: Submission) -> str:
    """One more language, or several, of a release that is here."""
    public = before.state is State.PUBLISHED
    for item, rendition in zip(submission.items, submission.renditions, strict=True):
        if item.guid in before.items:
            continue
        await add_rendition(hands.intake, issuer, before.ref, rendition)
        if public:
            await _until_out(hands, before.ref)
            await approve_rendition(hands.desk, hands.editor, before.ref, rendition.language)
    await _keep(hands, issuer, before, submission)
    return f"{before.ref} has one more language"


async def _take_back(hands: Hands, told: Told, issuer: Caller, items: Sequence[Any]) -> str:
    before = await _before(hands, issuer, _guids(items))
    if before is None or before.state in _GONE:
        return ""
    note = block(told.note)[:5_000]
    if told.act is Act.WITHDRAW:
        await decide.withdraw(hands.desk, issuer, before.ref, note)
        return f"{before.ref} is withdrawn"
    await decide.kill(hands.desk, hands.editor, before.ref, note)
    return f"{before.ref} is killed"


async def _keep(hands: Hands, issuer: Caller, before: Origin, submission: Submission) -> None:
    assert issuer.issuer_id is not None
    items = [(item.guid, item.version) for item in submission.items]
    async with hands.intake.database.transaction() as tx:
        await origins.put(tx, issuer.issuer_id, before.release_id, items)


async def _until_out(hands: Hands, ref: str) -> None:
    """Until the version before has gone out here. Raises Unavailable where it does not."""
    end = stopwatch() + _PATIENCE
    while True:
        async with hands.intake.database.transaction() as tx:
            held = await releases.hold(tx, ref)
        if held is not None and held.public:
            return
        if stopwatch() > end:
            raise Unavailable(
                f"The version of {ref} before this one has not gone out here yet.",
                "Is a worker running? See: tidewire doctor.",
            )
        await asyncio.sleep(0.2)
