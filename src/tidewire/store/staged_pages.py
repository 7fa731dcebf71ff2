"""What was made of pages before their moment: sealed, kept until the page is done."""

import random
from collections.abc import Collection, Mapping

from tidewire.model.delivery import ChannelCode
from tidewire.store.database import Connection
from tidewire.store.pages import Page

LOCK = 0x7061  # the class of our advisory locks: a row lock would hold the moment up
SOME = 64  # pages that are looked at for one that nobody prepares

_OPEN = """
    FROM page p JOIN unnest(%(languages)s::text[], %(fingerprints)s::bytea[])
      AS f (language, fingerprint) ON f.language = p.language
    LEFT JOIN staged_page s ON s.page_id = p.id
    WHERE p.release_id = %(release)s AND p.version = %(version)s AND p.state = 0
      AND p.channel = ANY(%(channels)s) AND (s.page_id IS NULL OR s.fingerprint <> f.fingerprint)
"""


async def take_unprepared(
    tx: Connection,
    release_id: int,
    version: int,
    channels: Collection[ChannelCode],
    fingerprints: Mapping[str, bytes],
) -> Page | None:
    """A staged page that is not prepared for these fingerprints (by language), or None.

    It is ours to the end of the transaction; the moment may go over it all the same.
    """
    values = {
        "release": release_id,
        "version": version,
        "channels": [int(channel) for channel in channels],
        "languages": list(fingerprints),
        "fingerprints": list(fingerprints.values()),
        "some": SOME,
    }
    query = f"SELECT p.id, p.channel, p.language {_OPEN} ORDER BY p.id LIMIT %(some)s"
    found = await (await tx.execute(query.encode(), values)).fetchall()
    random.shuffle(found)
    for page_id, channel, language in found:
        if await _lock(tx, page_id):
            still = f"SELECT 1 {_OPEN} AND p.id = %(id)s".encode()
            if await (await tx.execute(still, values | {"id": page_id})).fetchone():
                return Page(page_id, release_id, version, ChannelCode(channel), language)
    return None


async def _lock(tx: Connection, page_id: int) -> bool:
    found = await tx.execute(
        "SELECT pg_try_advisory_xact_lock(%s::bigint << 40 | %s)", (LOCK, page_id)
    )
    row = await found.fetchone()
    return bool(row and row[0])


async def write(tx: Connection, page_id: int, fingerprint: bytes, sealed: bytes) -> None:
    """Keep what was made of a page, in the place of what was made before."""
    await tx.execute(
        "INSERT INTO staged_page (page_id, fingerprint, sealed) VALUES (%s, %s, %s)"
        " ON CONFLICT (page_id) DO UPDATE"
        " SET fingerprint = EXCLUDED.fingerprint, sealed = EXCLUDED.sealed",
        (page_id, fingerprint, sealed),
    )


async def read(tx: Connection, page_id: int) -> tuple[bytes, bytes] | None:
    """(fingerprint, sealed) of what was made of a page."""
    found = await tx.execute(
        "SELECT fingerprint, sealed FROM staged_page WHERE page_id = %s", (page_id,), binary=True
    )
    row = await found.fetchone()
    return (bytes(row[0]), bytes(row[1])) if row else None


async def drop(tx: Connection, page_id: int) -> None:
    """The page is done."""
    await tx.execute("DELETE FROM staged_page WHERE page_id = %s", (page_id,))
