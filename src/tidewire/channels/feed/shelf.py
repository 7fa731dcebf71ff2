"""What stands in a document of a feed: its entries, and its neighbours in the archive.

The archive (RFC 5005, section 4) is cut by sequence numbers: part n holds what stands in the feed
of numbers n * ITEMS + 1 to (n + 1) * ITEMS. A part is there once the wire is past it, and its
address and its neighbours stay. The newest document holds the last ITEMS, so that it and the
parts below it leave nothing out.
"""

from dataclasses import dataclass

from tidewire.formats.feed_names import By, FeedName, read_name
from tidewire.formats.feeds import Place
from tidewire.languages import KNOWN_15
from tidewire.languages.regions import within
from tidewire.model.errors import NotFound
from tidewire.model.release import Edition
from tidewire.store import accounts, circuits, feed_entries
from tidewire.store.database import Connection
from tidewire.store.feed_entries import Filing

ITEMS = 50  # in one document


@dataclass(frozen=True, slots=True)
class Known:
    """A feed that there is: how it is filed, and what its issuer or circuit is called."""

    name: FeedName
    filing: Filing
    label: str = ""


async def known(tx: Connection, text: str) -> Known:
    """The feed of this name. Raises NotFound where there is none."""
    name = read_name(text)
    if name is None:
        raise no_feed()
    match name.by:
        case By.SECTOR:
            return Known(name, Filing(name.language, sectors=(name.value,)))
        case By.COUNTRY:
            return Known(name, Filing(name.language, places=tuple(sorted(within(name.value)))))
        case By.ISSUER:
            issuer = await accounts.find_issuer(tx, name.value)
            if issuer is not None:
                return Known(name, Filing(name.language, issuer=issuer.slug), issuer.name)
            raise no_feed()
        case By.CIRCUIT:
            circuit = await circuits.find(tx, name.value)
            if circuit is not None:
                sectors = tuple(sorted(circuit.sectors))
                return Known(name, Filing(name.language, sectors, circuit=circuit.name))
            raise no_feed()
    return Known(name, Filing(name.language))


async def newest(tx: Connection, feed: Known) -> tuple[list[Edition], Place]:
    """The newest document of a feed. Raises NotFound where nobody writes its language."""
    found = await feed_entries.newest(tx, feed.filing, ITEMS)
    if not found and feed.name.language not in KNOWN_15:
        raise no_feed()
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


def no_feed() -> NotFound:
    """The answer to a name, a format or a part that no feed has."""
    return NotFound(
        "There is no such feed.",
        "Feeds are named by a language and, if you want one, a sector, country, issuer or"
        " circuit: /feeds/de.atom, /feeds/de/technology.rss, /feeds/de/country/AT.json; the"
        " formats are atom, rss and json.",
    )
