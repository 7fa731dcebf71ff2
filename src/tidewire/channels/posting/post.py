"""Post a page of deliveries to all its endpoints at once, each within its turn."""

import asyncio
from asyncio import Semaphore
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from weakref import WeakValueDictionary

import structlog

from tidewire.channels.egress import Egress
from tidewire.channels.posting.answer import outcome_of_answer, outcome_of_failure
from tidewire.channels.posting.client import Client, Counts
from tidewire.channels.posting.settings import PostingSettings
from tidewire.channels.posting.target import Target, read_target
from tidewire.clock import Clock, stopwatch
from tidewire.model.delivery import Deferred, Outcome, Outgoing, Receipt
from tidewire.model.errors import BadInput, WireError
from tidewire.waiting import end_tasks

PER_ENDPOINT = 2
PER_HOST = 8
WARM_SECONDS = 4.0
TARGETS = 20_000

log = structlog.get_logger()

# Makes the bytes of a request: for a delivery, to its target, `again` over a new connection.
Request = Callable[[Outgoing, Target, bool], bytes]


@dataclass(frozen=True, slots=True)
class _Page:
    """What the tries of one page share."""

    address: Callable[[Outgoing], str]
    request: Request
    receipts: asyncio.Queue[Receipt] = field(default_factory=asyncio.Queue)
    counts: Counts = field(default_factory=Counts)


class Poster:
    """Posts for one channel; `what` is what it calls its messages in logs."""

    def __init__(self, environment: Mapping[str, str], clock: Clock, what: str) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        self._clock = clock
        self._what = what
        self._settings = PostingSettings.of(environment)
        self._trust = self._settings.trust()
        self._http: Client | None = None
        self._target = lru_cache(TARGETS)(self._read_target)
        # Slots live as long as someone holds or awaits them.
        self._endpoints: WeakValueDictionary[int, Semaphore] = WeakValueDictionary()
        self._hosts: WeakValueDictionary[str, Semaphore] = WeakValueDictionary()

    @property
    def egress(self) -> Egress:
        """The guard that everything passes."""
        return self._settings.egress

    async def warm(self, addresses: Sequence[str]) -> None:
        """Open connections, for WARM_SECONDS at most. Never raises, sends no request."""
        began = stopwatch()
        try:
            targets = [target for target in map(self._reachable, addresses) if target]
            ready = await self._client().warm(targets, seconds=WARM_SECONDS, per_host=PER_HOST)
        except Exception as error:
            log.warning(f"{self._what} not warmed", error=type(error).__name__)
            return
        log.info(
            f"{self._what} warmed",
            origins=len({target.origin for target in targets}),
            ready=ready,
            seconds=round(stopwatch() - began, 3),
        )

    async def post(
        self,
        deliveries: Sequence[Outgoing],
        address: Callable[[Outgoing], str],
        request: Request,
    ) -> AsyncGenerator[Receipt]:
        """Post each to its `address`; a receipt comes as soon as its endpoint answered."""
        page = _Page(address, request)
        tries = {asyncio.create_task(self._try(page, delivery)) for delivery in deliveries}
        try:
            for _ in deliveries:
                yield await page.receipts.get()
        finally:
            await end_tasks(tries)
            counts = page.counts
            log.info(
                f"{self._what} sent",
                deliveries=len(deliveries),
                kept=counts.kept,
                opened=counts.opened,
                again=counts.again,
            )

    def our_fault(self, deliveries: Sequence[Outgoing], error: Exception) -> Iterator[Receipt]:
        """Nothing could be sent: the text or the keys are at fault, no host is."""
        detail = error.message if isinstance(error, WireError) else type(error).__name__
        outcome = Deferred(0, f"our own fault: {detail}", blame_host=False)
        return (self._receipt(delivery, outcome) for delivery in deliveries)

    async def close(self) -> None:
        """Let connections and the resolver's threads go."""
        if self._http is not None:
            await self._http.close()
            self._http = None

    def _receipt(self, delivery: Outgoing, outcome: Outcome) -> Receipt:
        return Receipt(delivery.endpoint_id, delivery.attempt, outcome, self._clock.now())

    async def _try(self, page: _Page, delivery: Outgoing) -> None:
        """One try within its slots: waiting for a slow host's slot holds nobody else's."""
        try:
            target = self._target(page.address(delivery))
            host = target.origin.host
            endpoint = self._endpoints.setdefault(delivery.endpoint_id, Semaphore(PER_ENDPOINT))
            host_slots = self._hosts.setdefault(host, Semaphore(PER_HOST))
            async with endpoint, host_slots:
                answer = await self._client().post(
                    target, lambda again: page.request(delivery, target, again), page.counts
                )
            now = self._clock.now()
            outcome = outcome_of_answer(answer.status, answer.retry_after, now)
        except Exception as error:
            outcome = outcome_of_failure(error)
        page.receipts.put_nowait(self._receipt(delivery, outcome))

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


def fields_of(body: bytes, media_type: str, base_url: str) -> bytes:
    """The fields of the head that all requests with this body have."""
    return (
        f"Content-Type: {media_type}\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Accept: */*\r\n"
        f"User-Agent: Tidewire (+{base_url})\r\n"
    ).encode("ascii")
