"""Seal what waits in the clear: rows from before there was a vault. Done when a program starts."""

import structlog

from tidewire.store import sealed_texts
from tidewire.store.database import Database
from tidewire.store.editions import read_document
from tidewire.vault.text import Text
from tidewire.vault.vault import Vault

log = structlog.get_logger()


async def seal_what_waits(database: Database, vault: Vault) -> int:
    """Seal every text and note that is not public and stands in the clear; returns how many.

    Raises CannotOpen without the right master key.
    """
    async with database.transaction() as tx:
        versions = await sealed_texts.clear_versions(tx)
        for release_id, version, document, note in versions:
            text = Text(read_document(document), note)
            sealed = await vault.seal_text(tx, release_id, version, text)
            await sealed_texts.seal_version(tx, release_id, version, sealed)
        decisions = await sealed_texts.clear_decisions(tx)
        for release_id, decision in decisions:
            sealed = await vault.seal_note(tx, release_id, decision)
            await sealed_texts.seal_decision(tx, decision.id, sealed)
    done = len(versions) + len(decisions)
    if done:
        advice = "Run VACUUM FULL on the database, and delete backups that are older than this."
        log.warning("sealed what stood in the clear", texts=done, advice=advice)
    return done
