"""The peer of `match`: PostgreSQL with an array for each facet under one GIN index.

A clause that does not name a facet holds ANY in its array, and so does what a release says:
then "any value in common, facet by facet, and none that is excluded" is our own meaning.
"""

from typing import Any

import psycopg
from pyroaring import BitMap

from tidewire.audience.speaks import speaks_of
from tidewire.audience.words import Keywords
from tidewire.clock import stopwatch
from tidewire.model.release import Edition
from tidewire.model.subscriber import Facet
from tidewire.store.gathered import gather, ids

ANY = 0
FACETS = (Facet.COUNTRY, Facet.SECTOR, Facet.SUBJECT, Facet.ORGANISATION, Facet.KEYWORD)


def build(peer: "psycopg.Connection[Any]") -> float:
    """Make the peer's table from ours, and its index; seconds."""
    began = stopwatch()
    used = peer.execute("SELECT DISTINCT facet FROM term").fetchall()
    if not {facet for (facet,) in used} <= set(FACETS):
        raise AssertionError("The peer does not know a facet that is in use.")
    arrays = ", ".join(
        f"coalesce(array_agg(t.id) FILTER (WHERE t.facet = {int(facet)}), '{{{ANY}}}')"
        f" AS {facet.name.lower()}"
        for facet in FACETS
    )
    names = ", ".join(facet.name.lower() for facet in FACETS)
    peer.execute("SET work_mem = '256MB'; SET maintenance_work_mem = '512MB'")
    peer.execute(
        f"""
        CREATE UNLOGGED TABLE peer AS
        SELECT n.subscriber_id, n.excludes, {arrays}
        FROM (SELECT subscriber_id, clause, excludes, unnest(wants || {ANY}) AS term
              FROM interest) n
        LEFT JOIN term t ON t.id = n.term GROUP BY n.subscriber_id, n.clause, n.excludes
        """.encode()
    )
    peer.execute(f"CREATE INDEX peer_gin ON peer USING gin ({names})".encode())
    peer.execute("ANALYZE peer")
    return stopwatch() - began


def keywords(peer: "psycopg.Connection[Any]") -> Keywords:
    """All keywords that are in the interests."""
    found = peer.execute("SELECT value FROM term WHERE facet = %s", (Facet.KEYWORD,))
    return Keywords(value for (value,) in found.fetchall())


def match(
    peer: "psycopg.Connection[Any]", edition: Edition, words: Keywords
) -> tuple[float, BitMap]:
    """Milliseconds of the query alone, and who matched."""
    said = speaks_of(edition, words)
    known = {
        facet: peer.execute(
            "SELECT id FROM term WHERE facet = %s AND value = ANY(%s)",
            (facet, sorted(said[facet])),
        ).fetchall()
        for facet in FACETS
    }
    terms = {facet: [row[0] for row in rows] for facet, rows in known.items()}
    where = " AND ".join(f"{facet.name.lower()} && %s::int[]" for facet in FACETS)
    query = f"""
        SELECT {gather("subscriber_id")} FROM peer WHERE {where} AND NOT excludes && %s::int[]
    """
    values = [[ANY, *terms[facet]] for facet in FACETS]
    every = [term for facet in FACETS for term in terms[facet]]
    began = stopwatch()
    row = peer.execute(query.encode(), [*values, every], binary=True).fetchone()
    took = 1_000 * (stopwatch() - began)
    assert row is not None
    return took, ids(row[0])
