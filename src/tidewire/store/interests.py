"""Interests: clauses over interned terms, and who names which term."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from pyroaring import BitMap

from tidewire.model.subscriber import Clause, Facet
from tidewire.store.database import Connection
from tidewire.store.gathered import among, gather, ids

Term = tuple[Facet, str]
Member = tuple[int, int, BitMap]  # clause number, term id, subscriber ids


async def intern(tx: Connection, terms: Iterable[Term]) -> dict[Term, int]:
    """The ids of these terms; those that are new are stored."""
    wanted = sorted(set(terms))  # one order for all, so that two writers cannot deadlock
    facets, values = [int(f) for f, _ in wanted], [v for _, v in wanted]
    await tx.execute(
        "INSERT INTO term (facet, value) SELECT * FROM unnest(%s::smallint[], %s::text[])"
        " ON CONFLICT DO NOTHING",
        (facets, values),
    )
    found = await tx.execute(
        "SELECT t.facet, t.value, t.id FROM term t"
        " JOIN unnest(%s::smallint[], %s::text[]) w(facet, value) USING (facet, value)",
        (facets, values),
    )
    return {(Facet(facet), value): term_id for facet, value, term_id in await found.fetchall()}


async def terms(tx: Connection, wanted: Sequence[int]) -> dict[int, Term]:
    """The facet and value of each of these terms."""
    found = await tx.execute(
        "SELECT id, facet, value FROM term WHERE id = ANY(%s)", (list(wanted),)
    )
    return {term_id: (Facet(facet), value) for term_id, facet, value in await found.fetchall()}


async def replace(
    tx: Connection, subscriber_id: int, clauses: Sequence[Clause], now: datetime
) -> None:
    """What a subscriber wants from now on."""
    known = await intern(tx, [term for c in clauses for term in (*_wants(c), *_excludes(c))])
    await tx.execute("DELETE FROM interest WHERE subscriber_id = %s", (subscriber_id,))
    for number, clause in enumerate(clauses):
        wants = sorted(known[term] for term in _wants(clause))
        excludes = sorted(known[term] for term in _excludes(clause))
        await tx.execute(
            "INSERT INTO interest (subscriber_id, clause, wants, excludes) VALUES (%s, %s, %s, %s)",
            (subscriber_id, number, wants, excludes),
        )
    await tx.execute(
        "UPDATE subscriber SET changed_at = %s, changed_in = pg_current_xact_id() WHERE id = %s",
        (now, subscriber_id),
    )


async def of_subscriber(tx: Connection, subscriber_id: int) -> tuple[Clause, ...]:
    """What a subscriber wants."""
    found = await tx.execute(
        "SELECT i.clause, t.id = ANY(i.wants), t.facet, t.value FROM interest i"
        " LEFT JOIN term t ON t.id = ANY(i.wants || i.excludes)"
        " WHERE i.subscriber_id = %s ORDER BY i.clause",
        (subscriber_id,),
    )
    clauses: dict[int, tuple[dict[Facet, set[str]], dict[Facet, set[str]]]] = {}
    for number, wanted, facet, value in await found.fetchall():
        wants, excludes = clauses.setdefault(number, ({}, {}))
        if facet is not None:
            (wants if wanted else excludes).setdefault(Facet(facet), set()).add(value)
    return tuple(Clause(_frozen(w), _frozen(e)) for w, e in clauses.values())


async def clauses(tx: Connection, wanted: range | BitMap) -> list[tuple[int, BitMap]]:
    """(clause number, those among `wanted` that have a clause of this number)."""
    where, values = among("subscriber_id", wanted)
    query = f"SELECT clause, {gather('subscriber_id')} FROM interest WHERE {where} GROUP BY 1"
    found = await tx.execute(query.encode(), values, binary=True)
    return [(number, ids(raw)) for number, raw in await found.fetchall()]


async def members(tx: Connection, wanted: range | BitMap, *, excluded: bool) -> list[Member]:
    """Who among `wanted` wants which term in which clause; with `excluded`, who excludes it."""
    where, values = among("subscriber_id", wanted)
    column = "excludes" if excluded else "wants"
    query = f"""
        SELECT clause, term, {gather("subscriber_id")}
        FROM (SELECT clause, unnest({column}) AS term, subscriber_id FROM interest
              WHERE {where} AND {column} <> '{{}}') each_term
        GROUP BY 1, 2
    """
    found = await tx.execute(query.encode(), values, binary=True)
    return [(number, term, ids(raw)) for number, term, raw in await found.fetchall()]


def _wants(clause: Clause) -> list[Term]:
    return [(facet, value) for facet, values in clause.wants.items() for value in values]


def _excludes(clause: Clause) -> list[Term]:
    return [(facet, value) for facet, values in clause.excludes.items() for value in values]


def _frozen(facets: dict[Facet, set[str]]) -> dict[Facet, frozenset[str]]:
    return {facet: frozenset(values) for facet, values in facets.items()}
