"""What stands in a document of a feed: its entries, and its neighbours in the archive.

The archive (RFC 5005, section 4) is cut by sequence numbers: part n holds what stands in the feed
of numbers n * ITEMS + 1 to (n + 1) * ITEMS. A part is there once the wire is past it, and its
address and its neighbours stay. The newest document holds the last ITEMS, so that it and the
parts below it leave nothing out.
"""

from tidewire.channels.known_feeds import Known, no_feed
from tidewire.formats.feeds import Place
from tidewire.model.release import Edition
from tidewire.store import feed_entries
from tidewire.store.database import Connection

ITEMS = 50  # in one document


async def newest(tx: Connection, feed: Known) -> tuple[list[Edition], Place]:
    """The newest document of a feed."""
    found = await feed_entries.newest(tx, feed.filing, ITEMS)
    older = None
    if len(found) == ITEMS:
        older = await feed_entries.nearest(tx, feed.filing, below=found[-1].sequence)
    return found, Place(older=part_of(older))


async def archived(
    tx: Connection, feed: Known, part: int, head: int
) -> tuple[list[Edition], Place]:
    """A part of a feed's archive. Raises NotFound where the wire is not past it."""
    after, last = part * ITEMS, (part + 1) * ITEMS
    if part < 0 or last > head:
        raise no_feed()
    found = await feed_entries.between(tx, feed.filing, after, last)
    older = await feed_entries.nearest(tx, feed.filing, below=after + 1)
    newer = await feed_entries.nearest(tx, feed.filing, above=last)
    if newer is not None and newer > head - head % ITEMS:
        newer = None  # what follows is not closed yet: it stands in the newest document
    return found, Place(part, part_of(older), part_of(newer))


def part_of(sequence: int | None) -> int | None:
    """The number of the part of the archive that a sequence number lies in; None of none."""
    return None if sequence is None else (sequence - 1) // ITEMS
