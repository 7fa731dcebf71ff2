"""Take a translation back, from a person as XLIFF or from a machine: as a rendition that waits."""

import asyncio
from collections.abc import Sequence

from pydantic import ValidationError

from tidewire.formats.xliff.names import SegmentState
from tidewire.formats.xliff.read import Translated, read_xliff
from tidewire.intake.add_rendition import Added, add_rendition
from tidewire.intake.checks.check import stops
from tidewire.intake.give_out import read_for, target
from tidewire.intake.submission import DatelineIn, MakerIn, RenditionIn, problems_of
from tidewire.intake.submit import Intake
from tidewire.model.errors import BadInput, Conflict, Problem, Severity
from tidewire.model.issuer import Caller
from tidewire.model.opening import Why
from tidewire.model.rendition import Hand, Rendition
from tidewire.store import waiting_renditions
from tidewire.translation.machine import translate_rendition
from tidewire.translation.provider import Provider


async def take_xliff(
    intake: Intake,
    caller: Caller,
    ref: str,
    raw: bytes,
    *,
    translator: str = "",
    dry_run: bool = False,
) -> Added:
    """The translation in an XLIFF document as a rendition made by the person `translator`.

    Raises as `read_xliff` and `add_rendition` do, and BadInput where a text is still in state
    initial: nobody has said that it is translated, and a machine may have filled it in.
    """
    edition = await read_for(intake, caller, ref, Why.COMPARE)
    found = await asyncio.to_thread(read_xliff, raw, edition.release.renditions[0])
    if problems := _untouched(found):
        raise BadInput(
            "Texts of this XLIFF are still in state initial.",
            "Go through them, and set their state to translated.",
            problems,
        )
    given = handed_in(found.rendition, (Hand.PERSON, translator) if translator else None)
    return await add_rendition(intake, caller, ref, given, dry_run=dry_run)


async def translate(
    intake: Intake, caller: Caller, ref: str, machine: Provider, to: Sequence[str]
) -> list[Added]:
    """Renditions by `machine` in these languages, named as its work, to wait for approval.

    All are translated and checked before the first is stored. Raises as `give_out` and
    `add_rendition` do.
    """
    languages = list(dict.fromkeys(map(target, to)))
    edition = await read_for(intake, caller, ref, Why.MACHINE)
    source = edition.release.renditions[0]
    made: list[RenditionIn] = []
    for language in languages:
        # What the release has already is refused before a provider is asked, and paid.
        await add_rendition(intake, caller, ref, _given_as(source, language), dry_run=True)
        await _not_a_persons(intake, edition.release_id, language)
        rendition = await translate_rendition(machine, source, language)
        given = handed_in(rendition, (Hand.MACHINE, machine.name))
        checked = await add_rendition(intake, caller, ref, given, dry_run=True)
        if stops(checked.problems):
            raise BadInput(
                f"What {machine.name} made in {language} has things to mend first.",
                "Take it as XLIFF, and mend it there.",
                checked.problems,
            )
        made.append(given)
    return [await add_rendition(intake, caller, ref, given) for given in made]


async def _not_a_persons(intake: Intake, release_id: int, language: str) -> None:
    """Raises Conflict where a person's rendition in this language waits for approval."""
    async with intake.database.transaction() as tx:
        waiting = await waiting_renditions.every(tx, release_id)
    if any(w.language == language and w.hand is Hand.PERSON for w in waiting):
        raise Conflict(
            f"A person's rendition in {language} waits for approval.",
            "Leave this language out.",
        )


def _given_as(source: Rendition, language: str) -> RenditionIn:
    return handed_in(source, None).model_copy(update={"language": language})


def handed_in(rendition: Rendition, maker: tuple[Hand, str] | None) -> RenditionIn:
    """It as it is handed in. Raises BadInput where a text is longer than one may be."""
    line = rendition.dateline
    try:
        return RenditionIn(
            language=rendition.language,
            headline=rendition.headline,
            subheadline=rendition.subheadline,
            dateline=DatelineIn(place=line.place, country=line.country, date=line.date)
            if line
            else None,
            body_html=rendition.body,
            boilerplate_html=rendition.boilerplate,
            made_by=MakerIn(hand=maker[0], name=maker[1]) if maker else None,
        )
    except ValidationError as error:
        raise BadInput(
            "This translation cannot be read as a rendition.",
            "Mend the fields that are named.",
            problems_of(error.errors(include_url=False, include_context=False)),
        ) from None


def _untouched(found: Translated) -> list[Problem]:
    return [
        Problem(
            Severity.ERROR,
            "state-initial",
            f"/{name}",
            f'The text "{name}" is in state initial.',
            "Go through it, and set its state to translated.",
        )
        for name, state in found.states.items()
        if state is SegmentState.INITIAL
    ]
