"""Texts to the terms that an index holds, and questions to the terms that are looked for.

Both go the same way: runs of one script (`scripts`), words as their stems (`stems`). A term is
letters and digits only; what filters a search is a term as well, marked with "=", which no
text can come to.
"""

from calendar import monthrange
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise

from tidewire.search.scripts import Run, Way, runs
from tidewire.search.stems import stem, stems

MOST_PLACES = 4  # of one term in one rendition, the first ones
LAST_PLACE = 16_383  # PostgreSQL counts no further
MOST_BYTES = 600_000  # of one rendition's terms and places; a tsvector holds 1 MB
MOST_ASKED = 24  # terms of one question; what comes after them is left out
SHORTEST_KOREAN = 3  # syllables of a word that something may hang on

Place = tuple[int, str]  # where it stands, and how much that weighs: A, B, C
Terms = Mapping[str, Sequence[Place]]
Asked = tuple[tuple[str, ...], ...]  # each of these, in one of its forms

_PLACES_BYTES = 4 + 2 * MOST_PLACES
_GAP = 10  # places between two parts of a text: a pair across them is no neighbourhood
# Particles, the longest first.
_PARTICLES = (
    "에서는", "으로는", "에게서", "까지", "부터", "에서", "에게", "으로", "이나", "라는", "이라",
    "과의", "와의", "은", "는", "이", "가", "을", "를", "의", "에", "도", "로", "와", "과", "만",
)  # fmt: skip


def text_terms(parts: Iterable[tuple[str, str]], language: str) -> dict[str, list[Place]]:
    """The terms of a rendition; `parts` are (weight, text) in their order, the heaviest first."""
    found: dict[str, list[Place]] = {}
    at, size = 1, 0
    for weight, text in parts:
        for run in runs(text):
            for offset, term in _indexed(run, language):
                places = found.get(term)
                if places is None:
                    size += len(term.encode()) + _PLACES_BYTES
                    if size > MOST_BYTES:
                        return found
                    places = found[term] = []
                if len(places) < MOST_PLACES:
                    places.append((min(at + offset, LAST_PLACE), weight))
            at += len(run.units)
        at += _GAP
    return found


def asked_terms(question: str, language: str | None) -> Asked:
    """What a question looks for: every term, each in one of its forms.

    With a language, words have the form they have there; without one, all their forms.
    """
    found: dict[tuple[str, ...], None] = {}
    for run in runs(question):
        for forms in _wanted(run, language):
            found[forms] = None
            if len(found) == MOST_ASKED:
                return tuple(found)
    return tuple(found)


def filter_terms(
    *, language: str = "", issuer: str = "", sectors: Iterable[str] = ()
) -> tuple[str, ...]:
    """The terms that a search is filtered by; also what each rendition is kept under."""
    wanted = [f"=l:{language}"] if language else []
    wanted += [f"=i:{issuer}"] if issuer else []
    return (*wanted, *(f"=s:{sector}" for sector in sectors))


def day_terms(day: date) -> tuple[str, str, str]:
    """The terms that a rendition of this day is kept under: its year, its month, itself."""
    return f"=d:{day:%Y}", f"=d:{day:%Y-%m}", f"=d:{day}"


def span_terms(first: date, last: date) -> tuple[str, ...]:
    """Terms of which each day from `first` to `last` has just one, and no other day has any."""
    found: list[str] = []
    day = first
    while day <= last:
        year, month, itself = day_terms(day)
        if (day.month, day.day) == (1, 1) and date(day.year, 12, 31) <= last:
            found.append(year)
            day = date(day.year, 12, 31)
        elif day.day == 1 and _month_end(day) <= last:
            found.append(month)
            day = _month_end(day)
        else:
            found.append(itself)
        if day == date.max:
            break
        day += timedelta(days=1)
    return tuple(found)


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])


def _indexed(run: Run, language: str) -> Iterator[tuple[int, str]]:
    if run.way is Way.WORD:
        yield 0, stem(run.units[0], language)
        return
    yield from enumerate(run.units)
    yield from enumerate(map("".join, pairwise(run.units)))


def _wanted(run: Run, language: str | None) -> Iterator[tuple[str, ...]]:
    if run.way is Way.WORD:
        word = run.units[0]
        yield (stem(word, language),) if language else stems(word)
        return
    units = _without_particle(run.units) if run.way is Way.KOREAN else run.units
    if len(units) == 1:
        yield (units[0],)
    for pair in pairwise(units):
        yield ("".join(pair),)


def _without_particle(units: tuple[str, ...]) -> tuple[str, ...]:
    """A Korean word without what hangs on it; the index holds it either way."""
    if len(units) >= SHORTEST_KOREAN:
        word = "".join(units)
        for particle in _PARTICLES:
            if word.endswith(particle) and len(word) - len(particle) >= SHORTEST_KOREAN - 1:
                return units[: -len(particle)]
    return units
