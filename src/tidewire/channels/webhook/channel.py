"""The webhook channel: one signed HTTPS POST for every delivery."""

import asyncio
from asyncio import Semaphore
from collections import OrderedDict
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakValueDictionary

import structlog
from yarl import URL

from tidewire.channels.channel import ChannelContext
from tidewire.channels.webhook.answer import outcome_of_answer, outcome_of_failure
from tidewire.channels.webhook.client import Client, Counts
from tidewire.channels.webhook.settings import WebhookSettings
from tidewire.channels.webhook.signature import SigningKey, sign, signing_keys
from tidewire.channels.webhook.target import Target, read_target
from tidewire.clock import stopwatch
from tidewire.formats.wire_item import wire_json
from tidewire.model.delivery import (
    ChannelCode,
    Deferred,
    Outcome,
    Outgoing,
    Receipt,
    read_delivery_key,
)
from tidewire.model.errors import BadInput, WireError
from tidewire.model.release import Edition
from tidewire.waiting import end_tasks

PER_ENDPOINT = 2
PER_HOST = 8
BODIES = 16
WARM_SECONDS = 4.0
TARGETS = 20_000

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class _Page:
    """What the tries of one send share."""

    ref: str
    body: bytes
    fields: bytes  # of the head, the same for all
    keys: Sequence[SigningKey]
    receipts: asyncio.Queue[Receipt] = field(default_factory=asyncio.Queue)
    counts: Counts = field(default_factory=Counts)


class WebhookChannel:
    """Sends webhooks after Standard Webhooks 1.0.

    The body is the wire's JSON item (formats.wire_item) for media in the reader's language, signed
    over the exact bytes that are sent: Ed25519 (`v1a`) with the key that is published at
    /.well-known/tidewire-webhook-keys.json, or HMAC (`v1`) where the endpoint has a secret.
    `webhook-id` is the same at every try of a delivery; a try whose forerunner may have
    arrived unseen carries `tidewire-repeat: 1`. Redirects are not followed; of an answer at
    most 4 KB are read, and none is kept. Quick hosts are not held up by slow ones (lanes).
    """

    code = ChannelCode.WEBHOOK

    def __init__(self, context: ChannelContext) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        self._context = context
        self._settings = WebhookSettings.of(context.environment)
        self._trust = self._settings.trust()
        self._http: Client | None = None
        self._target = lru_cache(TARGETS)(self._read_target)
        self._bodies: OrderedDict[tuple[Edition, str], bytes] = OrderedDict()
        # Slots live as long as someone holds or awaits them.
        self._endpoints: WeakValueDictionary[int, Semaphore] = WeakValueDictionary()
        self._hosts: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

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
        """Nothing: the body holds the sequence number, which is given at the moment.

        It is rendered once for all endpoints, and each signature holds the time of its try.
        """
        return b""

    async def warm(
        self,
        edition: Edition,  # noqa: ARG002
        language: str,  # noqa: ARG002
        addresses: Sequence[str],
    ) -> None:
        """Open connections, for WARM_SECONDS at most. Never raises, sends no request."""
        began = stopwatch()
        try:
            targets = [target for target in map(self._reachable, addresses) if target]
            ready = await self._client().warm(targets, seconds=WARM_SECONDS, per_host=PER_HOST)
        except Exception as error:
            log.warning("webhooks not warmed", error=type(error).__name__)
            return
        log.info(
            "webhooks warmed",
            origins=len({target.origin for target in targets}),
            ready=ready,
            seconds=round(stopwatch() - began, 3),
        )

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
        page = _Page(edition.ref, body, self._fields(body), keys)
        tries = {asyncio.create_task(self._try(page, delivery)) for delivery in deliveries}
        try:
            for _ in deliveries:
                yield await page.receipts.get()
        finally:
            await end_tasks(tries)
            _log_counts(page.counts, len(deliveries))

    async def close(self) -> None:
        """Let connections and the resolver's threads go."""
        if self._http is not None:
            await self._http.close()
            self._http = None

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

    async def _try(self, page: _Page, delivery: Outgoing) -> None:
        """One try within its slots: waiting for a slow host's slot holds nobody else's."""
        try:
            target = self._target(delivery.address)
            host = target.origin.host
            endpoint = self._endpoints.setdefault(delivery.endpoint_id, Semaphore(PER_ENDPOINT))
            host_slots = self._hosts.setdefault(host, Semaphore(PER_HOST))
            async with endpoint, host_slots:
                outcome = await self._post(page, delivery, target)
        except Exception as error:
            outcome = outcome_of_failure(error)
        page.receipts.put_nowait(self._receipt(delivery, outcome))

    async def _post(self, page: _Page, delivery: Outgoing, target: Target) -> Outcome:
        def request(again: bool) -> bytes:
            """Signed at the last moment; the standard has receivers turn down old signatures."""
            headers = sign(
                page.body,
                message_id=message_id(page.ref, delivery.key),
                at=self._context.clock.now(),
                secret=delivery.secret,
                keys=page.keys,
            )
            if delivery.repeat or again:
                headers["tidewire-repeat"] = "1"
            own = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            return b"".join((target.head, page.fields, own.encode("ascii"), b"\r\n", page.body))

        answer = await self._client().post(target, request, page.counts)
        return outcome_of_answer(answer.status, answer.retry_after, self._context.clock.now())

    def _fields(self, body: bytes) -> bytes:
        """The fields that all requests with this body have."""
        return (
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n"
            "Accept: */*\r\n"
            f"User-Agent: Tidewire (+{self._context.base_url})\r\n"
        ).encode("ascii")

    def _read_target(self, address: str) -> Target:
        self._settings.egress.check_url(address)
        return read_target(address)

    def _reachable(self, address: str) -> Target | None:
        try:
            return self._target(address)
        except BadInput:
            return None

    def _client(self) -> Client:
        if self._http is None:
            settings = self._settings
            self._http = Client(
                settings.egress,
                self._trust,
                seconds=settings.timeout,
                concurrency=settings.concurrency,
                connections=settings.connections,
            )
        return self._http


def message_id(ref: str, key: str) -> str:
    """The `webhook-id` of the delivery `key` of the release `ref`: the same at every try.

    It holds no full stop, which parts the signed text in the standard; the ref makes it
    unique in the world.
    """
    _, version, endpoint_id = read_delivery_key(key)
    return f"msg_{ref}_{version}_{endpoint_id}"


def _log_counts(counts: Counts, deliveries: int) -> None:
    log.info(
        "webhooks sent",
        deliveries=deliveries,
        kept=counts.kept,
        opened=counts.opened,
        again=counts.again,
    )


def _our_fault(error: Exception) -> Deferred:
    """Nothing could be sent: the text or the keys are at fault, no host is."""
    detail = error.message if isinstance(error, WireError) else type(error).__name__
    return Deferred(0, f"our own fault: {detail}", blame_host=False)
