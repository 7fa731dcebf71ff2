"""What a translator sees and does: the texts side by side, a draft that is kept, and handing in."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tidewire.formats.marks import marked, read_marked
from tidewire.formats.segments import Segment, problem_of, segments, translated
from tidewire.intake.add_rendition import add_rendition
from tidewire.intake.give_out import read_for
from tidewire.intake.submit import Intake
from tidewire.intake.take_back import handed_in
from tidewire.intake.translation_link import TranslationLink, must_be_new
from tidewire.model.errors import BadInput, Problem
from tidewire.model.opening import Why
from tidewire.model.release import Edition, Move, after
from tidewire.model.rendition import Hand
from tidewire.store import releases, translation_drafts
from tidewire.store.translation_drafts import SavedDraft
from tidewire.vault.text import Draft, DraftLine

# Where a check's pointer names a field that is one segment.
_FIELDS = {"/headline": "headline", "/subheadline": "subheadline", "/dateline/place": "place"}


@dataclass(frozen=True, slots=True)
class View:
    """One state of the page.

    `texts` are the translator's, by segment. `changed` are those whose source is another now
    than when they were written. `basis` names the source, `seen` the draft that the page is of.
    `outcome` is "", or what became of the form: saved, elsewhere, refused, handed-in.
    """

    edition: Edition
    segments: Sequence[Segment]
    texts: Mapping[str, str]
    basis: str
    seen: str
    changed: frozenset[str] = frozenset()
    problems: tuple[Problem, ...] = ()
    outcome: str = ""

    def problems_of(self, segment: str) -> list[Problem]:
        """Those of one segment."""
        return [p for p in self.problems if segment_of(p) == segment]

    def other_problems(self) -> list[Problem]:
        """Those of no one segment."""
        known = {segment.id for segment in self.segments}
        return [p for p in self.problems if segment_of(p) not in known]


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came: texts by segment, and what page it was."""

    texts: Mapping[str, str] = field(default_factory=dict)
    basis: str = ""
    seen: str = ""


def segment_of(problem: Problem) -> str:
    """The segment that a problem points to, where it is one."""
    return _FIELDS.get(problem.pointer, problem.pointer.removeprefix("/"))


async def open_view(intake: Intake, link: TranslationLink) -> View:
    """The page as it was left. Raises Conflict where there is nothing to translate any more."""
    opening = link.opening(Why.TRANSLATE)
    edition = await read_for(intake, link.caller, link.ref, Why.TRANSLATE, opening)
    must_be_new(link.language, edition.release.languages())
    found = await asyncio.to_thread(segments, edition.release.renditions[0])
    draft: Draft = {}
    async with intake.database.transaction() as tx:
        saved = await translation_drafts.find(tx, edition.release_id, link.language)
        if saved is not None:
            draft = await intake.vault.draft(tx, saved, edition.version, opening)
    return View(
        edition,
        found,
        texts={one.id: draft[one.id].target for one in found if one.id in draft},
        basis=_basis(found),
        seen=_seen(saved),
        changed=frozenset(
            one.id
            for one in found
            if one.id in draft and draft[one.id].source != marked(one.pieces)
        ),
    )


async def save(intake: Intake, link: TranslationLink, sent: Sent) -> View:
    """Keep the texts as the draft, unless it was saved by somebody else since the page was made.

    Codes that do not fit are named; a text may be missing still.
    """
    before = await open_view(intake, link)
    typed = {one.id: sent.texts.get(one.id, "").strip() for one in before.segments}
    typed = {name: text for name, text in typed.items() if text}
    moved = sent.basis != before.basis
    draft = {
        one.id: DraftLine("" if moved else marked(one.pieces), typed[one.id])
        for one in before.segments
        if one.id in typed
    }
    view = replace(before, texts=typed, changed=frozenset(typed) if moved else frozenset())
    async with intake.database.transaction() as tx:
        held = await releases.hold(tx, link.ref)
        assert held is not None  # it was there a moment ago, and releases are never deleted
        after(held.state, Move.ADD)
        last = await translation_drafts.find(tx, held.id, link.language)
        if _seen(last) != sent.seen:
            return replace(view, seen=_seen(last), outcome="elsewhere")
        sealed = await intake.vault.seal_draft(tx, held.id, link.language, draft)
        saved = SavedDraft(held.id, link.language, sealed, intake.clock.now())
        await translation_drafts.put(tx, saved)
    found = _problems(view, [one for one in view.segments if one.id in typed])
    return replace(view, seen=_seen(saved), problems=found, outcome="saved")


async def hand_in(intake: Intake, link: TranslationLink, sent: Sent) -> View:
    """Save, and where nothing is wrong make it a rendition that waits for the desk."""
    view = await save(intake, link, sent)
    if view.outcome != "saved":
        return view
    if view.changed:
        return replace(view, outcome="refused")
    if found := _problems(view, view.segments):
        return replace(view, problems=found, outcome="refused")
    source = view.edition.release.renditions[0]
    targets = {one.id: read_marked(view.texts.get(one.id, ""), one.pieces) for one in view.segments}
    try:
        rendition = await asyncio.to_thread(translated, source, link.language, targets)
        added = await add_rendition(
            intake,
            link.caller,
            link.ref,
            handed_in(rendition, (Hand.PERSON, link.translator)),
            opening=link.opening(Why.COMPARE),
        )
    except BadInput as error:
        return replace(view, problems=error.problems, outcome="refused")
    return replace(view, problems=added.problems, outcome="handed-in")


def _problems(view: View, wanted: Sequence[Segment]) -> tuple[Problem, ...]:
    found = (problem_of(one, read_marked(view.texts.get(one.id, ""), one.pieces)) for one in wanted)
    return tuple(problem for problem in found if problem)


def _basis(found: Sequence[Segment]) -> str:
    whole = "\0".join(f"{one.id}\0{marked(one.pieces)}" for one in found)
    return hashlib.sha256(whole.encode()).hexdigest()[:32]


def _seen(saved: SavedDraft | None) -> str:
    return "" if saved is None else hashlib.sha256(saved.sealed).hexdigest()[:32]
