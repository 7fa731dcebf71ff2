"""Do all renditions say the same, and does each fit together? The cross-check, as problems."""

from collections.abc import Iterator
from datetime import datetime

from tidewire.crosscheck.compare import Finding, compare_facts
from tidewire.crosscheck.facts import read
from tidewire.crosscheck.match import Weight
from tidewire.crosscheck.sheet import sheet
from tidewire.crosscheck.within import within
from tidewire.intake.checks.found import error, warning
from tidewire.model.errors import Problem
from tidewire.model.release import Release


def agreement(release: Release, now: datetime) -> Iterator[Problem]:
    """Where a rendition says something else than the first; and what does not fit within one.

    An error is only what stands alone in the same block of both texts and cannot be right in both
    (`weigh.certain`), in a rendition that most others do not side with. Notes (what may be said
    in words) are left out.
    """
    facts = [read(rendition) for rendition in release.renditions]
    for at, rendition in enumerate(release.renditions):
        near = rendition.dateline.date if rendition.dateline else None
        for finding in within(at, facts[at], near or (release.t0 or now).date()):
            yield _problem(finding, "Mend it, or leave it if it is meant.")
    for finding in sheet(release, facts):
        yield _problem(finding, "Mend whichever is wrong.")
    for finding in compare_facts(facts).findings if len(facts) > 1 else ():
        if finding.weight is not Weight.NOTE:
            yield _problem(finding, "Mend whichever is wrong.")


def _problem(finding: Finding, advice: str) -> Problem:
    pointer = f"/renditions/{finding.at}/{finding.place.field}"
    say = error if finding.weight is Weight.ERROR else warning
    return say(finding.code, pointer, finding.message, advice)
