"""The webhook channel: one signed HTTPS POST for every delivery."""

import asyncio
from asyncio import Semaphore
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from weakref import WeakValueDictionary

import aiohttp
from yarl import URL

from tidewire.channels.channel import ChannelContext
from tidewire.channels.webhook.answer import outcome_of_answer, outcome_of_failure
from tidewire.channels.webhook.egress import GuardedResolver
from tidewire.channels.webhook.settings import WebhookSettings
from tidewire.channels.webhook.signature import SigningKey, sign, signing_keys
from tidewire.formats.wire_item import wire_json
from tidewire.model.delivery import (
    ChannelCode,
    Deferred,
    Outcome,
    Outgoing,
    Receipt,
    read_delivery_key,
)
from tidewire.model.errors import WireError
from tidewire.model.release import Edition

ANSWER_BYTES = 4096
ANSWER_SECONDS = 2.0
# Long enough for the next of many endpoints on one host; short, for every idle connection
# holds a file, and hosts close theirs just as we write.
IDLE_SECONDS = 2.0
PER_ENDPOINT = 2
PER_HOST = 8
BODIES = 16


class WebhookChannel:
    """Sends webhooks after Standard Webhooks 1.0.

    The body is the wire's JSON item (formats.wire_item) for media in the reader's language, signed
    over the exact bytes that are sent: Ed25519 (`v1a`) with the key that is published at
    /.well-known/tidewire-webhook-keys.json, or HMAC (`v1`) where the endpoint has a secret.
    `webhook-id` is the same at every try of a delivery; a try whose forerunner may have
    arrived unseen carries `tidewire-repeat: 1`. Redirects are not followed; of an answer at
    most 4 KB are read, and none is kept.
    """

    code = ChannelCode.WEBHOOK

    def __init__(self, context: ChannelContext) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        self._context = context
        self._settings = WebhookSettings.of(context.environment)
        self._trust = self._settings.trust()
        self._http: aiohttp.ClientSession | None = None
        self._resolver: GuardedResolver | None = None
        self._bodies: OrderedDict[tuple[Edition, str], bytes] = OrderedDict()
        # Slots live as long as someone holds or awaits them.
        self._endpoints: WeakValueDictionary[int, Semaphore] = WeakValueDictionary()
        self._hosts: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()
        self._all = Semaphore(self._settings.concurrency)

    def host(self, address: str) -> str:
        """The host name of the URL, in lower case; "" where it is none."""
        try:
            return (URL(address).raw_host or "").lower()
        except ValueError:
            return ""

    def prepare(
        self,
        edition: Edition,  # noqa: ARG002
        language: str,  # noqa: ARG002
        deliveries: Sequence[Outgoing],  # noqa: ARG002
    ) -> bytes:
        """Nothing yet."""
        return b""

    async def warm(self, edition: Edition, language: str, addresses: Sequence[str]) -> None:
        """Nothing yet."""

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
            for delivery in deliveries:
                yield self._receipt(delivery, _our_fault(error))
            return
        receipts: asyncio.Queue[Receipt] = asyncio.Queue()
        tries = {
            asyncio.create_task(self._try(edition.ref, body, keys, delivery, receipts))
            for delivery in deliveries
        }
        try:
            for _ in deliveries:
                yield await receipts.get()
        finally:
            for task in tries:
                task.cancel()
            await asyncio.gather(*tries, return_exceptions=True)

    async def close(self) -> None:
        """Let connections and the resolver's threads go."""
        if self._http is not None:
            await self._http.close()
            self._http = None
        if self._resolver is not None:
            await self._resolver.close()
            self._resolver = None

    def _body(self, edition: Edition, language: str) -> bytes:
        """The JSON item, rendered once for each edition and language."""
        body = self._bodies.get((edition, language))
        if body is None:
            body = wire_json(edition, language, self._context.base_url, audience="media")
            self._bodies[edition, language] = body
            if len(self._bodies) > BODIES:
                self._bodies.popitem(last=False)
        return body

    def _receipt(self, delivery: Outgoing, outcome: Outcome) -> Receipt:
        at = self._context.clock.now()
        return Receipt(delivery.endpoint_id, delivery.attempt, outcome, at)

    async def _try(
        self,
        ref: str,
        body: bytes,
        keys: Sequence[SigningKey],
        delivery: Outgoing,
        receipts: asyncio.Queue[Receipt],
    ) -> None:
        """One try within its slots: waiting for a slow host's slot holds nobody else's."""
        host = self.host(delivery.address)
        endpoint_slot = self._endpoints.setdefault(delivery.endpoint_id, Semaphore(PER_ENDPOINT))
        host_slot = self._hosts.setdefault(host, Semaphore(PER_HOST))
        async with endpoint_slot, host_slot, self._all:
            try:
                outcome = await self._post(ref, body, keys, delivery)
            except Exception as error:
                outcome = outcome_of_failure(error)
        receipts.put_nowait(self._receipt(delivery, outcome))

    async def _post(
        self, ref: str, body: bytes, keys: Sequence[SigningKey], delivery: Outgoing
    ) -> Outcome:
        self._settings.egress.check_url(delivery.address)
        now = self._context.clock.now()
        headers = sign(
            body,
            message_id=message_id(ref, delivery.key),
            at=now,
            secret=delivery.secret,
            keys=keys,
        )
        if delivery.repeat:
            headers["tidewire-repeat"] = "1"
        async with self._session().post(
            # As it was given: an outlet may have signed the path and query itself.
            URL(delivery.address, encoded=True),
            data=body,
            headers=headers,
            allow_redirects=False,
        ) as answer:
            outcome = outcome_of_answer(answer.status, answer.headers, self._context.clock.now())
            await _drain(answer)
            return outcome

    def _session(self) -> aiohttp.ClientSession:
        if self._http is None:
            egress = self._settings.egress
            self._resolver = GuardedResolver(egress)
            self._http = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0,  # the slots above are the limit
                    keepalive_timeout=IDLE_SECONDS,
                    ssl=self._trust,
                    resolver=self._resolver,
                    socket_factory=egress.socket,
                ),
                timeout=aiohttp.ClientTimeout(
                    total=self._settings.timeout, sock_connect=self._settings.timeout * 2 / 3
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                headers={
                    "Content-Type": "application/json",
                    "User-Agent": f"Tidewire (+{self._context.base_url})",
                },
            )
        return self._http


def message_id(ref: str, key: str) -> str:
    """The `webhook-id` of the delivery `key` of the release `ref`: the same at every try.

    It holds no full stop, which parts the signed text in the standard; the ref makes it
    unique in the world.
    """
    _, version, endpoint_id = read_delivery_key(key)
    return f"msg_{ref}_{version}_{endpoint_id}"


async def _drain(answer: aiohttp.ClientResponse) -> None:
    """Read a short answer to its end, so that the connection can serve again; drop a long one.

    The status line has decided already: nothing that happens here changes the outcome.
    """
    left = ANSWER_BYTES
    with suppress(aiohttp.ClientError, OSError):
        async with asyncio.timeout(ANSWER_SECONDS):
            while left > 0 and (block := await answer.content.read(left)):
                left -= len(block)
    if not answer.content.at_eof():
        answer.close()


def _our_fault(error: Exception) -> Deferred:
    """Nothing could be sent: the text or the keys are at fault, no host is."""
    detail = error.message if isinstance(error, WireError) else type(error).__name__
    return Deferred(0, f"our own fault: {detail}", blame_host=False)
