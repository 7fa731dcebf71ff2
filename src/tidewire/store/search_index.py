"""Searches in the index of public renditions (store/search_entries).

A search never sorts all that a word is in. It looks for so many hits at most, the newest, and
ranks those; the blocks that rows are kept under give the newest of a frequent word without the
others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import errors

from tidewire.model.errors import Unavailable
from tidewire.model.release import Act, State
from tidewire.store.database import Connection
from tidewire.store.search_entries import SHIFTS, block_term, quoted

NEAR = 2  # blocks of each size, the newest, that are looked at before all others
MOST_HITS = 300  # renditions that one search ranks
TIMEOUT_MS = 2_000
WEIGHTS = "{0.1, 0.2, 0.5, 1.0}"  # of D (not used), C body, B subheadline, A headline

Asked = Sequence[Sequence[str]]


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


async def find(
    tx: Connection,
    asked: Asked,
    *,
    filters: Sequence[str] = (),
    since: datetime | None = None,
    before: datetime | None = None,
) -> Hits:
    """The newest public renditions with all that is asked for, ranked, the best first.

    `since` and `before` bound when the release was first published. Without anything asked
    for, the newest. Raises Unavailable where it takes longer than two seconds.
    """
    await tx.execute(
        "SELECT set_config('statement_timeout', %s, true),"
        " set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)",
        (str(TIMEOUT_MS),),
    )
    try:
        keys, whole = await _collect(tx, _query(asked, filters), since, before)
        return Hits(await _ranked(tx, keys, _query(asked, ())), whole)
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


_Key = tuple[int, str]


async def _collect(
    tx: Connection, query: str, since: datetime | None, before: datetime | None
) -> tuple[list[_Key], bool]:
    """The newest renditions that fit, MOST_HITS at most, and whether these are all."""
    low, high = await _bounds(tx, since, before)
    dated = since is not None or before is not None
    found: dict[_Key, None] = {}
    for count, block in enumerate(blocks(low, high)):
        if count == NEAR * len(SHIFTS) and not dated and query:
            every = await _matching(tx, query, since, before, newest=False)
            if len(every) <= MOST_HITS:
                return every, True
        found.update(dict.fromkeys(await _matching(tx, _and(query, block), since, before)))
        if len(found) > MOST_HITS:
            return list(found)[:MOST_HITS], False
    return list(found), True


def blocks(low: int, high: int) -> Iterator[str]:
    """Terms of blocks that cover the places from `low` to `high`, the newest first.

    They begin small, NEAR of each size at least, and each is the largest that its start allows.
    """
    end = high + 1  # what is left to cover is below this
    size = 0
    count = 0
    while end > low:
        while size + 1 < len(SHIFTS) and count >= NEAR and end % (1 << SHIFTS[size + 1]) == 0:
            size, count = size + 1, 0
        shift = SHIFTS[size]
        number = (end - 1) >> shift
        yield block_term(shift, number)
        end = number << shift
        count += 1


async def _bounds(
    tx: Connection, since: datetime | None, before: datetime | None
) -> tuple[int, int]:
    """The first and the last place that may fit."""
    row = await (
        await tx.execute(
            "SELECT coalesce((SELECT place FROM search_entry"
            "  WHERE %(since)s::timestamptz IS NOT NULL AND published_at >= %(since)s"
            "  ORDER BY published_at, place LIMIT 1), CASE WHEN %(since)s::timestamptz IS NULL"
            "  THEN 1 ELSE (SELECT sequence + 1 FROM wire_head) END),"
            " coalesce((SELECT place FROM search_entry"
            "  WHERE %(before)s::timestamptz IS NOT NULL AND published_at >= %(before)s"
            "  ORDER BY published_at, place LIMIT 1), (SELECT sequence FROM wire_head))",
            {"since": since, "before": before},
        )
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


async def _matching(
    tx: Connection,
    query: str,
    since: datetime | None,
    before: datetime | None,
    *,
    newest: bool = True,
) -> list[_Key]:
    """Renditions that fit, one more than MOST_HITS at most: the newest, or any."""
    # IS TRUE: not by the index of times, which holds too many to be worth it.
    rows = await tx.execute(
        (
            "SELECT release_id, language FROM search_entry"
            " WHERE terms @@ %(query)s::text::tsquery"
            " AND (%(since)s::timestamptz IS NULL OR published_at >= %(since)s) IS TRUE"
            " AND (%(before)s::timestamptz IS NULL OR published_at < %(before)s) IS TRUE"
            f"{' ORDER BY place DESC, language' if newest else ''} LIMIT %(most)s"
        ).encode(),
        {"query": query, "since": since, "before": before, "most": MOST_HITS + 1},
    )
    return [(row[0], row[1]) for row in await rows.fetchall()]


async def _ranked(tx: Connection, keys: Sequence[_Key], query: str) -> list[Hit]:
    """Those of these renditions that are public as they stand in the index, the best first."""
    if not keys:
        return []
    rank = f"ts_rank('{WEIGHTS}', e.terms, %(query)s::text::tsquery)" if query else "0"
    rows = await tx.execute(
        f"""
        SELECT e.release_id, e.language, e.place, {rank} AS rank
        FROM unnest(%(ids)s::int[], %(languages)s::text[]) AS k (release_id, language)
        JOIN search_entry e USING (release_id, language) JOIN release r ON r.id = e.release_id
        WHERE r.state = %(public)s AND NOT EXISTS (
            SELECT 1 FROM release_version n WHERE n.release_id = e.release_id
            AND n.version > e.version AND n.sequence IS NOT NULL
            AND (n.act <> 'add' OR n.document->'added' ? e.language))
        ORDER BY rank DESC, e.place DESC, e.language
        """.encode(),
        {
            "ids": [key[0] for key in keys],
            "languages": [key[1] for key in keys],
            "query": query,
            "public": State.PUBLISHED,
        },
    )
    return [Hit(*row) for row in await rows.fetchall()]


def _query(asked: Asked, filters: Sequence[str]) -> str:
    """A tsquery: all of what is asked for, each in one of its forms, and all filters."""
    groups = [" | ".join(map(quoted, forms)) for forms in asked]
    return " & ".join([*(f"({group})" for group in groups), *map(quoted, filters)])


def _and(query: str, term: str) -> str:
    return f"{query} & {quoted(term)}" if query else quoted(term)
