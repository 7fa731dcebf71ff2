"""Feeds that there are: what the name of one stands for, for whoever serves or sends them."""

from dataclasses import dataclass

from tidewire.formats.feed_names import By, FeedName, read_name
from tidewire.languages import KNOWN_15
from tidewire.languages.regions import within
from tidewire.model.errors import NotFound
from tidewire.store import accounts, circuits, feed_entries
from tidewire.store.database import Connection
from tidewire.store.feed_entries import Filing


@dataclass(frozen=True, slots=True)
class Known:
    """A feed that there is: how it is filed, and what its issuer or circuit is called."""

    name: FeedName
    filing: Filing
    label: str = ""


async def known(tx: Connection, text: str) -> Known:
    """The feed of this name. Raises NotFound where there is none, or nobody writes its language."""
    name = read_name(text)
    if name is None or not await _is_written(tx, name.language):
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


async def _is_written(tx: Connection, language: str) -> bool:
    return (
        language in KNOWN_15
        or await feed_entries.nearest(tx, Filing(language), above=0) is not None
    )


def no_feed() -> NotFound:
    """The answer to a name, a format or a part that no feed has."""
    return NotFound(
        "There is no such feed.",
        "Feeds are named by a language and, if you want one, a sector, country, issuer or"
        " circuit: /feeds/de.atom, /feeds/de/technology.rss, /feeds/de/country/AT.json; the"
        " formats are atom, rss and json.",
    )
