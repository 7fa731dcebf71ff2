"""IPTC Media Topics as they were imported: which there are, and what is above them.

The key is the topic's URI; elsewhere topics go by their qcodes ("medtop:04000000").
"""

from collections.abc import Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from tidewire.model.media_topics import SHIPPED, MediaTopic, MediaTopics, qcode, uri
from tidewire.store.database import Connection


async def replace(tx: Connection, topics: Sequence[MediaTopic], now: datetime) -> None:
    """Put these topics in the place of all that there are."""
    await tx.execute("LOCK TABLE media_topic IN SHARE ROW EXCLUSIVE MODE")
    await tx.execute("DELETE FROM media_topic")
    async with tx.cursor() as cursor:
        await cursor.executemany(
            "INSERT INTO media_topic (uri, parents, retired, replaced_by, labels, imported_at)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            [
                (
                    uri(topic.code),
                    [uri(code) for code in topic.parents],
                    topic.retired,
                    [uri(code) for code in topic.replaced_by],
                    Jsonb(dict(topic.labels)),
                    now,
                )
                for topic in topics
            ],
        )


async def every(tx: Connection, *, labels: bool = False) -> MediaTopics:
    """All topics that are known: those that ship, and what was imported; without their labels."""
    told = "labels" if labels else "'{}'::jsonb"
    found = await tx.execute(
        f"SELECT uri, parents, retired, replaced_by, {told} FROM media_topic ORDER BY uri".encode()
    )
    rows = await found.fetchall()
    if not rows:
        return SHIPPED
    return SHIPPED.with_others(
        MediaTopic(_code(key), tuple(map(_code, parents)), retired, tuple(map(_code, heirs)), said)
        for key, parents, retired, heirs, said in rows
    )


async def imported_at(tx: Connection) -> datetime | None:
    """When topics were imported last; None where they never were."""
    found = await tx.execute("SELECT imported_at FROM media_topic LIMIT 1")
    row = await found.fetchone()
    return row[0] if row else None


def _code(key: str) -> str:
    return qcode(key) or key
