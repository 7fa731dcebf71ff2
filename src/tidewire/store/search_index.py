"""Searches in the index of public renditions (store/search_entries).

It knows at once all that fits (store/search_packs), and ranks the newest of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import errors

from tidewire.model.errors import Unavailable
from tidewire.model.release import Act, State
from tidewire.store import search_packs
from tidewire.store.database import Connection
from tidewire.store.search_packs import Wanted, tsquery

MOST_HITS = 300  # renditions that one search ranks
TIMEOUT_MS = 2_000
WEIGHTS = "{0.1, 0.2, 0.5, 1.0}"  # of D (not used), C body, B subheadline, A headline


@dataclass(frozen=True, slots=True)
class Hit:
    """A rendition that was found, and how well it fits."""

    release_id: int
    language: str
    place: int
    rank: float


@dataclass(frozen=True, slots=True)
class Hits:
    """The best first. `whole` is false where older ones were left out."""

    found: Sequence[Hit]
    whole: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """A hit as a list shows it; `languages` are all of its release, `act` its version's."""

    ref: str
    language: str
    headline: str
    subheadline: str
    issuer: str
    issuer_slug: str
    published_at: datetime
    act: Act
    languages: Sequence[str]


async def find(tx: Connection, asked: Wanted, *, filters: Wanted = ()) -> Hits:
    """The newest public renditions with all that is asked for, ranked, the best first.

    Without anything asked for, the newest. Raises Unavailable where it takes longer than two
    seconds.
    """
    await tx.execute(
        "SELECT set_config('statement_timeout', %s, true),"
        " set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)",
        (str(TIMEOUT_MS),),
    )
    try:
        newest, whole = await _newest(tx, [*asked, *filters])
        return Hits(await _ranked(tx, newest, tsquery(asked)), whole)
    except errors.QueryCanceled as error:
        raise Unavailable(
            "The search took too long.", "Ask for a rarer word, or for fewer days."
        ) from error


async def show(tx: Connection, found: Sequence[Hit]) -> list[Shown]:
    """What a list says of these hits, in their order; what was taken back meanwhile is left out."""
    rows = await tx.execute(
        """
        SELECT r.ref, e.language, e.headline, e.subheadline, i.name, i.slug, e.published_at, v.act,
            (SELECT array_agg(o.language ORDER BY o.language) FROM search_entry o
             WHERE o.release_id = e.release_id)
        FROM unnest(%s::int[], %s::text[]) WITH ORDINALITY AS k (release_id, language, at)
        JOIN search_entry e USING (release_id, language) JOIN release r ON r.id = e.release_id
        JOIN issuer i ON i.id = r.issuer_id
        JOIN release_version v ON v.release_id = e.release_id AND v.version = e.version
        WHERE r.state = %s ORDER BY k.at
        """,
        ([hit.release_id for hit in found], [hit.language for hit in found], State.PUBLISHED),
    )
    return [_shown(row) for row in await rows.fetchall()]


def _shown(row: Sequence[Any]) -> Shown:
    ref, language, headline, subheadline, issuer, slug, published_at, act, languages = row
    return Shown(
        ref, language, headline, subheadline, issuer, slug, published_at, Act(act), languages
    )


async def _newest(tx: Connection, wanted: Wanted) -> tuple[list[int], bool]:
    """The newest docs that fit, MOST_HITS at most, and whether these are all."""
    if wanted:
        found = await search_packs.docs(tx, wanted)
        return list(found[-MOST_HITS:]), len(found) <= MOST_HITS
    rows = await tx.execute(
        "SELECT doc FROM search_entry ORDER BY doc DESC LIMIT %s", (MOST_HITS + 1,)
    )
    every = [row[0] for row in await rows.fetchall()]
    return every[:MOST_HITS], len(every) <= MOST_HITS


async def _ranked(tx: Connection, docs: Sequence[int], query: str) -> list[Hit]:
    """Those of these renditions that are public as they stand in the index, the best first."""
    if not docs:
        return []
    rank = f"ts_rank('{WEIGHTS}', e.terms, %(query)s::text::tsquery)" if query else "0"
    # What the index has not heard of yet is little, and looked at once for all.
    rows = await tx.execute(
        f"""
        WITH news AS MATERIALIZED (
            SELECT release_id, version, act, document FROM release_version
            WHERE sequence > (SELECT taken_in FROM search_head))
        SELECT e.release_id, e.language, e.place, {rank} AS rank FROM search_entry e
        WHERE e.doc = ANY(%(docs)s) AND NOT EXISTS (
            SELECT 1 FROM news n WHERE n.release_id = e.release_id AND n.version > e.version
            AND (n.act <> 'add' OR n.document->'added' ? e.language))
        ORDER BY rank DESC, e.place DESC, e.language
        """.encode(),
        {"docs": docs, "query": query},
    )
    return [Hit(*row) for row in await rows.fetchall()]
