"""The audience index against a matcher that looks at one subscriber after the other."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from editions import an_edition
from tidewire.audience import index as index_module
from tidewire.audience.index import AudienceIndex
from tidewire.audience.interest import parse
from tidewire.audience.speaks import speaks_of
from tidewire.audience.words import Keywords
from tidewire.clock import FixedClock
from tidewire.languages import best
from tidewire.model.release import Edition, Organisation
from tidewire.model.rendition import Dateline, Rendition
from tidewire.model.subscriber import Circuit, Clause, Facet, Kind
from tidewire.store import interests, subscribers
from tidewire.store.database import Connection, Database

TAGS = ["de", "de-AT", "en", "zh-TW", "zh-Hans", "zh-Hant"]
COUNTRIES = ["DE", "AT", "KR"]
SECTORS = ["energy", "gaming", "finance"]
WORDS = ["wind", "wind power", "电力", "solar"]
VALUES = {
    Facet.LANGUAGE: TAGS,
    Facet.COUNTRY: COUNTRIES,
    Facet.SECTOR: SECTORS,
    Facet.SUBJECT: ["medtop:20000256", "medtop:04000000"],
    Facet.ORGANISATION: ["nordmeer", "xetr:nms", "tidal ag"],
    Facet.KEYWORD: WORDS,
    Facet.OUTLET_KIND: ["blog", "terminal"],
}


@dataclass(frozen=True)
class Reader:
    """A subscriber as the plain matcher sees it."""

    kind: Kind
    active: bool
    country: str
    languages: tuple[str, ...]
    outlet_kind: str
    clauses: tuple[Clause, ...]


facets = st.fixed_dictionaries(
    {},
    optional={
        f: st.frozensets(st.sampled_from(v), min_size=1, max_size=2) for f, v in VALUES.items()
    },
)
few = st.dictionaries(
    st.sampled_from([Facet.SECTOR, Facet.KEYWORD]),
    st.just(frozenset({"gaming", "solar"})),
    max_size=1,
)
readers = st.builds(
    Reader,
    kind=st.sampled_from(Kind),
    active=st.booleans() | st.just(True),
    country=st.sampled_from(COUNTRIES),
    languages=st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True).map(tuple),
    outlet_kind=st.sampled_from(["", "blog", "terminal"]),
    clauses=st.lists(st.builds(Clause, facets | st.just({}), few), min_size=1, max_size=3).map(
        tuple
    ),
)
circuits = st.builds(
    Circuit,
    name=st.just("tide"),
    kinds=st.frozensets(st.sampled_from(Kind), max_size=1),
    countries=st.frozensets(st.sampled_from(COUNTRIES), max_size=1),
    languages=st.frozensets(st.sampled_from(TAGS), max_size=1),
    sectors=st.frozensets(st.sampled_from(SECTORS), max_size=1),
    outlet_kinds=st.frozensets(st.sampled_from(["blog", "terminal"]), max_size=1),
)


@st.composite
def editions(draw: st.DrawFn) -> Edition:
    """Editions that say some of what the readers ask for."""
    tags = draw(st.lists(st.sampled_from(TAGS), min_size=1, max_size=3, unique=True))
    words = draw(st.lists(st.sampled_from(WORDS), max_size=2))
    body = f"<p>{' and '.join(words)}</p>"
    release = replace(
        an_edition().release,
        renditions=tuple(
            Rendition(tag, "A headline", body, dateline=Dateline("Kraken", draw(some_country)))
            for tag in tags
        ),
        sectors=tuple(draw(st.sets(st.sampled_from(SECTORS), max_size=2))),
        countries=tuple(draw(st.sets(st.sampled_from(COUNTRIES), max_size=1))),
        organisations=tuple(draw(st.sampled_from([(), (Organisation("Tidal AG"),)]))),
    )
    return replace(an_edition(), release=release)


some_country = st.sampled_from([None, *COUNTRIES])
slow = settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@slow
@given(
    before=st.lists(readers, max_size=6),
    after=st.lists(readers, min_size=1, max_size=8),
    edition=editions(),
    chosen=st.lists(circuits, max_size=2),
)
async def test_the_index_finds_whom_a_plain_matcher_finds(
    database: Database,
    clock: FixedClock,
    before: list[Reader],
    after: list[Reader],
    edition: Edition,
    chosen: list[Circuit],
) -> None:
    async with database.transaction() as tx:
        await tx.execute("TRUNCATE subscriber, interest, term, endpoint CASCADE")
        await _store(tx, before, clock.now())
    grown = await AudienceIndex.load(database)
    async with database.transaction() as tx:
        await _store(tx, after, clock.now())  # those of `before` change, the rest are new
    assert await grown.refresh(database) == len(after)
    now = [*after, *before[len(after) :]]

    matched = {n for n, reader in enumerate(now, 1) if _wants(reader, edition, chosen)}
    languages = edition.release.languages()
    best_for = {n: best(languages, now[n - 1].languages) for n in matched}
    for index in (grown, await AudienceIndex.load(database)):
        found = index.match(edition, chosen)
        assert set(found) == matched
        by_language = index.choose(found, languages)
        told = {n: tag for tag, ids in by_language.items() for n in ids}
        assert told == {n: tag for n, tag in best_for.items() if tag}
        assert sum(map(len, by_language.values())) == len(told)
        for kind in Kind:
            of_kind = {n for n, r in enumerate(now, 1) if r.active and r.kind is kind}
            assert set(index.of_kind(kind)) == of_kind


async def test_a_change_at_the_same_moment_is_seen_and_no_change_costs_nothing(
    database: Database, clock: FixedClock
) -> None:
    reader = Reader(Kind.DESKTOP, True, "DE", ("de",), "", parse("sector:energy"))
    async with database.transaction() as tx:
        await _store(tx, [reader], clock.now())
    index = await AudienceIndex.load(database)
    assert set(index.match(an_edition())) == {1}

    async with database.transaction() as tx:
        await interests.replace(tx, 1, parse("sector:gaming"), clock.now())
    assert await index.refresh(database) == 1
    assert not index.match(an_edition())
    assert await index.refresh(database) == 0

    async with database.transaction() as tx:
        await interests.replace(tx, 1, parse('keyword:"switched on"'), clock.now())
        assert await interests.of_subscriber(tx, 1) == parse('keyword:"switched on"')
    await index.refresh(database)
    assert set(index.match(an_edition())) == {1}

    async with database.transaction() as tx:
        await subscribers.set_languages(tx, 1, ["en"], clock.now())
    await index.refresh(database)
    assert set(index.choose(index.match(an_edition()), ("de", "en"))["en"]) == {1}

    async with database.transaction() as tx:
        await subscribers.leave(tx, 1, clock.now())
    assert await index.refresh(database) == 1
    assert not index.match(an_edition())
    assert not index.active()


async def test_a_change_that_is_committed_late_is_seen(
    database: Database, clock: FixedClock
) -> None:
    reader = Reader(Kind.DESKTOP, True, "DE", ("de",), "", parse(""))
    async with database.transaction() as slow_one:
        await _store(slow_one, [reader], clock.now())
        clock.advance(24 * 3600)
        async with database.transaction() as quick:
            await _store(quick, [reader], clock.now(), first=2)
        index = await AudienceIndex.load(database)
        assert set(index.active()) == {2}
        assert await index.refresh(database) == 0
    assert await index.refresh(database) == 1
    assert set(index.active()) == {1, 2}
    assert await index.refresh(database) == 0


async def test_what_came_from_another_server_is_not_read_again_and_again(
    database: Database, clock: FixedClock
) -> None:
    reader = Reader(Kind.DESKTOP, True, "DE", ("de",), "", parse(""))
    async with database.transaction() as tx:
        await _store(tx, [reader] * 3, clock.now())
        await tx.execute("UPDATE subscriber SET changed_in = '4000000000' WHERE id > 1")
    index = await AudienceIndex.load(database)
    assert set(index.active()) == {1, 2, 3}
    assert await index.refresh(database) == 0
    async with database.transaction() as tx:
        await subscribers.leave(tx, 2, clock.now())
    assert await index.refresh(database) == 1
    assert set(index.active()) == {1, 3}


async def test_the_view_of_one_refresh_begins_where_the_last_one_ended(
    database: Database, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_module, "SPAN", 3)
    reader = Reader(Kind.DESKTOP, True, "DE", ("de",), "", parse("sector:energy"))
    async with database.transaction() as tx:
        await _store(tx, [reader] * 10, clock.now())
    index = await AudienceIndex.load(database)
    assert len(index.match(an_edition())) == 10
    async with database.transaction() as tx:
        await _store(tx, [replace(reader, clauses=parse("sector:gaming"))] * 8, clock.now())
    assert await index.refresh(database) == 8
    assert set(index.match(an_edition())) == {9, 10}


async def test_many_refreshes_at_once_end_in_one_truth(
    database: Database, clock: FixedClock
) -> None:
    index = await AudienceIndex.load(database)
    reader = Reader(Kind.OUTLET, True, "DE", ("de",), "", parse(""))
    async with database.transaction() as tx:
        await _store(tx, [reader] * 20, clock.now())
    assert sum(await asyncio.gather(*(index.refresh(database) for _ in range(4)))) == 20
    assert len(index.match(an_edition())) == 20


def _wants(reader: Reader, edition: Edition, chosen: Sequence[Circuit]) -> bool:
    said = speaks_of(edition, Keywords(WORDS), chosen)

    def fits(facet: Facet, value: str) -> bool:
        if facet is Facet.LANGUAGE:
            return best(edition.release.languages(), value) is not None
        return value in said[facet]

    def clause_fits(clause: Clause) -> bool:
        wanted = all(any(fits(f, v) for v in values) for f, values in clause.wants.items())
        excluded = any(fits(f, v) for f, values in clause.excludes.items() for v in values)
        return wanted and not excluded

    circuit = not chosen or any(_in(reader, one) for one in chosen)
    return reader.active and circuit and any(clause_fits(clause) for clause in reader.clauses)


def _in(reader: Reader, circuit: Circuit) -> bool:
    followed = {v for c in reader.clauses for v in c.wants.get(Facet.SECTOR, frozenset())}
    return (
        (not circuit.kinds or reader.kind in circuit.kinds)
        and (not circuit.countries or reader.country in circuit.countries)
        and (
            not circuit.languages
            or any(best([*circuit.languages], tag) is not None for tag in reader.languages)
        )
        and (not circuit.outlet_kinds or reader.outlet_kind in circuit.outlet_kinds)
        and (not circuit.sectors or bool(circuit.sectors & followed))
    )


async def _store(
    tx: Connection, population: Sequence[Reader], now: datetime, *, first: int = 1
) -> None:
    """Give the subscribers with the ids from `first` on these profiles and interests."""
    for subscriber_id, reader in enumerate(population, first):
        await tx.execute(
            "INSERT INTO subscriber (id, kind, state, country, languages, outlet_kind, name,"
            " consent_basis, consent_source, created_at, changed_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, 'Reader', 'consent', 'form', %s, %s)"
            " ON CONFLICT (id) DO UPDATE SET kind = excluded.kind, state = excluded.state,"
            " country = excluded.country, languages = excluded.languages,"
            " outlet_kind = excluded.outlet_kind",
            (
                subscriber_id,
                reader.kind,
                int(not reader.active),
                reader.country,
                list(reader.languages),
                reader.outlet_kind,
                now,
                now,
            ),
        )
        await interests.replace(tx, subscriber_id, reader.clauses, now)
