"""The WebSub channel: to whoever subscribed to a feed, a document of it with what is new."""

import asyncio
import hashlib
import hmac
from collections import OrderedDict
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from tidewire.channels.at_the_moment import AtTheMoment
from tidewire.channels.channel import ChannelContext
from tidewire.channels.posting.post import Poster, fields_of
from tidewire.channels.posting.target import Target, host_of
from tidewire.channels.websub.address import callback_of, read
from tidewire.formats.addresses import hub_url
from tidewire.formats.feed_forms import write
from tidewire.formats.feed_names import By, FeedAddress
from tidewire.formats.feeds import MEDIA_TYPES, Place, compose, feed_item
from tidewire.model.delivery import ChannelCode, Outgoing, Receipt
from tidewire.model.release import Edition

KEPT = 500  # documents in memory

Documents = Mapping[FeedAddress, "Document"]


@dataclass(frozen=True, slots=True)
class Document:
    """What goes to every subscriber of one topic; `fields` are of the head."""

    body: bytes
    fields: bytes


class WebSubChannel(AtTheMoment):
    """Distributes content as W3C WebSub's section 7 says.

    An endpoint's address is a feed's document and a callback. The body is a document of that
    feed, in its own format, with the one entry that is new, changed or gone; `Link` names hub
    and topic; `X-Hub-Signature` is there for whoever gave a secret. 410 ends the subscription;
    what else an answer means, and redirects, are as with webhooks (posting).
    """

    code = ChannelCode.WEBSUB

    def __init__(self, context: ChannelContext) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        self._base_url = context.base_url
        self._poster = Poster(context.environment, context.clock, "websub")
        self._kept: OrderedDict[tuple[Edition, str, FeedAddress], Document] = OrderedDict()

    def host(self, address: str) -> str:
        """The callback's host name, in lower case; "" where it has none."""
        return host_of(callback_of(address))

    async def warm(
        self,
        edition: Edition,  # noqa: ARG002
        language: str,  # noqa: ARG002
        addresses: Sequence[str],
    ) -> None:
        """Open connections, for some seconds at most. Never raises, sends no request."""
        await self._poster.warm([callback_of(address) for address in addresses])

    async def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",  # noqa: ARG002
    ) -> AsyncGenerator[Receipt]:
        """Post to all callbacks at once; a receipt comes as soon as its callback answered."""
        try:
            documents = await asyncio.to_thread(self._documents, edition, language, deliveries)
        except Exception as error:
            for receipt in self._poster.our_fault(deliveries, error):
                yield receipt
            return

        def request(delivery: Outgoing, target: Target, again: bool) -> bytes:
            document = documents[read(delivery.address)[0]]
            own = b"tidewire-repeat: 1\r\n" if delivery.repeat or again else b""
            if delivery.secret:
                own += f"X-Hub-Signature: {signature(delivery.secret, document.body)}\r\n".encode()
            return b"".join((target.head, document.fields, own, b"\r\n", document.body))

        posting = self._poster.post(deliveries, lambda one: callback_of(one.address), request)
        async with aclosing(posting) as receipts:
            async for receipt in receipts:
                yield receipt

    async def close(self) -> None:
        """Let connections and the resolver's threads go."""
        await self._poster.close()

    def _documents(
        self, edition: Edition, language: str, deliveries: Sequence[Outgoing]
    ) -> Documents:
        """A document for each topic of these deliveries; an address that is none has none."""
        found: dict[FeedAddress, Document] = {}
        for delivery in deliveries:
            try:
                topic, _ = read(delivery.address)
            except ValueError:  # its own try will say so
                continue
            if topic not in found:
                found[topic] = self._document(edition, language, topic)
        return found

    def _document(self, edition: Edition, language: str, topic: FeedAddress) -> Document:
        """Rendered once for each edition, language and topic."""
        key = (edition, language, topic)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = self._made(edition, language, topic)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return kept

    def _made(self, edition: Edition, language: str, topic: FeedAddress) -> Document:
        label = edition.issuer_name if topic.name.by is By.ISSUER else ""
        item = feed_item(edition, language, self._base_url)
        place = Place(summary=topic.summary)
        feed = compose(topic.name, [item], self._base_url, label=label, place=place)
        body = write(feed, topic.form)
        links = f'<{hub_url(self._base_url)}>; rel="hub", <{topic.url(self._base_url)}>; rel="self"'
        fields = fields_of(body, MEDIA_TYPES[topic.form], self._base_url)
        return Document(body, fields + f"Link: {links}\r\n".encode("ascii"))


def signature(secret: str, body: bytes) -> str:
    """The value of X-Hub-Signature (WebSub, section 7.1): "sha256=" and hexadecimal."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
