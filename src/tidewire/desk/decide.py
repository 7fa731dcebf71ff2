"""What the desk decides: return, approve, schedule, correct, kill; and an issuer's withdrawal.

Each decision is one transaction on the locked release, with the name of who decided. Nothing
here makes a release public: a decision sets the moment, and publishing keeps it.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from tidewire.access.keys import require
from tidewire.access.refs import unknown_release
from tidewire.desk.renditions import approve_all, approved
from tidewire.desk.sign import Decided, Desk, hold, sign, tell
from tidewire.model.errors import BadInput, Conflict, Problem, Severity
from tidewire.model.issuer import Caller, Role
from tidewire.model.opening import Why, opening_by
from tidewire.model.release import Act, Move, Release, after
from tidewire.store import editions, pictures, releases, translation_drafts, waiting_renditions
from tidewire.store.database import Connection
from tidewire.store.releases import Held
from tidewire.vault.text import Text

GRACE = timedelta(seconds=60)
FARTHEST = timedelta(days=2 * 366)


# A moment, "now", or None for the moment that the issuer asked for.
When = datetime | Literal["now"] | None


async def send_back(desk: Desk, caller: Caller, ref: str, note: str) -> Decided:
    """Return a release to its issuer; what is staged of it waits for its return."""
    require(caller, Role.EDITOR)
    async with desk.database.transaction() as tx:
        held = await hold(tx, ref)
        state = after(held.state, Move.RETURN)
        await releases.set_moment(tx, held.id, held.version, None)
        await releases.set_state(tx, held.id, state)
        await sign(desk, tx, held, Move.RETURN, caller, note=note, now=desk.clock.now())
    return await tell(desk, Decided(ref, state, held.version))


async def approve(
    desk: Desk,
    caller: Caller,
    ref: str,
    *,
    note: str = "",
    then: When = None,
    schedules: bool = False,
    checked: Sequence[str] = (),
) -> Decided:
    """Approve a release and, with `schedules`, set its moment (`then`) in the same breath.

    Renditions that wait come with it, those by a machine only where `checked` names them.
    """
    require(caller, Role.EDITOR)
    now = desk.clock.now()
    t0 = None
    async with desk.database.transaction() as tx:
        held = await hold(tx, ref)
        state = after(held.state, Move.APPROVE)
        await approve_all(desk, tx, held, caller, checked)
        await sign(desk, tx, held, Move.APPROVE, caller, note=note, now=now)
        if schedules:
            state = after(state, Move.SCHEDULE)
            t0 = await _set_moment(desk, tx, held, then, caller)
            await sign(desk, tx, held, Move.SCHEDULE, caller, note="", now=now)
        await releases.set_state(tx, held.id, state)
    return await tell(desk, Decided(ref, state, held.version, t0))


async def schedule(desk: Desk, caller: Caller, ref: str, at: When, note: str = "") -> Decided:
    """Set, or move, the moment at which an approved release goes out.

    Raises BadInput for a moment that is past, too far, or before the end of its embargo.
    """
    require(caller, Role.EDITOR)
    now = desk.clock.now()
    async with desk.database.transaction() as tx:
        held = await hold(tx, ref)
        state = after(held.state, Move.SCHEDULE)
        t0 = await _set_moment(desk, tx, held, at, caller)
        await releases.set_state(tx, held.id, state)
        await sign(desk, tx, held, Move.SCHEDULE, caller, note=note, now=now)
    return await tell(desk, Decided(ref, state, held.version, t0))


async def correct(desk: Desk, caller: Caller, ref: str, content: Release, note: str) -> Decided:
    """Send a new version, at once, to all who had the one before.

    Raises Conflict while an earlier correction has not gone out.
    """
    require(caller, Role.EDITOR)
    now = desk.clock.now()
    async with desk.database.transaction() as tx:
        held = await hold(tx, ref)
        state = after(held.state, Move.CORRECT)
        if not held.public:
            raise Conflict(
                f"Version {held.version}, a correction, has not gone out yet.",
                "Wait until it has, then correct that one; a kill needs no waiting.",
            )
        last = await editions.public(tx, ref)
        assert last is not None
        _keeps_languages(last.release, content)
        new = held.version + 1
        text = Text(approved(content, caller, now, every=True), note)
        sealed = await desk.vault.seal_text(tx, held.id, new, text)
        await releases.put_version(
            tx, held.id, new, act=Act.CORRECT, sealed=sealed, now=now, t0=now
        )
        if not await pictures.link(tx, held.id, [one.ref for one in content.pictures]):
            raise Conflict("A picture of this correction was dropped.", "Upload it again.")
        await sign(desk, tx, held, Move.CORRECT, caller, note=note, now=now)
    return await tell(desk, Decided(ref, state, new, now))


def _keeps_languages(before: Release, now: Release) -> None:
    """Raises BadInput where readers of a rendition would hear nothing of the correction."""
    missing = [tag for tag in before.languages() if tag not in now.languages()]
    if missing:
        raise BadInput(
            f"The correction lacks a rendition in {', '.join(missing)}.",
            "Hand in one in every language that went out: its readers must hear of it.",
            [
                Problem(
                    Severity.ERROR,
                    "rendition-missing",
                    "/release/renditions",
                    f"There is no rendition in {tag}.",
                    "Add it.",
                )
                for tag in missing
            ],
        )


async def kill(desk: Desk, caller: Caller, ref: str, note: str) -> Decided:
    """Tell all who had a release, at once, not to use it; an unpublished one just ends."""
    require(caller, Role.EDITOR)
    return await _take_back(desk, caller, ref, Move.KILL, note)


async def withdraw(desk: Desk, caller: Caller, ref: str, note: str = "") -> Decided:
    """An issuer takes its own release back, at any time."""
    require(caller, Role.ISSUER)
    return await _take_back(desk, caller, ref, Move.WITHDRAW, note)


async def _take_back(desk: Desk, caller: Caller, ref: str, move: Move, note: str) -> Decided:
    now = desk.clock.now()
    act = Act.KILL if move is Move.KILL else Act.WITHDRAW
    t0 = None
    async with desk.database.transaction() as tx:
        held = await hold(tx, ref)
        if caller.role is Role.ISSUER and held.issuer_id != caller.issuer_id:
            raise unknown_release()
        state = after(held.state, move)
        version = held.version
        await releases.unstage(tx, held.id, version)
        await waiting_renditions.drop(tx, held.id)
        await translation_drafts.drop(tx, held.id)
        last = await editions.public(tx, ref)
        if last is not None:
            # What has not gone out yet makes room: its number is used for this.
            version, t0 = (version + 1 if held.public else version), now
            await releases.put_retraction(
                tx, held.id, version, act=act, content=last.release, note=note, now=now
            )
        await releases.set_state(tx, held.id, state)
        # What goes out now as a clear note needs no key here either.
        await sign(desk, tx, held, move, caller, note=note, now=now, clear=last is not None)
    return await tell(desk, Decided(ref, state, version, t0))


async def _set_moment(desk: Desk, tx: Connection, held: Held, at: When, caller: Caller) -> datetime:
    opening = opening_by(caller, Why.SCHEDULE)
    edition = await desk.vault.edition(tx, held.id, held.version, opening)
    assert edition is not None
    _has_required(edition.release)
    t0 = moment(edition.release, at, desk.clock.now())
    await releases.set_moment(tx, held.id, held.version, t0)
    return t0


def _has_required(release: Release) -> None:
    """Raises Conflict where a required rendition is not approved, or not even here."""
    if missing := release.missing():
        raise Conflict(
            f"It lacks an approved rendition in {', '.join(missing)}, which its issuer requires.",
            "Approve the one that waits, or have it handed in; then set the moment.",
        )


def moment(release: Release, at: When, now: datetime) -> datetime:
    """The moment that a release is to go out, for what was asked. Raises BadInput.

    None takes the one that its issuer asked for, or now. Up to a minute late counts as now.
    """
    asked = release.t0 or now if at is None else now if at == "now" else at
    if asked < now - GRACE:
        raise _bad_moment("t0-past", "This moment has passed.", "Give one to come, or 'now'.")
    if asked > now + FARTHEST:
        raise _bad_moment("t0-far", "This is more than two years away.", "Check the year.")
    if release.embargo and release.t0 is not None and asked < release.t0:
        raise _bad_moment(
            "embargo",
            f"The release is under embargo until {release.t0:%Y-%m-%d %H:%M:%S} UTC.",
            "Give that moment or a later one.",
        )
    return max(asked, now)


def _bad_moment(code: str, message: str, advice: str) -> BadInput:
    return BadInput(message, advice, [Problem(Severity.ERROR, code, "/at", message, advice)])
