"""Drafts of translators. What they say is under seal: `Vault` opens it."""

from dataclasses import dataclass
from datetime import datetime

from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """What was saved last for one language of a release."""

    release_id: int
    language: str
    sealed: bytes
    saved_at: datetime


async def find(tx: Connection, release_id: int, language: str) -> SavedDraft | None:
    """The draft in this language."""
    row = await (
        await tx.execute(
            "SELECT sealed, saved_at FROM translation_draft"
            " WHERE release_id = %s AND language = %s",
            (release_id, language),
        )
    ).fetchone()
    return SavedDraft(release_id, language, bytes(row[0]), row[1]) if row else None


async def put(tx: Connection, draft: SavedDraft) -> None:
    """Store it in the place of the one before."""
    await tx.execute(
        "INSERT INTO translation_draft (release_id, language, sealed, saved_at)"
        " VALUES (%s, %s, %s, %s) ON CONFLICT (release_id, language)"
        " DO UPDATE SET sealed = EXCLUDED.sealed, saved_at = EXCLUDED.saved_at",
        (draft.release_id, draft.language, draft.sealed, draft.saved_at),
    )


async def drop(tx: Connection, release_id: int, languages: list[str] | None = None) -> None:
    """Forget those in these languages; None: all."""
    await tx.execute(
        "DELETE FROM translation_draft WHERE release_id = %(release)s"
        " AND (%(languages)s::text[] IS NULL OR language = ANY(%(languages)s::text[]))",
        {"release": release_id, "languages": languages},
    )
