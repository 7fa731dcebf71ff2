"""All checks in one list: what stops a release, and what the desk should look at."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

from tidewire.intake.checks import (
    agreement,
    language,
    links,
    people,
    pictures,
    places,
    renditions,
    text,
    times,
)
from tidewire.model.errors import Problem, Severity
from tidewire.model.media_topics import SHIPPED, MediaTopics
from tidewire.model.release import Release

CHECKS: Sequence[Callable[[Release], Iterable[Problem]]] = (
    text.headlines,
    text.bodies,
    text.nesting,
    text.placeholders,
    text.active_content,
    people.contacts,
    people.organisations,
    people.third_party,
    places.datelines,
    places.languages_known,
    places.countries,
    places.sectors,
    links.links,
    language.declared_language,
    renditions.prevailing,
    renditions.promised,
    pictures.described,
)
TIMED: Sequence[Callable[[Release, datetime], Iterable[Problem]]] = (times.t0, agreement.agreement)


def check(release: Release, now: datetime, topics: MediaTopics = SHIPPED) -> list[Problem]:
    """Every problem of a release as it stands at `now`, errors first, in the order of the tables.

    Pointers lead into the submission ("/renditions/0/headline").
    """
    found = [problem for look in CHECKS for problem in look(release)]
    found += places.subjects(release, topics)
    found += [problem for look in TIMED for problem in look(release, now)]
    return sorted(found, key=lambda problem: problem.severity is not Severity.ERROR)


def stops(problems: Iterable[Problem]) -> bool:
    """True where one of them is an error."""
    return any(problem.severity is Severity.ERROR for problem in problems)
