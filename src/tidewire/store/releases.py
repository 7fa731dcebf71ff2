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
    """A line of the queue; `headline` is that of the first rendition.

    While it is `sealed`, slug, headline and languages are empty and the priority unknown.
    """

    id: int
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
    sealed: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, by whom, on which version."""

    id: int
    version: int
    move: Move
    by: str
    role: str
    note: str
    at: datetime


async def insert(
    tx: Connection, ref: str, *, issuer_id: int, key: str | None, now: datetime
) -> int | None:
    """Store a received release and return its id; None where its idempotency key is taken."""
    row = await (
        await tx.execute(
            "INSERT INTO release (ref, issuer_id, state, version, idempotency_key, received_at)"
            " VALUES (%s, %s, %s, 1, %s, %s)"
            " ON CONFLICT (issuer_id, idempotency_key) DO NOTHING RETURNING id",
            (ref, issuer_id, State.RECEIVED.value, key, now),
        )
    ).fetchone()
    return None if row is None else int(row[0])


async def set_digest(tx: Connection, release_id: int, digest: bytes) -> None:
    """Keep what a replay of the same idempotency key is compared with."""
    await tx.execute("UPDATE release SET request_digest = %s WHERE id = %s", (digest, release_id))


async def of_key(
    tx: Connection, issuer_id: int, key: str
) -> tuple[int, str, State, int, bytes | None] | None:
    """(id, ref, state, version, digest) of the release that came with this idempotency key."""
    row = await (
        await tx.execute(
            "SELECT id, ref, state, version, request_digest FROM release"
            " WHERE issuer_id = %s AND idempotency_key = %s",
            (issuer_id, key),
        )
    ).fetchone()
    if row is None:
        return None
    return row[0], row[1], State(row[2]), row[3], None if row[4] is None else bytes(row[4])


async def issuer_of(tx: Connection, ref: str) -> int | None:
    """The id of the issuer whose release this is."""
    row = await (
        await tx.execute("SELECT issuer_id FROM release WHERE ref = %s", (ref,))
    ).fetchone()
    return None if row is None else int(row[0])


async def put_version(
    tx: Connection,
    release_id: int,
    version: int,
    *,
    act: Act,
    sealed: bytes,
    now: datetime,
    t0: datetime | None = None,
) -> None:
    """Store a version under seal, in the place of an unpublished one, as the newest."""
    await _put(tx, (release_id, version, act.value, None, "", sealed, now, t0))


async def put_text(tx: Connection, release_id: int, version: int, sealed: bytes) -> None:
    """Put another text under an unpublished version, whose audience is then to be found anew.

    Its moment stays, and what is planned of it: staging and planning compare.
    """
    await tx.execute(
        "UPDATE release_version SET sealed = %s, staged_at = NULL"
        " WHERE release_id = %s AND version = %s AND sequence IS NULL",
        (sealed, release_id, version),
    )


async def put_retraction(
    tx: Connection,
    release_id: int,
    version: int,
    *,
    act: Act,
    content: Release,
    note: str,
    now: datetime,
) -> None:
    """Store a withdrawal or kill of what is public, due now, as the newest version.

    It is not sealed: its text is out already, and taking back must work without any key.
    """
    document = write_document(content)
    await _put(tx, (release_id, version, act.value, document, note, None, now, now))


async def _put(tx: Connection, values: Sequence[Any]) -> None:
    release_id, version = values[:2]
    await tx.execute(
        "INSERT INTO release_version"
        " (release_id, version, act, document, note, sealed, created_at, t0)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (release_id, version) DO UPDATE SET act = EXCLUDED.act,"
        " document = EXCLUDED.document, note = EXCLUDED.note, sealed = EXCLUDED.sealed,"
        " created_at = EXCLUDED.created_at, t0 = EXCLUDED.t0, staged_at = NULL, planned_at = NULL"
        " WHERE release_version.sequence IS NULL",
        values,
    )
    await tx.execute("UPDATE release SET version = %s WHERE id = %s", (version, release_id))


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
    tx: Connection,
    held: Held,
    move: Move,
    *,
    account_id: int,
    note: str | bytes,
    now: datetime,
) -> None:
    """Write down who decided what on the version that was the newest; `note` in bytes is sealed."""
    sealed = note if isinstance(note, bytes) else None
    await tx.execute(
        "INSERT INTO decision (release_id, version, move, account_id, note, sealed, at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (
            held.id,
            held.version,
            move.value,
            account_id,
            note if sealed is None else "",
            sealed,
            now,
        ),
    )


async def queue(
    tx: Connection,
    *,
    states: Sequence[State] = (),
    issuer_id: int | None = None,
    ref: str | None = None,
    limit: int = 100,
) -> list[Row]:
    """Releases in these states (none: all), of one issuer or of all, the newest first.

    Those under seal come without their text: `Vault.rows` opens it.
    """
    rows = await tx.execute(
        "SELECT r.id, r.ref, i.slug, v.document->>'slug', r.state, r.version, v.act,"
        " v.document->'renditions'->0->>'headline',"
        " ARRAY(SELECT x->>'language' FROM jsonb_array_elements(v.document->'renditions') x),"
        " v.document->>'priority', r.received_at, v.t0, v.published_at, v.sealed IS NOT NULL"
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
        id=row[0],
        ref=row[1],
        issuer=row[2],
        slug=row[3] or "",
        state=State(row[4]),
        version=row[5],
        act=Act(row[6]),
        headline=row[7] or "",
        languages=tuple(row[8]),
        priority=row[9] or "routine",
        received_at=row[10],
        t0=row[11],
        published_at=row[12],
        sealed=row[13],
    )
