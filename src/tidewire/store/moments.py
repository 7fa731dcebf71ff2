"""The flip that makes a version public. Only publish/moment may use this module."""

from collections.abc import Collection
from datetime import datetime

from tidewire.model.release import Edition
from tidewire.store.database import Connection
from tidewire.store.editions import write_document
from tidewire.store.releases import Decision


async def next_t0(tx: Connection) -> datetime | None:
    """The soonest moment that something waits for."""
    row = await (
        await tx.execute(
            "SELECT min(t0) FROM release_version WHERE t0 IS NOT NULL AND sequence IS NULL"
        )
    ).fetchone()
    return row[0] if row else None


async def take_due(
    tx: Connection, now: datetime, but: Collection[int] = ()
) -> tuple[int, int, str] | None:
    """Lock the version whose moment has come longest ago: (release id, version, act).

    Releases in `but` are left out. A first version goes only while its release is scheduled
    and its audience is known.
    """
    row = await (
        await tx.execute(
            "SELECT v.release_id, v.version, v.act FROM release_version v"
            " JOIN release r ON r.id = v.release_id"
            " WHERE v.t0 <= %s AND v.sequence IS NULL AND v.staged_at IS NOT NULL"
            " AND (v.act <> 'publish' OR r.state = 'scheduled') AND NOT r.id = ANY(%s)"
            " ORDER BY v.t0, v.release_id, v.version LIMIT 1 FOR UPDATE OF r, v SKIP LOCKED",
            (now, list(but)),
        )
    ).fetchone()
    return None if row is None else (row[0], row[1], row[2])


async def next_sequence(tx: Connection) -> int:
    """The next number of the wire; without gaps, since the row stays locked to the end."""
    row = await (
        await tx.execute("UPDATE wire_head SET sequence = sequence + 1 RETURNING sequence")
    ).fetchone()
    assert row is not None
    return int(row[0])


async def unveil(tx: Connection, edition: Edition) -> None:
    """Put an edition's text in the place of its seal."""
    await tx.execute(
        "UPDATE release_version SET document = %s, note = %s, sealed = NULL"
        " WHERE release_id = %s AND version = %s",
        (write_document(edition.release), edition.note, edition.release_id, edition.version),
    )


async def unveil_note(tx: Connection, decision: Decision) -> None:
    """Put a decision's note in the place of its seal."""
    await tx.execute(
        "UPDATE decision SET note = %s, sealed = NULL WHERE id = %s", (decision.note, decision.id)
    )


async def unveil_picture(tx: Connection, ref: str, key: bytes) -> None:
    """Put a picture's key beside its sealed bytes: however large it is, this takes no longer."""
    await tx.execute("UPDATE picture SET key = %s WHERE ref = %s", (key, ref))


async def flip(
    tx: Connection, release_id: int, version: int, *, sequence: int, now: datetime
) -> None:
    """Give a version its sequence number and its moment, and let its pages go."""
    await tx.execute(
        "UPDATE release_version SET sequence = %s, published_at = %s"
        " WHERE release_id = %s AND version = %s",
        (sequence, now, release_id, version),
    )
    await tx.execute(
        "UPDATE page SET state = 1, due_at = %s WHERE release_id = %s AND version = %s"
        " AND state = 0",
        (now, release_id, version),
    )


async def set_published(tx: Connection, release_id: int) -> None:
    """The release is public."""
    await tx.execute("UPDATE release SET state = 'published' WHERE id = %s", (release_id,))
