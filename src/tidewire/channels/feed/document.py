"""Feed documents: composed from what is public, and kept until the wire moves on."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial
from types import MappingProxyType

from tidewire.formats.atom import atom
from tidewire.formats.feeds import MEDIA_TYPES, Feed, compose, feed_item
from tidewire.formats.json_feed import json_feed
from tidewire.formats.rss import rss
from tidewire.formats.site import entity_tag
from tidewire.languages import KNOWN_15, is_language
from tidewire.model.errors import NotFound
from tidewire.model.release import Edition
from tidewire.model.sectors import SECTORS
from tidewire.store import editions
from tidewire.store.database import Connection, Database

ITEMS = 50  # in one feed
KEPT_BYTES = 64 * 1024 * 1024  # of documents in memory
KEPT_ITEMS = 1000

FORMATS: Mapping[str, Callable[[Feed], bytes]] = MappingProxyType(
    {"atom": atom, "rss": rss, "json": json_feed}
)


@dataclass(frozen=True, slots=True)
class FeedDocument:
    """One feed in one format. `etag` is strong (RFC 9110 §8.8.3), of the very bytes."""

    body: bytes
    media_type: str
    etag: str


@dataclass(frozen=True, slots=True)
class Composed:
    """One feed in every format. `sequences`: from the newest item to the oldest.

    `changed_at` is when the wire last moved, None before its first edition.
    """

    documents: Mapping[str, FeedDocument]
    sequences: tuple[int, ...]
    changed_at: datetime | None


class FeedDocuments:
    """The feeds as they stand at the head of the wire."""

    def __init__(self, database: Database, base_url: str) -> None:
        self._database = database
        self._base_url = base_url
        self._head = -1
        self._changed_at: datetime | None = None
        self._kept: OrderedDict[str, Composed] = OrderedDict()
        self._item = lru_cache(KEPT_ITEMS)(partial(feed_item, base_url=base_url))
        self._composing = asyncio.Lock()  # many readers come at once; one composes

    async def composed(self, name: str) -> Composed:
        """The feed "de" or "de/technology" now. Raises NotFound where there is no such feed."""
        language, sector = _read_name(name)
        async with self._composing:
            async with self._database.transaction() as tx:
                await self._follow(tx)
                if name in self._kept:
                    self._kept.move_to_end(name)
                    return self._kept[name]
                found = await editions.latest(tx, language=language, sector=sector, limit=ITEMS)
            if not found and language not in KNOWN_15:
                raise no_feed()
            # Rendering fifty releases takes long enough to hold up whoever shares the loop.
            composed = await asyncio.to_thread(self._compose, name, language, found)
            return self._keep(name, composed)

    async def _follow(self, tx: Connection) -> None:
        """Forget what was kept, once the wire has moved on."""
        head = await editions.head(tx)
        if head != self._head:
            newest = await editions.wire(tx, head - 1, 1)
            self._kept.clear()
            self._head = head
            self._changed_at = newest[0].published_at if newest else None

    def _compose(self, name: str, language: str, found: list[Edition]) -> Composed:
        feed = compose(name, [self._item(e, language) for e in found], self._base_url)
        documents = {form: _document(form, make(feed)) for form, make in FORMATS.items()}
        sequences = tuple(item.sequence for item in feed.items)
        return Composed(MappingProxyType(documents), sequences, self._changed_at)

    def _keep(self, name: str, composed: Composed) -> Composed:
        self._kept[name] = composed
        while len(self._kept) > 1 and sum(map(_size, self._kept.values())) > KEPT_BYTES:
            self._kept.popitem(last=False)
        return composed


def _read_name(name: str) -> tuple[str, str | None]:
    """(language, sector) of a feed's name. Raises NotFound."""
    language, slash, sector = name.partition("/")
    if not is_language(language) or (slash and sector not in SECTORS):
        raise no_feed()
    return language, sector or None


def no_feed() -> NotFound:
    """The answer to a name or format that no feed has."""
    return NotFound(
        "There is no such feed.",
        "Feeds are named by a language and, if you want one, a sector, such as"
        " /feeds/de.atom or /feeds/de/technology.rss; the formats are atom, rss and json.",
    )


def _document(form: str, body: bytes) -> FeedDocument:
    return FeedDocument(body, MEDIA_TYPES[form], entity_tag(body))


def _size(composed: Composed) -> int:
    return sum(len(document.body) for document in composed.documents.values())
