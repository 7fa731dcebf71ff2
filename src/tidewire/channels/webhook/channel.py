"""The webhook channel: one signed HTTPS POST for every delivery."""

from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from tidewire.channels.at_the_moment import AtTheMoment
from tidewire.channels.channel import ChannelContext
from tidewire.channels.posting.post import Poster, fields_of
from tidewire.channels.posting.target import Target, host_of
from tidewire.channels.webhook.signature import SigningKey, sign, signing_keys
from tidewire.formats.wire_item import wire_json
from tidewire.model.delivery import ChannelCode, Outgoing, Receipt, read_delivery_key
from tidewire.model.release import Edition

BODIES = 16


class WebhookChannel(AtTheMoment):
    """Sends webhooks after Standard Webhooks 1.0.

    The body is the wire's JSON item (formats.wire_item) for media in the reader's language, signed
    over the exact bytes that are sent: Ed25519 (`v1a`) with the key that is published at
    /.well-known/tidewire-webhook-keys.json, or HMAC (`v1`) where the endpoint has a secret.
    `webhook-id` is the same at every try of a delivery; a try whose forerunner may have
    arrived unseen carries `tidewire-repeat: 1`. Redirects are not followed; of an answer at
    most 4 KB are read, and none is kept. Quick hosts are not held up by slow ones (lanes).
    Nothing is signed ahead, since a signature holds the time of its try.
    """

    code = ChannelCode.WEBHOOK

    def __init__(self, context: ChannelContext) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        self._context = context
        self._poster = Poster(context.environment, context.clock, "webhooks")
        self._bodies: OrderedDict[tuple[Edition, str], bytes] = OrderedDict()

    def host(self, address: str) -> str:
        """The host name of the URL, in lower case; "" where it is none."""
        return host_of(address)

    async def warm(
        self,
        edition: Edition,  # noqa: ARG002
        language: str,  # noqa: ARG002
        addresses: Sequence[str],
    ) -> None:
        """Open connections, for some seconds at most. Never raises, sends no request."""
        await self._poster.warm(addresses)

    async def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",  # noqa: ARG002
    ) -> AsyncGenerator[Receipt]:
        """Post to all endpoints at once; a receipt comes as soon as its endpoint answered."""
        try:
            body = self._body(edition, language)
            keys = signing_keys(self._context.keys, self._context.clock.now())
        except Exception as error:
            for receipt in self._poster.our_fault(deliveries, error):
                yield receipt
            return
        fields = fields_of(body, "application/json", self._context.base_url)

        def request(delivery: Outgoing, target: Target, again: bool) -> bytes:
            own = self._signed(edition.ref, delivery, body, keys, again=again)
            return b"".join((target.head, fields, own.encode("ascii"), b"\r\n", body))

        posting = self._poster.post(deliveries, lambda delivery: delivery.address, request)
        async with aclosing(posting) as receipts:
            async for receipt in receipts:
                yield receipt

    async def close(self) -> None:
        """Let connections and the resolver's threads go."""
        await self._poster.close()

    def _body(self, edition: Edition, language: str) -> bytes:
        """The JSON item, rendered once for each edition and language."""
        body = self._bodies.get((edition, language))
        if body is None:
            body = wire_json(edition, language, self._context.base_url, audience="media")
            self._bodies[edition, language] = body
            if len(self._bodies) > BODIES:
                self._bodies.popitem(last=False)
        return body

    def _signed(
        self, ref: str, delivery: Outgoing, body: bytes, keys: Sequence[SigningKey], *, again: bool
    ) -> str:
        """Signed at the last moment; the standard has receivers turn down old signatures."""
        headers = sign(
            body,
            message_id=message_id(ref, delivery.key),
            at=self._context.clock.now(),
            secret=delivery.secret,
            keys=keys,
        )
        if delivery.repeat or again:
            headers["tidewire-repeat"] = "1"
        return "".join(f"{name}: {value}\r\n" for name, value in headers.items())


def message_id(ref: str, key: str) -> str:
    """The `webhook-id` of the delivery `key` of the release `ref`: the same at every try.

    It holds no full stop, which parts the signed text in the standard; the ref makes it
    unique in the world.
    """
    _, version, endpoint_id = read_delivery_key(key)
    return f"msg_{ref}_{version}_{endpoint_id}"
