"""The index of public renditions, as it is written: behind the wire, one row for each language.

The terms of the newest rows wait in `search_fresh`; store/search_packs takes them from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tidewire.store.database import Connection

Terms = Mapping[str, Sequence[tuple[int, str]]]


@dataclass(frozen=True, slots=True)
class Entry:
    """One language of a release, as it is to be found; `filters` are terms of their own."""

    release_id: int
    language: str
    version: int
    place: int
    published_at: datetime
    headline: str
    subheadline: str
    terms: Terms
    filters: Sequence[str] = ()


async def lock_head(tx: Connection) -> int | None:
    """The last sequence number that is in the index; None where another is at work on it."""
    row = await (
        await tx.execute("SELECT taken_in FROM search_head FOR UPDATE SKIP LOCKED")
    ).fetchone()
    return None if row is None else int(row[0])


async def set_head(tx: Connection, sequence: int) -> None:
    """The index holds the wire up to this number."""
    await tx.execute("UPDATE search_head SET taken_in = %s", (sequence,))


async def place(tx: Connection, release_id: int) -> int:
    """The sequence number of a public release's first version."""
    row = await (
        await tx.execute(
            "SELECT min(sequence) FROM release_version WHERE release_id = %s", (release_id,)
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def drop(tx: Connection, release_id: int, languages: Sequence[str] | None = None) -> None:
    """Take a release out of the index, or these languages of it; packs keep their numbers."""
    only = None if languages is None else list(languages)
    await tx.execute(
        "WITH gone AS (DELETE FROM search_entry WHERE release_id = %s"
        " AND (%s::text[] IS NULL OR language = ANY(%s)) RETURNING doc)"
        " DELETE FROM search_fresh USING gone WHERE search_fresh.doc = gone.doc",
        (release_id, only, only),
    )


async def put(tx: Connection, entries: Sequence[Entry]) -> None:
    """Put renditions into the index, which does not hold them."""
    query = (
        "COPY search_entry (release_id, language, version, place, published_at, headline,"
        " subheadline, terms) FROM STDIN"
    )
    async with tx.cursor().copy(query) as copy:
        for one in entries:
            await copy.write_row(
                (one.release_id, one.language, one.version, one.place, one.published_at)
                + (one.headline, one.subheadline, write_terms(one))
            )
    await tx.execute(
        "INSERT INTO search_fresh (doc, terms) SELECT doc, terms FROM search_entry"
        " JOIN unnest(%s::int[], %s::text[]) AS put (release_id, language)"
        " USING (release_id, language) ORDER BY doc",
        ([one.release_id for one in entries], [one.language for one in entries]),
    )


def write_terms(entry: Entry) -> str:
    """The entry's terms as PostgreSQL reads a tsvector."""
    kept = [
        f"{quoted(term)}:{','.join(f'{at}{weight}' for at, weight in places)}"
        for term, places in entry.terms.items()
    ]
    return " ".join([*kept, *map(quoted, entry.filters)])


def quoted(term: str) -> str:
    """A term as tsvector and tsquery read it, whatever is in it."""
    return "'" + term.replace("\\", "\\\\").replace("'", "''") + "'"
