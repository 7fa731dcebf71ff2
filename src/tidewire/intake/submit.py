"""Take a submission in: check it, and store it once."""

import asyncio
import dataclasses
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidewire.access.refs import must_be_ref, new_ref, unknown_release
from tidewire.bus.bell import Bell, Topic
from tidewire.clock import Clock
from tidewire.intake import pictures_named
from tidewire.intake.checks.check import check, stops
from tidewire.intake.known_items import known_before
from tidewire.intake.picture_in import NONE
from tidewire.intake.submission import Correction, Submission, raw_release, sanitised
from tidewire.model.errors import BadInput, Conflict, Forbidden, Problem, Severity
from tidewire.model.issuer import Caller, Role
from tidewire.model.picture import Picture
from tidewire.model.release import Act, Move, Release, State, after
from tidewire.model.rendition import Hand
from tidewire.store import media_topics, origins, pictures, releases, waiting_renditions
from tidewire.store.database import Connection, Database
from tidewire.store.waiting_renditions import WaitingRendition
from tidewire.vault.text import Text
from tidewire.vault.vault import Vault


@dataclass(frozen=True, slots=True)
class Intake:
    """What intake works with."""

    database: Database
    clock: Clock
    bell: Bell
    vault: Vault


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a submission; `ref` is "" for a dry run, `replayed` where it was here."""

    ref: str
    state: State
    version: int
    problems: tuple[Problem, ...]
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Replacement:
    """New content for a published release, checked and sanitised, and what changed."""

    content: Release
    note: str
    problems: tuple[Problem, ...]


async def submit(
    intake: Intake,
    caller: Caller,
    submission: Submission,
    *,
    key: str | None = None,
    dry_run: bool = False,
    at_hand: Mapping[str, Picture] = NONE,
) -> Taken:
    """Check a submission and store it as received; the same `key` stores it only once.

    `at_hand` are pictures, by the names it has for them, that a dry run has and the store has not.
    Raises BadInput with all problems where one is an error, Conflict where `key` came with
    other content, Forbidden where the caller is no issuer.
    """
    issuer_id = issuer_of(caller)
    digest = hashlib.sha256(submission.model_dump_json().encode()).digest()
    if key is not None and not dry_run:
        async with intake.database.transaction() as tx:
            if taken := await _replay(intake, tx, issuer_id, key, digest):
                return taken
    if not dry_run and (taken := await _of_known_items(intake, caller, submission, digest)):
        return taken
    raw, problems = await inspect(intake, submission, issuer_id, at_hand if dry_run else NONE)
    if dry_run:
        return Taken("", State.RECEIVED, 1, tuple(problems))
    release = await _accepted(raw, problems)
    items = [(item.guid, item.version) for item in submission.items]
    async with intake.database.transaction() as tx:
        ref = await _store(intake, tx, release, caller, key=key, digest=digest, items=items)
        if ref is None:
            assert key is not None
            replayed = await _replay(intake, tx, issuer_id, key, digest)
            assert replayed is not None
            return replayed
    await intake.bell.ring(Topic.RECEIVED, ref)
    return Taken(ref, State.RECEIVED, 1, tuple(problems))


async def resubmit(intake: Intake, caller: Caller, ref: str, submission: Submission) -> Taken:
    """Replace the content of a returned release. Raises as `submit`, and NotFound, MoveRefused."""
    must_be_ref(ref)
    issuer_id = issuer_of(caller)
    raw, problems = await inspect(intake, submission, issuer_id)
    release = await _accepted(raw, problems)
    digest = hashlib.sha256(submission.model_dump_json().encode()).digest()
    items = [(item.guid, item.version) for item in submission.items]
    now = intake.clock.now()
    async with intake.database.transaction() as tx:
        held = await releases.hold(tx, ref)
        if held is None or held.issuer_id != issuer_id:
            raise unknown_release()
        state = after(held.state, Move.RESUBMIT)
        await _put(intake, tx, held.id, held.version, release, account_id=caller.account_id)
        await releases.set_state(tx, held.id, state)
        if items:
            if not await origins.put(tx, issuer_id, held.id, items):
                raise Conflict("These items are of another release.", "Hand them in by themselves.")
            kept = await intake.vault.fingerprint(tx, held.id, digest)
            await releases.set_digest(tx, held.id, kept)
        await releases.add_decision(
            tx, held, Move.RESUBMIT, account_id=caller.account_id, note="", now=now
        )
    await intake.bell.ring(Topic.RECEIVED, ref)
    return Taken(ref, state, held.version, tuple(problems))


async def replacement(intake: Intake, ref: str, correction: Correction) -> Replacement:
    """The content of a correction of `ref`, checked as a submission is. Raises BadInput, NotFound.

    T0 is left out: a correction goes at once.
    """
    submission = correction.release.model_copy(update={"t0": None, "embargo": False})
    issuer_id = await owner_of(intake, ref)
    raw, problems = await inspect(intake, submission, issuer_id)
    moved = [dataclasses.replace(p, pointer=f"/release{p.pointer}") for p in problems]
    return Replacement(await _accepted(raw, moved), correction.note, tuple(moved))


async def owner_of(intake: Intake, ref: str) -> int:
    """The id of the issuer that handed a release in. Raises NotFound."""
    must_be_ref(ref)
    async with intake.database.transaction() as tx:
        issuer_id = await releases.issuer_of(tx, ref)
    if issuer_id is None:
        raise unknown_release()
    return issuer_id


async def inspect(
    intake: Intake, submission: Submission, issuer_id: int, at_hand: Mapping[str, Picture] = NONE
) -> tuple[Release, list[Problem]]:
    """The release as it came, and all its problems, those that only the store can see too."""
    known, misnamed = await pictures_named.named(intake.database, submission, issuer_id, at_hand)
    raw = raw_release(submission, known)
    problems = misnamed + await examine(intake.database, intake.clock, raw)
    if submission.circuits:
        async with intake.database.transaction() as tx:
            unknown = await releases.unknown_circuits(tx, submission.circuits)
        problems = [_unknown_circuit(submission, name) for name in unknown] + problems
    return raw, sorted(problems, key=lambda one: one.severity is not Severity.ERROR)


async def examine(database: Database, clock: Clock, release: Release) -> list[Problem]:
    """What the checks find in a release now, with the media topics that are known here."""
    async with database.transaction() as tx:
        topics = await media_topics.every(tx)
    # Off the event loop: a long text takes a moment to look through.
    return await asyncio.to_thread(check, release, clock.now(), topics)


def issuer_of(caller: Caller) -> int:
    """The caller's issuer. Raises Forbidden where the caller is not one."""
    if caller.role is not Role.ISSUER or caller.issuer_id is None:
        raise Forbidden(
            "Only an issuer may hand in a release.", "Use the key of the issuer's account."
        )
    return caller.issuer_id


async def _accepted(raw: Release, problems: Sequence[Problem]) -> Release:
    """The sanitised content. Raises BadInput with all problems where one of them is an error."""
    if stops(problems):
        count = sum(p.severity is Severity.ERROR for p in problems)
        things = "one thing" if count == 1 else f"{count} things"
        raise BadInput(f"The release has {things} to mend first.", "", problems)
    return await asyncio.to_thread(sanitised, raw)


async def _store(
    intake: Intake,
    tx: Connection,
    release: Release,
    caller: Caller,
    *,
    key: str | None,
    digest: bytes,
    items: Sequence[tuple[str, int]],
) -> str | None:
    now, ref, issuer_id = intake.clock.now(), new_ref(), issuer_of(caller)
    name = None if key is None else _name(key)
    release_id = await releases.insert(tx, ref, issuer_id=issuer_id, key=name, now=now)
    if release_id is None:
        return None
    await _put(intake, tx, release_id, 1, release, account_id=caller.account_id)
    if not await origins.put(tx, issuer_id, release_id, items):
        raise Conflict("These items have just come.", "Send them again: they are known by now.")
    if key is not None or items:
        kept = await intake.vault.fingerprint(tx, release_id, digest)
        await releases.set_digest(tx, release_id, kept)
    return ref


async def _put(
    intake: Intake,
    tx: Connection,
    release_id: int,
    version: int,
    release: Release,
    *,
    account_id: int,
) -> None:
    """Store the content sealed; renditions by a machine wait beside it for their approval."""
    now = intake.clock.now()
    wait = [r for r in release.renditions if r.by_machine and not release.machine_unchecked]
    await waiting_renditions.drop(tx, release_id, list(release.languages()))
    for rendition in wait:
        sealed = await intake.vault.seal_rendition(tx, release_id, rendition)
        waiting = WaitingRendition(release_id, rendition.language, Hand.MACHINE, now, "", sealed)
        await waiting_renditions.put(tx, waiting, account_id)
    kept = tuple(r for r in release.renditions if r not in wait)
    text = Text(dataclasses.replace(release, renditions=kept))
    sealed = await intake.vault.seal_text(tx, release_id, version, text)
    await releases.put_version(tx, release_id, version, act=Act.PUBLISH, sealed=sealed, now=now)
    await pictures.unlink(tx, release_id)
    await pictures_named.link(tx, release_id, release.pictures)


async def _replay(
    intake: Intake, tx: Connection, issuer_id: int, key: str, digest: bytes
) -> Taken | None:
    found = await releases.of_key(tx, issuer_id, _name(key))
    if found is None:
        return None
    release_id, ref, state, version, before = found
    if before is not None:  # a release from before digests were keyed is not compared
        same = await intake.vault.fingerprint(tx, release_id, digest)
        if not hmac.compare_digest(before, same):
            raise Conflict(
                "This Idempotency-Key came with another release before.",
                "Use a new key for a new release.",
            )
    return Taken(ref, state, version, (), replayed=True)


async def _of_known_items(
    intake: Intake, caller: Caller, submission: Submission, digest: bytes
) -> Taken | None:
    """What becomes of items that came before; None where none of them did. Raises Conflict."""
    issuer_id = issuer_of(caller)
    before = await known_before(intake.database, intake.vault, issuer_id, submission, digest)
    if before is None:
        return None
    if before.again:
        return Taken(before.ref, before.state, before.version, (), replayed=True)
    return await resubmit(intake, caller, before.ref, submission)


def _name(key: str) -> str:
    """An idempotency key as it is stored: issuers put words of the release into it."""
    return hashlib.sha256(key.encode()).hexdigest()


def _unknown_circuit(submission: Submission, name: str) -> Problem:
    at = submission.circuits.index(name)
    return Problem(
        Severity.ERROR,
        "circuit-unknown",
        f"/circuits/{at}",
        f'There is no circuit "{name}".',
        "Ask the desk which circuits there are.",
    )
