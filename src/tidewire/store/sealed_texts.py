"""What stands under seal: texts and notes, read with their seals. Only vault/ may use this."""

from collections.abc import Sequence

from tidewire.model.release import Edition, Move
from tidewire.store.database import Connection
from tidewire.store.editions import COLUMNS, FROM, read_edition
from tidewire.store.releases import Decision

Key = tuple[int, int]  # release id, version


async def edition(
    tx: Connection, release_id: int, version: int
) -> tuple[Edition, bytes | None] | None:
    """One version and its seal; None for a seal where the text is clear."""
    query = f"SELECT {COLUMNS}, v.sealed {FROM} WHERE v.release_id = %s AND v.version = %s"
    row = await (await tx.execute(query.encode(), (release_id, version))).fetchone()
    return None if row is None else (read_edition(row), row[-1])


async def newest_of(tx: Connection, release_ids: Sequence[int]) -> dict[Key, bytes]:
    """The seals of the newest versions of these releases, where they are sealed."""
    rows = await tx.execute(
        "SELECT r.id, v.version, v.sealed FROM release r JOIN release_version v"
        " ON v.release_id = r.id AND v.version = r.version"
        " WHERE r.id = ANY(%s) AND v.sealed IS NOT NULL",
        (list(release_ids),),
    )
    return {(row[0], row[1]): row[2] for row in await rows.fetchall()}


async def decisions(tx: Connection, release_id: int) -> list[tuple[Decision, bytes | None]]:
    """All decisions on a release, the first one first, each with the seal of its note."""
    rows = await tx.execute(
        "SELECT d.id, d.version, d.move, a.name, a.role, d.note, d.at, d.sealed FROM decision d"
        " JOIN account a ON a.id = d.account_id WHERE d.release_id = %s ORDER BY d.id",
        (release_id,),
    )
    return [
        (Decision(row[0], row[1], Move(row[2]), *row[3:7]), row[7]) for row in await rows.fetchall()
    ]


async def clear_versions(tx: Connection) -> list[tuple[int, int, str, str]]:
    """(release id, version, document, note) of what waits in the clear, under lock."""
    rows = await tx.execute(
        "SELECT release_id, version, document::text, note FROM release_version"
        " WHERE sequence IS NULL AND sealed IS NULL AND act IN ('publish', 'correct', 'add')"
        " ORDER BY release_id, version FOR UPDATE"
    )
    return await rows.fetchall()


async def clear_decisions(tx: Connection) -> list[tuple[int, Decision]]:
    """(release id, decision) with a clear note, of releases that were never public, under lock."""
    rows = await tx.execute(
        "SELECT d.release_id, d.id, d.version, d.move, '', '', d.note, d.at FROM decision d"
        " WHERE d.note <> '' AND NOT EXISTS (SELECT 1 FROM release_version v"
        "   WHERE v.release_id = d.release_id AND v.sequence IS NOT NULL)"
        " ORDER BY d.id FOR UPDATE"
    )
    return [
        (row[0], Decision(row[1], row[2], Move(row[3]), *row[4:])) for row in await rows.fetchall()
    ]


async def seal_version(tx: Connection, release_id: int, version: int, sealed: bytes) -> None:
    """Put a seal in the place of the clear text of a version that is not public."""
    await tx.execute(
        "UPDATE release_version SET document = NULL, note = '', sealed = %s"
        " WHERE release_id = %s AND version = %s AND sequence IS NULL",
        (sealed, release_id, version),
    )


async def seal_decision(tx: Connection, decision_id: int, sealed: bytes) -> None:
    """Put a seal in the place of a decision's clear note."""
    await tx.execute(
        "UPDATE decision SET note = '', sealed = %s WHERE id = %s", (sealed, decision_id)
    )
