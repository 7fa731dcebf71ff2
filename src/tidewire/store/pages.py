"""Pages of deliveries: written by the plan, claimed under a lease, done."""

from dataclasses import dataclass
from datetime import datetime

from tidewire.model.delivery import ChannelCode, PageState
from tidewire.store.database import Connection

OFTEN = 5  # a page that was claimed more often gives way to all others


@dataclass(frozen=True, slots=True)
class Page:
    """A run of deliveries of one edition, on one channel, in one language.

    `claim` counts how often it was claimed: whoever holds the newest claim holds the page.
    """

    id: int
    release_id: int
    version: int
    channel: ChannelCode
    language: str
    claim: int = 0


async def add_page(
    tx: Connection, page: Page, *, size: int, state: PageState, due_at: datetime | None
) -> int:
    """Store a page (its `id` is ignored) and return its id."""
    row = await (
        await tx.execute(
            "INSERT INTO page (release_id, version, channel, language, size, state, due_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s) RETURNING id",
            (
                page.release_id, page.version, int(page.channel), page.language, size, int(state),
                due_at,
            ),
        )
    ).fetchone()  # fmt: skip
    assert row is not None
    return int(row[0])


async def claim(
    tx: Connection, channel: ChannelCode, owner: str, now: datetime, lease_until: datetime
) -> Page | None:
    """Take the page that is due longest, or one whose worker let its lease run out.

    A later version waits while an earlier one of the same release is being sent, so that a
    correction or kill is always the last word. Pages that were claimed often come last, and
    those that another worker has spoken for come after one's own.
    """
    row = await (
        await tx.execute(
            "UPDATE page SET state = 2, lease_owner = %s, lease_until = %s, claims = claims + 1"
            " WHERE id = (SELECT p.id FROM page p WHERE channel = %s AND"
            "   ((state = 1 AND due_at <= %s) OR (state = 2 AND lease_until < %s))"
            "   AND NOT EXISTS (SELECT 1 FROM page e WHERE e.release_id = p.release_id"
            "     AND e.version < p.version AND e.state = 2 AND e.lease_until >= %s)"
            "   ORDER BY claims > %s, state = 1 AND lease_owner <> %s, due_at, id LIMIT 1"
            "   FOR UPDATE OF p SKIP LOCKED)"
            " RETURNING id, release_id, version, channel, language, claims",
            (owner, lease_until, int(channel), now, now, now, OFTEN, owner),
        )
    ).fetchone()
    if row is None:
        return None
    return Page(row[0], row[1], row[2], ChannelCode(row[3]), row[4], row[5])


async def speak_for(
    tx: Connection, release_id: int, version: int, channel: ChannelCode, owner: str
) -> Page | None:
    """Speak for a staged page that no worker has opened connections for, or None."""
    row = await (
        await tx.execute(
            "UPDATE page SET lease_owner = %s WHERE id = (SELECT id FROM page"
            "   WHERE release_id = %s AND version = %s AND channel = %s AND state = 0"
            "   AND lease_owner IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)"
            " RETURNING id, language",
            (owner, release_id, version, int(channel)),
        )
    ).fetchone()
    return Page(row[0], release_id, version, channel, row[1]) if row else None


async def extend(tx: Connection, page: Page, lease_until: datetime) -> bool:
    """Set when the lease ends; False where the page was claimed again meanwhile."""
    done = await tx.execute(
        "UPDATE page SET lease_until = %s WHERE id = %s AND claims = %s AND state = 2",
        (lease_until, page.id, page.claim),
    )
    return done.rowcount == 1


async def finish(tx: Connection, page: Page) -> bool:
    """Close the page; False where it was claimed again, or a delivery of it is still open."""
    done = await tx.execute(
        "UPDATE page SET state = 3, lease_until = NULL WHERE id = %s AND claims = %s"
        " AND NOT EXISTS (SELECT 1 FROM delivery WHERE page_id = page.id AND state IN (0, 1))",
        (page.id, page.claim),
    )
    return done.rowcount == 1
