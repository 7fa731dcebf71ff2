"""Arrivals: subscribers that an importer hands over, taken in many at a time.

Rows go by COPY into temporary tables of one session, and from there by a few statements
into subscriber, interest and endpoint. `arrived` remembers the whole file's ids and lines.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tidewire.model.delivery import ChannelCode
from tidewire.model.subscriber import Kind
from tidewire.store.database import Connection
from tidewire.store.interests import Term

# What a clause wants and what it excludes.
Terms = tuple[tuple[Term, ...], tuple[Term, ...]]
IMPORTING = 7_480_001  # the advisory lock: one import at a time

_TABLES = """
    CREATE TEMP TABLE arrived (outside_id text PRIMARY KEY, line int NOT NULL);
    CREATE TEMP TABLE arriving (
        line int, outside_id text, name text, country text, languages text[], outlet_kind text,
        consent_basis text, consent_source text, consent_on date);
    CREATE TEMP TABLE arriving_interest (line int, clause smallint, wants int[], excludes int[]);
    CREATE TEMP TABLE arriving_endpoint (line int, channel smallint, address text, secret text);
    CREATE TEMP TABLE placed (line int PRIMARY KEY, subscriber_id int, known bool);
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
        consent_at = excluded.consent_at, changed_at = excluded.changed_at
"""
_INTERESTS = """
    INSERT INTO interest (subscriber_id, clause, wants, excludes)
    SELECT p.subscriber_id, i.clause, i.wants, i.excludes
    FROM arriving_interest i JOIN placed p USING (line)
"""
_TAKEN = """
    SELECT n.line, n.channel, coalesce(s.outside_id, ''), d.line
    FROM arriving_endpoint n
    JOIN arriving a USING (line)
    JOIN endpoint e ON e.channel = n.channel AND e.address = n.address
    LEFT JOIN subscriber s ON s.id = e.subscriber_id
    LEFT JOIN arrived d ON d.outside_id = s.outside_id AND s.kind = %(kind)s
    WHERE s.kind IS DISTINCT FROM %(kind)s OR s.outside_id IS DISTINCT FROM a.outside_id
"""
# An address that is no longer named stops; one that is named again starts again only where it
# takes the place of another: what delivery has disabled stays so.
_REPLACE_ENDPOINTS = """
    WITH stopped AS (
        UPDATE endpoint e SET state = 3 FROM placed p
        WHERE p.known AND e.subscriber_id = p.subscriber_id AND e.state = 0
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
class Arrival:
    """One row of an import, checked. `consent` is (basis, source, ISO date)."""

    line: int
    outside_id: str
    name: str
    country: str
    languages: tuple[str, ...]
    outlet_kind: str
    clauses: tuple[Terms, ...]
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


async def bring(
    tx: Connection, kind: Kind, arrivals: Sequence[Arrival], ids: Mapping[Term, int]
) -> list[Clash]:
    """Lay arrivals ready; returns those that clash with what was there, which are taken out.

    `ids` holds every term that they name. No id and no address stands twice in `arrivals`.
    """
    await tx.execute("TRUNCATE arriving, arriving_interest, arriving_endpoint, placed")
    await _copy(tx, "arriving", map(_subscriber_line, arrivals))
    await _copy(tx, "arriving_interest", _interest_lines(arrivals, ids))
    await _copy(tx, "arriving_endpoint", _endpoint_lines(arrivals))
    found = await tx.execute(
        "SELECT a.line, d.line FROM arriving a JOIN arrived d USING (outside_id)"
    )
    clashes = [Clash(line, None, "", first) for line, first in await found.fetchall()]
    found = await tx.execute(_TAKEN, {"kind": kind})
    for line, channel, holder, first in await found.fetchall():
        clashes.append(Clash(line, ChannelCode(channel), holder, first))
    if clashes:
        lines = [clash.line for clash in clashes]
        for table in ("arriving", "arriving_interest", "arriving_endpoint"):
            await tx.execute(f"DELETE FROM {table} WHERE line = ANY(%s)".encode(), (lines,))
    return clashes


async def take_in(tx: Connection, kind: Kind, now: datetime) -> tuple[int, int]:
    """Store what was brought; returns how many are new, and how many were known and changed."""
    await tx.execute(_PLACE, (kind,))
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
    await tx.execute("INSERT INTO arrived SELECT outside_id, line FROM arriving")
    return new.rowcount, known.rowcount


async def _copy(tx: Connection, table: str, lines: Iterable[str]) -> None:
    """COPY in text format; values hold no control characters, so only backslashes are escaped."""
    text = "".join(lines)
    if text:
        async with tx.cursor().copy(f"COPY {table} FROM STDIN".encode()) as copy:
            await copy.write(text)


def _subscriber_line(a: Arrival) -> str:
    basis, source, at = a.consent or ("\0", "\0", "\0")
    line = (
        f"{a.line}\t{a.outside_id}\t{a.name}\t{a.country}\t{{{','.join(a.languages)}}}"
        f"\t{a.outlet_kind}\t{basis}\t{source}\t{at}\n"
    )
    return line.replace("\\", "\\\\").replace("\0", "\\N")


def _interest_lines(arrivals: Iterable[Arrival], ids: Mapping[Term, int]) -> Iterable[str]:
    for arrival in arrivals:
        for number, (wants, excludes) in enumerate(arrival.clauses):
            wanted = ",".join(map(str, {ids[term] for term in wants}))
            excluded = ",".join(map(str, {ids[term] for term in excludes}))
            yield f"{arrival.line}\t{number}\t{{{wanted}}}\t{{{excluded}}}\n"


def _endpoint_lines(arrivals: Iterable[Arrival]) -> Iterable[str]:
    for arrival in arrivals:
        for channel, address, secret in arrival.endpoints:
            text = address.replace("\\", "\\\\")
            yield f"{arrival.line}\t{int(channel)}\t{text}\t{secret}\n"
