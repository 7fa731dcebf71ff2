"""Feed documents: composed from what is public, and kept until the wire moves on."""

import asyncio
import gzip
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property, lru_cache, partial
from types import MappingProxyType

from tidewire.channels.feed.shelf import archived, newest
from tidewire.channels.known_feeds import Known, known
from tidewire.formats.feed_forms import WRITERS, write
from tidewire.formats.feeds import MEDIA_TYPES, Feed, Place, compose, feed_item
from tidewire.formats.site import entity_tag
from tidewire.model.release import Edition
from tidewire.store import editions
from tidewire.store.database import Connection, Database

KEPT_BYTES = 64 * 1024 * 1024  # of documents in memory
KEPT_ITEMS = 1000


@dataclass(frozen=True)
class FeedDocument:
    """One document in one format, at its own address `url`.

    `etag` is strong (RFC 9110 section 8.8.3), of the very bytes.
    """

    body: bytes
    media_type: str
    etag: str
    url: str
    hub_url: str  # "" for a part of the archive

    @cached_property
    def compressed(self) -> bytes:
        """The same as gzip (RFC 1952), always the same bytes."""
        return gzip.compress(self.body, 6, mtime=0)


@dataclass(frozen=True, slots=True)
class Composed:
    """One document of a feed in every format. `sequences`: from the newest item to the oldest.

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
        self._kept: OrderedDict[tuple[Known, bool, int | None], Composed] = OrderedDict()
        self._item = lru_cache(KEPT_ITEMS)(partial(feed_item, base_url=base_url))
        self._composing = asyncio.Lock()  # many readers come at once; one composes

    async def composed(
        self, name: str, *, summary: bool = False, archive: int | None = None
    ) -> Composed:
        """The feed "de" or "de/country/AT" now, or a part of its archive. Raises NotFound.

        With `summary` items are without their full text.
        """
        async with self._composing:
            async with self._database.transaction() as tx:
                await self._follow(tx)
                feed = await known(tx, name)  # circuits come and go
                key = (feed, summary, archive)
                if key in self._kept:
                    self._kept.move_to_end(key)
                    return self._kept[key]
                found, place = (
                    await newest(tx, feed)
                    if archive is None
                    else await archived(tx, feed, archive, self._head)
                )
            # Rendering fifty releases takes long enough to hold up whoever shares the loop.
            place = replace(place, summary=summary)
            composed = await asyncio.to_thread(self._compose, feed, found, place)
            self._kept[key] = composed
        while len(self._kept) > 1 and sum(map(_size, self._kept.values())) > KEPT_BYTES:
            self._kept.popitem(last=False)
        return composed

    async def _follow(self, tx: Connection) -> None:
        """Forget what was kept, once the wire has moved on."""
        head = await editions.head(tx)
        if head != self._head:
            last = await editions.wire(tx, head - 1, 1)
            self._kept.clear()
            self._head = head
            self._changed_at = last[0].published_at if last else None

    def _compose(self, known: Known, found: list[Edition], place: Place) -> Composed:
        items = [self._item(edition, known.name.language) for edition in found]
        feed = compose(known.name, items, self._base_url, label=known.label, place=place)
        documents = {form: _document(feed, form) for form in WRITERS}
        sequences = tuple(item.sequence for item in feed.items)
        return Composed(MappingProxyType(documents), sequences, self._changed_at)


def _document(feed: Feed, form: str) -> FeedDocument:
    body = write(feed, form)
    hub_url = "" if feed.archived else feed.hub_url
    return FeedDocument(body, MEDIA_TYPES[form], entity_tag(body), feed.urls[form], hub_url)


def _size(composed: Composed) -> int:
    return sum(len(document.body) for document in composed.documents.values())
