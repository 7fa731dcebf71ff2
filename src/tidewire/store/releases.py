"""Releases, their versions and the decisions on them: all writing, save what publishing writes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tidewire.model.release import Act, Move, Release, State
from tidewire.store.database import Connection
from tidewire.store.editions import write_document


@dataclass(frozen=True, slots=True)
class Held:
    """A release under lock. `version` is the newest; `public` is true where that one went out."""

    id: int
    ref: str
    issuer_id: int
    state: State
    version: int
    act: Act
    public: bool


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the queue; `headline` is that of the first rendition."""

    ref: str
    issuer: str
    slug: str
    state: State
    version: int
    act: Act
    headline: str
    languages: tuple[str, ...]
    priority: str
    received_at: datetime
    t0: datetime | None
    published_at: datetime | None


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, by whom, on which version."""

    version: int
    move: Move
    by: str
    role: str
    note: str
    at: datetime


async def insert(
    tx: Connection,
    ref: str,
    *,
    issuer_id: int,
    slug: str,
    key: str | None,
    digest: bytes,
    now: datetime,
) -> int | None:
    """Store a received release and return its id; None where its idempotency key is taken."""
    row = await (
        await tx.execute(
            "INSERT INTO release (ref, issuer_id, slug, state, version, idempotency_key,"
            " request_digest, received_at) VALUES (%s, %s, %s, %s, 1, %s, %s, %s)"
            " ON CONFLICT (issuer_id, idempotency_key) DO NOTHING RETURNING id",
            (ref, issuer_id, slug, State.RECEIVED.value, key, digest, now),
        )
    ).fetchone()
    return None if row is None else int(row[0])


async def of_key(tx: Connection, issuer_id: int, key: str) -> tuple[str, bytes] | None:
    """(ref, digest of the request) of the release that came with this idempotency key."""
    row = await (
        await tx.execute(
            "SELECT ref, request_digest FROM release WHERE issuer_id = %s AND idempotency_key = %s",
            (issuer_id, key),
        )
    ).fetchone()
    return None if row is None else (str(row[0]), bytes(row[1]))


async def put_version(
    tx: Connection,
    release_id: int,
    version: int,
    *,
    act: Act,
    content: Release,
    now: datetime,
    note: str = "",
    t0: datetime | None = None,
) -> None:
    """Store a version, in the place of an unpublished one of that number, as the newest."""
    await tx.execute(
        "INSERT INTO release_version (release_id, version, act, document, note, created_at, t0)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (release_id, version) DO UPDATE SET act = EXCLUDED.act,"
        " document = EXCLUDED.document, note = EXCLUDED.note, created_at = EXCLUDED.created_at,"
        " t0 = EXCLUDED.t0, staged_at = NULL, planned_at = NULL"
        " WHERE release_version.sequence IS NULL",
        (release_id, version, act.value, write_document(content), note, now, t0),
    )
    await tx.execute(
        "UPDATE release SET version = %s, slug = %s WHERE id = %s",
        (version, content.slug, release_id),
    )


async def hold(tx: Connection, ref: str) -> Held | None:
    """Lock a release and its newest version to the end of the transaction."""
    row = await (
        await tx.execute(
            "SELECT r.id, r.ref, r.issuer_id, r.state, r.version, v.act, v.sequence IS NOT NULL"
            " FROM release r JOIN release_version v"
            " ON v.release_id = r.id AND v.version = r.version"
            " WHERE r.ref = %s FOR UPDATE OF r, v",
            (ref,),
        )
    ).fetchone()
    if row is None:
        return None
    return Held(row[0], row[1], row[2], State(row[3]), row[4], Act(row[5]), row[6])


async def set_state(tx: Connection, release_id: int, state: State) -> None:
    """Move a release to a state that is not *published*: only publishing may set that."""
    assert state is not State.PUBLISHED
    await tx.execute("UPDATE release SET state = %s WHERE id = %s", (state.value, release_id))


async def set_moment(tx: Connection, release_id: int, version: int, t0: datetime | None) -> None:
    """Set when an unpublished version goes out; None for not yet. What is staged stays."""
    await tx.execute(
        "UPDATE release_version SET t0 = %s"
        " WHERE release_id = %s AND version = %s AND sequence IS NULL",
        (t0, release_id, version),
    )


async def unstage(tx: Connection, release_id: int, version: int) -> None:
    """Take back an unpublished version's moment, audience, pages and deliveries."""
    values = {"release_id": release_id, "version": version}
    free = (
        "release_id = %(release_id)s AND version = %(version)s AND EXISTS"
        " (SELECT 1 FROM release_version v WHERE v.release_id = %(release_id)s"
        " AND v.version = %(version)s AND v.sequence IS NULL)"
    )
    for table in ("delivery", "page", "audience_set"):
        await tx.execute(f"DELETE FROM {table} WHERE {free}".encode(), values)
    await tx.execute(
        "UPDATE release_version SET t0 = NULL, staged_at = NULL, planned_at = NULL"
        " WHERE release_id = %(release_id)s AND version = %(version)s AND sequence IS NULL",
        values,
    )


async def add_decision(
    tx: Connection, held: Held, move: Move, *, account_id: int, note: str, now: datetime
) -> None:
    """Write down who decided what on the version that was the newest."""
    await tx.execute(
        "INSERT INTO decision (release_id, version, move, account_id, note, at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (held.id, held.version, move.value, account_id, note, now),
    )


async def decisions(tx: Connection, ref: str) -> list[Decision]:
    """All decisions on a release, the first one first."""
    rows = await tx.execute(
        "SELECT d.version, d.move, a.name, a.role, d.note, d.at FROM decision d"
        " JOIN release r ON r.id = d.release_id JOIN account a ON a.id = d.account_id"
        " WHERE r.ref = %s ORDER BY d.id",
        (ref,),
    )
    return [Decision(row[0], Move(row[1]), *row[2:]) for row in await rows.fetchall()]


async def queue(
    tx: Connection,
    *,
    states: Sequence[State] = (),
    issuer_id: int | None = None,
    ref: str | None = None,
    limit: int = 100,
) -> list[Row]:
    """Releases in these states (none: all), of one issuer or of all, the newest first."""
    rows = await tx.execute(
        "SELECT r.ref, i.slug, r.slug, r.state, r.version, v.act,"
        " v.document->'renditions'->0->>'headline',"
        " ARRAY(SELECT x->>'language' FROM jsonb_array_elements(v.document->'renditions') x),"
        " v.document->>'priority', r.received_at, v.t0, v.published_at"
        " FROM release r JOIN issuer i ON i.id = r.issuer_id"
        " JOIN release_version v ON v.release_id = r.id AND v.version = r.version"
        " WHERE (%(states)s::text[] = '{}' OR r.state = ANY(%(states)s::text[]))"
        " AND (%(issuer)s::int IS NULL OR r.issuer_id = %(issuer)s)"
        " AND (%(ref)s::text IS NULL OR r.ref = %(ref)s)"
        " ORDER BY r.received_at DESC, r.id DESC LIMIT %(limit)s",
        {"states": [s.value for s in states], "issuer": issuer_id, "ref": ref, "limit": limit},
    )
    return [_row(row) for row in await rows.fetchall()]


async def unknown_circuits(tx: Connection, names: Sequence[str]) -> list[str]:
    """Those of `names` that are no circuit, in their order."""
    rows = await tx.execute("SELECT name FROM circuit WHERE name = ANY(%s)", (list(names),))
    known = {row[0] for row in await rows.fetchall()}
    return [name for name in names if name not in known]


def _row(row: Sequence[Any]) -> Row:
    return Row(
        ref=row[0],
        issuer=row[1],
        slug=row[2],
        state=State(row[3]),
        version=row[4],
        act=Act(row[5]),
        headline=row[6] or "",
        languages=tuple(row[7]),
        priority=row[8] or "routine",
        received_at=row[9],
        t0=row[10],
        published_at=row[11],
    )
