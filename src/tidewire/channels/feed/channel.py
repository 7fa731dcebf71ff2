"""The feed channel: a release is delivered where it can be read in the feed's documents."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from lxml import etree

from tidewire.channels.at_the_moment import AtTheMoment
from tidewire.channels.channel import ChannelContext
from tidewire.channels.feed.document import Composed, FeedDocuments
from tidewire.channels.feed.shelf import ITEMS
from tidewire.formats.atom import ATOM, TOMBSTONES
from tidewire.formats.feeds import NAMESPACE, entry_id, feeds_of
from tidewire.model.delivery import (
    Accepted,
    ChannelCode,
    Deferred,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
)
from tidewire.model.errors import NotFound
from tidewire.model.release import Edition
from tidewire.store import editions


@dataclass(frozen=True, slots=True)
class Standing:
    """What one feed shows of one release: its sequence number in each format, if any."""

    sequences: Mapping[str, int | None]
    full: bool  # the feed holds as many items as it may, all of them newer
    etags: tuple[str, ...]


class FeedChannel(AtTheMoment):
    """Composes the feeds as they stand, and looks whether the edition can be read there.

    An address is a feed's name: "de", "de/technology". The receipt carries the documents'
    ETags, by which what was seen can be told from what came later.
    """

    code = ChannelCode.FEED

    def __init__(self, context: ChannelContext) -> None:
        self._context = context
        self._feeds = FeedDocuments(context.database, context.base_url)

    def host(self, address: str) -> str:  # noqa: ARG002
        """No host is to blame: the feeds are our own."""
        return ""

    async def send(
        self,
        edition: Edition,
        language: str,  # noqa: ARG002 - a feed's address names its language
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",  # noqa: ARG002
    ) -> AsyncGenerator[Receipt]:
        """One receipt for each feed."""
        for delivery in deliveries:
            outcome = await self._outcome(edition, delivery.address)
            now = self._context.clock.now()
            yield Receipt(delivery.endpoint_id, delivery.attempt, outcome, now)

    async def close(self) -> None:
        """Nothing is held open."""

    async def _outcome(self, edition: Edition, name: str) -> Outcome:
        try:
            composed = await self._feeds.composed(name)
            async with self._context.database.transaction() as tx:
                newest = await editions.public_in(tx, edition.ref, name.partition("/")[0])
            seen = await asyncio.to_thread(standing, edition, name, composed)
            return judge(edition, newest, name, seen)
        except NotFound as error:
            return Refused(error.status, error.message)
        except Exception as error:
            return Deferred(503, type(error).__name__, blame_host=False)


def standing(edition: Edition, name: str, composed: Composed) -> Standing:
    """What the feed's own bytes say of the release."""
    wanted = entry_id(edition.ref, name.partition("/")[0])
    found = {
        form: sequences_in(document.body, form).get(wanted)
        for form, document in composed.documents.items()
    }
    full = len(composed.sequences) == ITEMS and min(composed.sequences) > (edition.sequence or 0)
    return Standing(found, full, tuple(d.etag for d in composed.documents.values()))


def judge(edition: Edition, newest: Edition | None, name: str, seen: Standing) -> Outcome:
    """The outcome for one feed, from what is public of the release and what the feed shows."""
    if edition.sequence is None or newest is None or (newest.sequence or 0) < edition.sequence:
        return Deferred(503, "not public yet", blame_host=False)
    shown = seen.sequences.values()
    if all(sequence is not None and sequence >= edition.sequence for sequence in shown):
        return Accepted(200, f"etag {' '.join(seen.etags)}")
    if all(sequence is None for sequence in shown):
        if name not in feeds_of(newest):
            return Accepted(200, f"no longer in this feed, etag {' '.join(seen.etags)}")
        if seen.full:
            return Accepted(200, f"{ITEMS} newer in this feed, etag {' '.join(seen.etags)}")
    return Deferred(503, "the feed does not show it yet", blame_host=False)


def sequences_in(body: bytes, form: str) -> dict[str, int]:
    """The id and the sequence number of every item in a feed document (atom, rss or json)."""
    if form == "json":
        items = msgspec.json.decode(body)["items"]
        return {item["id"]: item["_tidewire"]["sequence"] for item in items}
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    if form == "rss":
        return {i.findtext("guid", ""): _sequence(i) for i in root.iter("item")}
    found = {e.findtext(f"{{{ATOM}}}id", ""): _sequence(e) for e in root.iter(f"{{{ATOM}}}entry")}
    gone = root.iter(f"{{{TOMBSTONES}}}deleted-entry")
    return found | {e.get("ref", ""): _sequence(e) for e in gone}


def _sequence(element: etree._Element) -> int:
    return int(element.findtext(f"{{{NAMESPACE}}}sequence", "0"))
