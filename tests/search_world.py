"""Releases in a test's store that are public and in the index, in any language."""

from collections.abc import Sequence
from datetime import date

from tidewire.clock import FixedClock
from tidewire.model.release import Release
from tidewire.model.rendition import Rendition
from tidewire.newsroom.indexing import index_wire
from tidewire.search.terms import asked_terms, filter_terms, span_terms
from tidewire.store import search_index
from tidewire.store.database import Database
from tidewire.store.search_index import Hit
from wire import add_release, go


def a_text(language: str, headline: str, body: str = "", subheadline: str = "") -> Rendition:
    """A rendition of these words."""
    return Rendition(language, headline, f"<p>{body}</p>", subheadline)


async def publish(
    database: Database,
    clock: FixedClock,
    *renditions: Rendition,
    sectors: Sequence[str] = (),
    indexed: bool = True,
) -> int:
    """A public release of these renditions; returns its id."""
    content = Release("sample", renditions, sectors=tuple(sectors))
    release_id = await add_release(database, clock.now(), content=content)
    assert await go(database, clock) == 1
    if indexed:
        await index_wire(database)
    return release_id


async def hits(
    database: Database,
    question: str,
    language: str = "",
    *,
    sectors: Sequence[str] = (),
    days: tuple[date, date] | None = None,
) -> list[Hit]:
    """What the index finds, the best first."""
    asked = asked_terms(question, language or None)
    kept = [(term,) for term in filter_terms(language=language, sectors=sectors)]
    spans = [span_terms(*days)] if days else []
    async with database.transaction() as tx:
        found = await search_index.find(tx, asked, filters=[*kept, *spans])
    return list(found.found)


async def headlines(database: Database, question: str, language: str = "") -> list[tuple[int, str]]:
    """(release id, language) of what is found, the best first."""
    return [(hit.release_id, hit.language) for hit in await hits(database, question, language)]
