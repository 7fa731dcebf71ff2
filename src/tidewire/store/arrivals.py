"""Arrivals: subscribers that an importer hands over, taken in many at a time.

Those who have no address are taken to be new and go by COPY straight into subscriber and
interest. Where one turns out to be known, and wherever there are addresses, rows go into
temporary tables of one session, and from there by a few statements into subscriber, interest
and endpoint. `arrived` remembers the lines of the whole file.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from psycopg import errors

from tidewire.model.delivery import ChannelCode
from tidewire.model.subscriber import Kind
from tidewire.store import copied, interests
from tidewire.store.database import Connection
from tidewire.store.interests import Term

MOST_TERMS = 500_000  # that are remembered from batch to batch
MOST_WISHES = 100_000

_NUMBERS = [copied.small(number) for number in range(100)]  # of clauses
IMPORTING = 7_480_001  # the advisory lock: one import at a time

_TABLES = """
    CREATE TEMP TABLE arrived (subscriber_id int PRIMARY KEY, line int NOT NULL);
    CREATE TEMP TABLE arriving (
        line int, country text, languages text[], outlet_kind text, outside_id text, name text,
        consent_basis text, consent_source text, consent_on date);
    CREATE TEMP TABLE arriving_interest (line int, clause smallint, wants int[], excludes int[]);
    CREATE TEMP TABLE arriving_endpoint (line int, channel smallint, address text, secret text);
    CREATE TEMP TABLE placed (line int PRIMARY KEY, subscriber_id int, known bool);
"""
_STRAIGHT = """subscriber (id, country, languages, outlet_kind, outside_id, name, kind, created_at,
    changed_at)"""
_NEW_IDS = """
    SELECT nextval(pg_get_serial_sequence('subscriber', 'id'))::int FROM generate_series(1, %s)
"""
_PLACE = """
    INSERT INTO placed
    SELECT line, coalesce(found, nextval(pg_get_serial_sequence('subscriber', 'id'))),
           found IS NOT NULL
    FROM (SELECT line, (SELECT s.id FROM subscriber s
                        WHERE s.kind = %s AND s.outside_id = a.outside_id) AS found
          FROM arriving a ORDER BY line OFFSET 0) looked_up
"""
_SUBSCRIBERS = """
    INSERT INTO subscriber AS s (id, kind, country, languages, outlet_kind, name, outside_id,
        consent_basis, consent_source, consent_at, created_at, changed_at)
    SELECT p.subscriber_id, %(kind)s, a.country, a.languages, a.outlet_kind, a.name, a.outside_id,
           a.consent_basis, a.consent_source,
           a.consent_on::timestamp AT TIME ZONE 'UTC', %(now)s, %(now)s
    FROM arriving a JOIN placed p USING (line) WHERE p.known = %(known)s
"""
_UPDATE = """
    ON CONFLICT (id) DO UPDATE SET country = excluded.country, languages = excluded.languages,
        outlet_kind = excluded.outlet_kind, name = excluded.name,
        consent_basis = excluded.consent_basis, consent_source = excluded.consent_source,
        consent_at = excluded.consent_at, changed_at = excluded.changed_at,
        changed_in = excluded.changed_in
"""
_INTERESTS = """
    INSERT INTO interest (subscriber_id, clause, wants, excludes)
    SELECT p.subscriber_id, i.clause, i.wants, i.excludes
    FROM arriving_interest i JOIN placed p USING (line)
"""
_TAKEN = """
    SELECT n.line, n.channel, coalesce(s.outside_id, ''), d.line
    FROM arriving_endpoint n
    JOIN placed p USING (line)
    JOIN endpoint e ON e.channel = n.channel AND e.address = n.address
    LEFT JOIN subscriber s ON s.id = e.subscriber_id
    LEFT JOIN arrived d ON d.subscriber_id = e.subscriber_id
    WHERE e.subscriber_id IS DISTINCT FROM p.subscriber_id
"""
# Mail and webhooks alone are named in imports; what was added otherwise stays as it is.
# An address that is no longer named stops; one that is named again starts again only where it
# takes the place of another: what delivery has disabled stays so.
_REPLACE_ENDPOINTS = """
    WITH stopped AS (
        UPDATE endpoint e SET state = 3 FROM placed p
        WHERE p.known AND e.subscriber_id = p.subscriber_id AND e.state = 0
          AND e.channel IN (1, 2)
          AND NOT EXISTS (SELECT 1 FROM arriving_endpoint n WHERE n.line = p.line
                          AND n.channel = e.channel AND n.address = e.address)
        RETURNING e.subscriber_id, e.channel)
    UPDATE endpoint e SET state = 0 FROM stopped, placed p, arriving_endpoint n
    WHERE e.state = 3 AND stopped.subscriber_id = e.subscriber_id AND stopped.channel = e.channel
      AND p.subscriber_id = e.subscriber_id AND n.line = p.line
      AND n.channel = e.channel AND n.address = e.address
"""
_ENDPOINTS = """
    INSERT INTO endpoint AS e (subscriber_id, channel, address, secret, state)
    SELECT p.subscriber_id, n.channel, n.address, nullif(n.secret, ''),
           CASE WHEN s.address IS NULL THEN 0 ELSE 1 END
    FROM arriving_endpoint n JOIN placed p USING (line)
    LEFT JOIN suppression s ON s.channel = n.channel AND s.address = n.address
    ON CONFLICT (channel, address) DO UPDATE SET secret = excluded.secret,
        state = CASE WHEN excluded.state = 1 THEN 1 ELSE e.state END
"""


@dataclass(frozen=True, slots=True)
class Profile:
    """Who reads: country, languages best first, kind of outlet. Many arrivals share one."""

    country: str
    languages: tuple[str, ...]
    outlet_kind: str
    laid: bytes = b""  # the three as fields of a row

    @classmethod
    def of(cls, country: str, languages: tuple[str, ...], outlet_kind: str) -> "Profile":
        """A profile, ready to be stored."""
        laid = copied.text(country) + copied.texts(languages) + copied.text(outlet_kind)
        return cls(country, languages, outlet_kind, laid)


@dataclass(frozen=True, slots=True, eq=False)
class Wish:
    """A clause of an interest. Many arrivals share one; each is the same as itself alone."""

    wants: tuple[Term, ...]
    excludes: tuple[Term, ...]


class Arrival(NamedTuple):
    """One row of an import, checked. `consent` is (basis, source, ISO date)."""

    line: int
    outside_id: str
    name: str
    profile: Profile
    wishes: tuple[Wish, ...]
    endpoints: tuple[tuple[ChannelCode, str, str], ...] = ()  # channel, address, secret
    consent: tuple[str, str, str] | None = None


@dataclass(frozen=True, slots=True)
class Clash:
    """A row that cannot be taken: line `first_line`, or the outside id `holder`, has it already.

    "It" is the address on `channel`, or the outside id where that is None.
    """

    line: int
    channel: ChannelCode | None
    holder: str
    first_line: int | None


async def begin(tx: Connection) -> bool:
    """Make a session ready to import; false where another one is importing now."""
    row = await (await tx.execute("SELECT pg_try_advisory_lock(%s)", (IMPORTING,))).fetchone()
    if row is None or not row[0]:
        return False
    await tx.execute(_TABLES)
    return True


async def end(tx: Connection) -> None:
    """Let the next import begin now, not only when the server has seen this session end."""
    await tx.execute("SELECT pg_advisory_unlock(%s)", (IMPORTING,))


class Lexicon:
    """The ids of terms, and clauses as fields of a row, remembered while an import runs."""

    def __init__(self) -> None:
        self._ids: dict[Term, int] = {}
        self._laid: dict[Wish, bytes] = {}

    async def learn(self, tx: Connection, arrivals: Iterable[Arrival]) -> None:
        """Know every clause of these; terms that are new are stored."""
        if len(self._laid) > MOST_WISHES:
            self._laid.clear()
        if len(self._ids) > MOST_TERMS:
            self._ids.clear()
        unknown = {wish for a in arrivals for wish in a.wishes if wish not in self._laid}
        named = {term for wish in unknown for side in (wish.wants, wish.excludes) for term in side}
        self._ids |= await interests.intern(tx, named - self._ids.keys())
        for wish in unknown:
            sides = (wish.wants, wish.excludes)
            self._laid[wish] = b"".join(copied.ints({self._ids[t] for t in side}) for side in sides)

    def rows(self, arrivals: Iterable[Arrival], keys: Iterable[int]) -> Iterator[bytes]:
        """Their clauses as rows: a key, the clause's number, what it wants and excludes."""
        laid = self._laid
        for arrival, key in zip(arrivals, keys, strict=True):
            for number, wish in enumerate(arrival.wishes):
                yield copied.row_of(4, 4, key) + _NUMBERS[number] + laid[wish]


async def add(
    tx: Connection, kind: Kind, arrivals: Sequence[Arrival], lexicon: Lexicon, now: datetime
) -> bool:
    """Store arrivals of whom none has an address or is known; False where one is known.

    Then nothing is stored: `bring` them. No outside id stands twice in `arrivals`.
    """
    found = await tx.execute(_NEW_IDS, (len(arrivals),))
    ids = [row[0] for row in await found.fetchall()]
    at = copied.moment(now)
    rest = copied.small(kind) + at + at
    try:
        async with tx.transaction():
            await copied.copy(tx, _STRAIGHT, _profiles(arrivals, ids, 9, rest))
            await copied.copy(tx, "interest", lexicon.rows(arrivals, ids))
            lines = (
                copied.row_of(2, 4, i) + copied.whole(a.line)
                for a, i in zip(arrivals, ids, strict=True)
            )
            await copied.copy(tx, "arrived", lines)
    except errors.UniqueViolation:
        return False
    return True


async def bring(
    tx: Connection, kind: Kind, arrivals: Sequence[Arrival], lexicon: Lexicon
) -> list[Clash]:
    """Lay arrivals ready; returns those that clash with what was there, which are taken out.

    No id and no address stands twice in `arrivals`.
    """
    await tx.execute("TRUNCATE arriving, arriving_interest, arriving_endpoint, placed")
    lines = [arrival.line for arrival in arrivals]
    await copied.copy(tx, "arriving", _profiles(arrivals, lines, 9))
    await copied.copy(tx, "arriving_interest", lexicon.rows(arrivals, lines))
    await copied.copy(tx, "arriving_endpoint", _endpoints(arrivals))
    await tx.execute(_PLACE, (kind,))
    found = await tx.execute(
        "SELECT p.line, d.line FROM placed p JOIN arrived d USING (subscriber_id)"
    )
    clashes = [Clash(line, None, "", first) for line, first in await found.fetchall()]
    found = await tx.execute(_TAKEN)
    for line, channel, holder, first in await found.fetchall():
        clashes.append(Clash(line, ChannelCode(channel), holder, first))
    if clashes:
        wrong = [clash.line for clash in clashes]
        for table in ("arriving", "arriving_interest", "arriving_endpoint", "placed"):
            await tx.execute(f"DELETE FROM {table} WHERE line = ANY(%s)".encode(), (wrong,))
    return clashes


async def take_in(tx: Connection, kind: Kind, now: datetime) -> tuple[int, int]:
    """Store what was brought; returns how many are new, and how many were known and changed."""
    values = {"kind": kind, "now": now}
    new = await tx.execute(_SUBSCRIBERS, {**values, "known": False})
    known = await tx.execute(_SUBSCRIBERS + _UPDATE, {**values, "known": True})
    if known.rowcount:
        await tx.execute(
            "DELETE FROM interest i USING placed p"
            " WHERE p.known AND i.subscriber_id = p.subscriber_id"
        )
        await tx.execute(_REPLACE_ENDPOINTS)
    await tx.execute(_INTERESTS)
    await tx.execute(_ENDPOINTS)
    await tx.execute("INSERT INTO arrived SELECT subscriber_id, line FROM placed")
    return new.rowcount, known.rowcount


def _profiles(
    arrivals: Iterable[Arrival], keys: Iterable[int], width: int, rest: bytes = b""
) -> Iterator[bytes]:
    """Rows of key, profile, outside id, name, and `rest` or else the consent."""
    row_of, text = copied.row_of, copied.text
    for a, key in zip(arrivals, keys, strict=True):
        yield (
            row_of(width, 4, key)
            + a.profile.laid
            + text(a.outside_id)
            + text(a.name)
            + (rest or _consent(a.consent))
        )


def _consent(consent: tuple[str, str, str] | None) -> bytes:
    if consent is None:
        return 3 * copied.NULL
    basis, source, day = consent
    return copied.text(basis) + copied.text(source) + copied.day(day)


def _endpoints(arrivals: Iterable[Arrival]) -> Iterator[bytes]:
    for arrival in arrivals:
        for channel, address, secret in arrival.endpoints:
            yield (
                copied.row_of(4, 4, arrival.line)
                + copied.small(channel)
                + copied.text(address)
                + copied.text(secret)
            )
