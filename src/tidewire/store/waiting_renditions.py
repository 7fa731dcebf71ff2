"""Renditions that wait for approval. What they say is under seal: `Vault` opens it."""

from dataclasses import dataclass
from datetime import datetime

from tidewire.model.rendition import Hand
from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class WaitingRendition:
    """One that waits; `by` is the account that handed it in."""

    release_id: int
    language: str
    hand: Hand
    received_at: datetime
    by: str
    sealed: bytes


async def put(tx: Connection, waiting: WaitingRendition, account_id: int) -> bool:
    """Store it in the place of one that waited in this language; True where there was one."""
    row = await (
        await tx.execute(
            "INSERT INTO waiting_rendition"
            " (release_id, language, hand, received_at, account_id, sealed)"
            " VALUES (%s, %s, %s, %s, %s, %s)"
            " ON CONFLICT (release_id, language) DO UPDATE SET hand = EXCLUDED.hand,"
            " received_at = EXCLUDED.received_at, account_id = EXCLUDED.account_id,"
            " sealed = EXCLUDED.sealed RETURNING xmax <> 0",
            (
                waiting.release_id,
                waiting.language,
                waiting.hand.value,
                waiting.received_at,
                account_id,
                waiting.sealed,
            ),
        )
    ).fetchone()
    assert row is not None
    return bool(row[0])


async def every(tx: Connection, release_id: int) -> list[WaitingRendition]:
    """All that wait for one release, in the order in which they came."""
    rows = await tx.execute(
        "SELECT w.release_id, w.language, w.hand, w.received_at, a.name, w.sealed"
        " FROM waiting_rendition w JOIN account a ON a.id = w.account_id"
        " WHERE w.release_id = %s ORDER BY w.received_at, w.language",
        (release_id,),
    )
    return [
        WaitingRendition(row[0], row[1], Hand(row[2]), row[3], row[4], bytes(row[5]))
        for row in await rows.fetchall()
    ]


async def drop(tx: Connection, release_id: int, languages: list[str] | None = None) -> None:
    """Forget those in these languages; None: all."""
    await tx.execute(
        "DELETE FROM waiting_rendition WHERE release_id = %(release)s"
        " AND (%(languages)s::text[] IS NULL OR language = ANY(%(languages)s::text[]))",
        {"release": release_id, "languages": languages},
    )
