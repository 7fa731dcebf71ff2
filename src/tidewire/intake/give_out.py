"""Give a release out to be translated: as XLIFF 2.1, empty or filled in by machine."""

import asyncio

from tidewire.access.refs import must_be_ref, unknown_release
from tidewire.formats.xliff.names import SegmentState
from tidewire.formats.xliff.write import write_xliff
from tidewire.intake.submit import Intake, issuer_of
from tidewire.languages import canonical
from tidewire.model.errors import BadInput, Conflict, Problem, Severity
from tidewire.model.issuer import Caller, Role
from tidewire.model.opening import Opening, Why, opening_by
from tidewire.model.release import Edition, State
from tidewire.store import releases
from tidewire.translation.machine import translate_texts
from tidewire.translation.provider import Provider


async def give_out(
    intake: Intake, caller: Caller, ref: str, to: str, machine: Provider | None = None
) -> bytes:
    """The rendition that prevails, for a translation into `to`, as XLIFF.

    With `machine` its texts are filled in, in state initial: a human has yet to see them. Raises
    NotFound, BadInput for a language that is none or the source's own, Conflict for a release
    that was taken back, CannotOpen, and what the machine raises.
    """
    language = target(to)
    why = Why.TRANSLATE if machine is None else Why.MACHINE
    edition = await read_for(intake, caller, ref, why)
    source = edition.release.renditions[0]
    if language == canonical(source.language):
        raise _refused(f'The release is in "{source.language}" itself.')
    original = f"{ref}/{edition.version}"
    if machine is None:
        return await asyncio.to_thread(write_xliff, source, language, original=original)
    targets = await translate_texts(machine, source, language)
    return await asyncio.to_thread(
        write_xliff,
        source,
        language,
        original=original,
        targets=targets,
        state=SegmentState.INITIAL,
        note=f"{machine.name}: translated by machine",
    )


def no_machine() -> BadInput:
    """The answer where no machine is set."""
    said = "Nothing translates by machine here."
    advice = "Leave it out, or have the operator set TIDEWIRE_TRANSLATION."
    problem = Problem(Severity.ERROR, "no-machine", "/machine", said, advice)
    return BadInput(said, "", [problem])


async def read_for(
    intake: Intake, caller: Caller, ref: str, why: Why, opening: Opening | None = None
) -> Edition:
    """The newest version, for its issuer or an editor; no transaction is open afterwards.

    `opening` says who looks where that is another than the caller. Raises NotFound, Conflict for
    a release that was taken back, and CannotOpen.
    """
    must_be_ref(ref)
    issuer_id = None if caller.role is Role.EDITOR else issuer_of(caller)
    async with intake.database.transaction() as tx:
        rows = await releases.queue(tx, ref=ref, issuer_id=issuer_id)
        if not rows:
            raise unknown_release()
        if rows[0].state in (State.WITHDRAWN, State.KILLED):
            raise Conflict("This release was taken back.", "There is nothing to translate.")
        opening = opening or opening_by(caller, why)
        edition = await intake.vault.edition(tx, rows[0].id, rows[0].version, opening)
    if edition is None:
        raise unknown_release()
    return edition


def target(to: str) -> str:
    """A language to translate into, canonical. Raises BadInput."""
    language = canonical(to)
    if language is None:
        raise _refused(f'"{to[:40]}" is no language.')
    return language


def _refused(said: str) -> BadInput:
    problem = Problem(
        Severity.ERROR, "language", "/to", said, 'Name another one by its BCP 47 tag, as "fr".'
    )
    return BadInput(said, "", [problem])
