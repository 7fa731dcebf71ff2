"""A reader's question to the archive: read, refused where it cannot be taken, and answered."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from tidewire.languages import best, canonical
from tidewire.model.errors import BadInput, Problem, Severity
from tidewire.model.sectors import SECTORS
from tidewire.search.terms import asked_terms, filter_terms, span_terms
from tidewire.store import search_index
from tidewire.store.database import Database
from tidewire.store.search_index import Hit, Shown

LONGEST = 200  # characters of a question
PAGE_LENGTH = 20
LAST_PAGE = 100
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2199, 12, 31)
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for; "" and None leave a filter out. Days are in UTC, `until` included."""

    words: str = ""
    language: str = ""
    sector: str = ""
    issuer: str = ""
    since: date | None = None
    until: date | None = None
    page: int = 1

    @property
    def empty(self) -> bool:
        """Nothing is asked: a page shows its form alone."""
        return not (self.words.strip() or self.filtered)

    @property
    def filtered(self) -> bool:
        """Whether any filter is set."""
        return bool(self.language or self.sector or self.issuer or self.since or self.until)


@dataclass(frozen=True, slots=True)
class Answer:
    """One page of what was found, the best first, one hit for each release.

    `count` is how many there are; where `whole` is false, older ones are left out of it.
    """

    hits: Sequence[Shown]
    count: int
    whole: bool
    more: bool


class TooLong(BadInput):
    """A question of more characters than anybody types."""


def read_question(
    *,
    words: str = "",
    language: str = "",
    sector: str = "",
    issuer: str = "",
    since: str = "",
    until: str = "",
    page: str = "",
) -> Question:
    """A question from a request's parameters. Raises BadInput, which names the one at fault."""
    if len(words) > LONGEST:
        raise TooLong(
            "That is too long to search for.",
            f"Use fewer words: {LONGEST} characters at most.",
            [_problem("q", "too-long", f"It has {len(words):,} characters.")],
        )
    tag = canonical(language) if language else ""
    if tag is None:
        raise _refused("language", "There is no such language.", "Write a BCP 47 tag, as zh-Hant.")
    if sector and sector not in SECTORS:
        raise _refused("sector", "There is no such sector.", "`energy` is one, `finance` another.")
    if issuer and not _SLUG.fullmatch(issuer):
        raise _refused("issuer", "No issuer has such a name.", "Use its slug, as harbour-light.")
    first, last = _day("from", since), _day("until", until)
    if first and last and last < first:
        raise _refused("until", "This is before `from`.", "Exchange the two days.")
    return Question(words, tag, sector, issuer, first, last, _page(page))


async def answer(database: Database, question: Question, prefer: Sequence[str]) -> Answer:
    """What is public and fits. A release that fits in several languages is shown in one.

    That is the one in which it fits best; of equals, what `prefer` (tags, best first) says.
    Raises Unavailable where the search takes too long.
    """
    asked = asked_terms(question.words, question.language or None)
    if question.words.strip() and not asked:  # signs only: nothing is found by them
        return Answer([], 0, whole=True, more=False)
    filters = filter_terms(
        language=question.language,
        issuer=question.issuer,
        sectors=[question.sector] if question.sector else [],
    )
    days = [span_terms(*_span(question))] if question.since or question.until else []
    async with database.transaction() as tx:
        found = await search_index.find(tx, asked, filters=[*zip(filters), *days])
        releases = one_each(found.found, prefer)
        begin = (question.page - 1) * PAGE_LENGTH
        hits = await search_index.show(tx, releases[begin : begin + PAGE_LENGTH])
    more = len(releases) > begin + PAGE_LENGTH
    return Answer(hits, len(releases), found.whole, more)


def one_each(found: Sequence[Hit], prefer: Sequence[str]) -> list[Hit]:
    """One hit for each release, in the order of the best of each."""
    by_release: dict[int, list[Hit]] = {}
    for hit in found:
        by_release.setdefault(hit.release_id, []).append(hit)
    chosen = []
    for hits in by_release.values():
        equals = {hit.language: hit for hit in hits if hit.rank >= hits[0].rank}
        chosen.append(equals[best(tuple(equals), prefer) or hits[0].language])
    return chosen


def _span(question: Question) -> tuple[date, date]:
    """The first and the last day of a question, within those that a release can be of."""
    first = max(question.since or FIRST_DAY, FIRST_DAY)
    last = min(question.until or LAST_DAY, LAST_DAY)
    return first, last


def _day(name: str, text: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        day = None
    if day is None or not 1900 <= day.year <= 9000:
        raise _refused(name, "This is no day.", "Write it as 2026-03-31.")
    return day


def _page(text: str) -> int:
    if not text:
        return 1
    if not re.fullmatch(r"[0-9]{1,3}", text) or not 1 <= int(text) <= LAST_PAGE:
        raise _refused("page", "There is no such page.", f"Pages go from 1 to {LAST_PAGE}.")
    return int(text)


def _refused(name: str, message: str, advice: str) -> BadInput:
    problem = Problem(Severity.ERROR, "unknown", f"/query/{name}", message, advice)
    return BadInput("This search cannot be made.", "See errors.", [problem])


def _problem(name: str, code: str, message: str) -> Problem:
    return Problem(Severity.ERROR, code, f"/query/{name}", message, "")
