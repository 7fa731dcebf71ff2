"""Attempt: claim a page, hand it to its channel, record every receipt as it comes.

    claim → start (ledger: started) → channel.send → settle (ledger: accepted, deferred ...)

No transaction is held while a channel talks to the network. What a crash leaves started
is tried again by whoever claims the page next, under the same ids, and marked as a repeat.
A page is held by its newest claim: who lost the lease settles nothing any more.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence, Set
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

import structlog

from tidewire.channels.channel import Channel
from tidewire.clock import Clock
from tidewire.delivery.breaker import Breaker
from tidewire.delivery.gather import in_batches
from tidewire.delivery.prepare import about, fingerprint
from tidewire.delivery.settle import POSTED, Try, settle
from tidewire.ledger.chain import Batch
from tidewire.ledger.record import record_started
from tidewire.ledger.sums import shown_to_have_arrived
from tidewire.meters import Meters
from tidewire.model.delivery import (
    Accepted,
    ChannelCode,
    Deferred,
    Outcome,
    Receipt,
    Refused,
)
from tidewire.model.errors import WireError
from tidewire.model.release import Edition
from tidewire.model.subscriber import EndpointState
from tidewire.store import deliveries, editions, endpoints, pages, staged_pages
from tidewire.store.database import Connection, Database
from tidewire.store.deliveries import Taken
from tidewire.store.pages import Page
from tidewire.vault.seal import unseal
from tidewire.vault.vault import Vault
from tidewire.waiting import end_tasks

LEASE = timedelta(seconds=20)  # how long after a worker's death its pages lie idle
LOOK_SECONDS = 1.0  # how long a page goes on after a newer version of its release is out
MOST_CLAIMS = 20  # a page that so many workers could not finish is given up
BATCH_SIZE = 500
BATCH_SECONDS = 0.1  # receipts are at most this late in the ledger

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Dispatch:
    """What delivering works with. `owner` names this worker in leases."""

    database: Database
    clock: Clock
    channels: Mapping[ChannelCode, Channel]
    vault: Vault
    owner: str
    jitter: Callable[[], float]
    breaker: Breaker = field(default_factory=Breaker)
    meters: Meters = field(default_factory=Meters)


async def attempt_page(dispatch: Dispatch, code: ChannelCode) -> bool:
    """Claim one page of a channel and try all its deliveries; False where none is due."""
    async with dispatch.database.transaction() as tx:
        now = dispatch.clock.now()
        page = await pages.claim(tx, code, dispatch.owner, now, now + LEASE)
    if page is None:
        return False
    dispatch.meters.brought_back[code] += page.claim > 1
    try:
        async with asyncio.timeout(None) as hold:
            keeping = asyncio.create_task(_keep(dispatch, page, hold))
            try:
                await _send(dispatch, page)
            finally:
                await end_tasks([keeping])
    except TimeoutError:
        # Lost to another worker, or overtaken by a newer version: whoever claims it next decides.
        log.warning("page let go", page=page.id, channel=code.label)
    return True


async def _send(dispatch: Dispatch, page: Page) -> None:
    # A start that was committed unseen is one that may have been sent: it becomes a repeat.
    started = await dispatch.database.insist(partial(_start, dispatch, page))
    edition, taken = started.edition, started.taken
    tries = await _settle_closed(dispatch, page, started)
    outgoing = [t.outgoing for t in taken if t.outgoing.endpoint_id in tries]
    if outgoing:
        channel = dispatch.channels[page.channel]
        sending = channel.send(edition, page.language, outgoing, started.prepared)
        async with aclosing(in_batches(sending, BATCH_SIZE, BATCH_SECONDS)) as batches:
            async for receipts in batches:
                await _record(dispatch, page, edition, tries, receipts)
        await _settle_unanswered(dispatch, page, edition, tries)

    async def finish(tx: Connection) -> None:
        await pages.finish(tx, page)
        await staged_pages.drop(tx, page.id)

    await dispatch.database.insist(finish)


@dataclass(frozen=True, slots=True)
class _Started:
    """What a claimed page holds. `arrived`: endpoints of uncertain tries that were heard of.

    `prepared` is what the channel made of it before the moment, b"" for nothing.
    """

    edition: Edition
    taken: Sequence[Taken]
    newest: int
    arrived: Set[int]
    prepared: bytes


async def _start(dispatch: Dispatch, page: Page, tx: Connection) -> _Started:
    """Mark the page's open deliveries as started, in the store and in the ledger."""
    now = dispatch.clock.now()
    edition = await editions.edition(tx, page.release_id, page.version)
    assert edition is not None
    newest = await deliveries.newest_public_version(tx, page.release_id)
    taken = await deliveries.start(tx, page)
    if taken:
        head = Batch(
            at=now,
            release_id=page.release_id,
            version=page.version,
            channel=page.channel,
            rows=len(taken),
            page_id=page.id,
            language=page.language,
        )
        await record_started(tx, head, [t.outgoing.endpoint_id for t in taken], now)
    uncertain = [t.outgoing.endpoint_id for t in taken if t.outgoing.repeat]
    arrived: Set[int] = frozenset()
    if uncertain:
        arrived = await shown_to_have_arrived(tx, page.release_id, page.version, uncertain)
    prepared = await _prepared(dispatch, tx, page, edition) if taken else b""
    return _Started(edition, taken, newest, arrived, prepared)


async def _prepared(dispatch: Dispatch, tx: Connection, page: Page, edition: Edition) -> bytes:
    """What was made of the page, if it was made for this moment and these words."""
    kept = await staged_pages.read(tx, page.id)
    if kept is None or kept[0] != fingerprint(edition, page.language):
        return b""
    try:
        return unseal(await dispatch.vault.key_of(tx, page.release_id), kept[1], about(page.id))
    except WireError as error:  # the master key is gone: what was made is made again
        log.error("prepared page cannot be opened", page=page.id, error=type(error).__name__)
        return b""


async def _settle_closed(dispatch: Dispatch, page: Page, started: _Started) -> dict[int, Try]:
    """Settle what must not be sent any more; the rest is returned, by endpoint id."""
    now = dispatch.clock.now()
    channel = dispatch.channels[page.channel]
    tries: dict[int, Try] = {}
    closed: list[Receipt] = []
    for one in started.taken:
        outgoing = one.outgoing
        host = channel.host(outgoing.address)
        verdict: Outcome | None = None
        if outgoing.endpoint_id in started.arrived:
            verdict = Accepted(0, "what came back shows that it arrived")
        elif started.newest > page.version:
            verdict = Refused(0, f"superseded by version {started.newest}")
        elif page.claim > MOST_CLAIMS:
            verdict = Refused(0, f"given up after {MOST_CLAIMS} claims")
        elif not one.allowed:
            verdict = Refused(0, "suppressed or disabled")
        elif host and not dispatch.breaker.allows(host, now):
            verdict = Deferred(0, "breaker open", after=max(dispatch.breaker.wait(host, now), 1.0))
        tries[outgoing.endpoint_id] = _try(one, host, ours=isinstance(verdict, Refused | Deferred))
        if verdict is not None:
            closed.append(Receipt(outgoing.endpoint_id, outgoing.attempt, verdict, now))
    await _record(dispatch, page, started.edition, tries, closed)
    return tries


def _try(taken: Taken, host: str, *, ours: bool) -> Try:
    outgoing = taken.outgoing
    return Try(
        outgoing.endpoint_id, outgoing.attempt, outgoing.address, host, outgoing.repeat, ours
    )


async def _record(
    dispatch: Dispatch,
    page: Page,
    edition: Edition,
    tries: dict[int, Try],
    receipts: Sequence[Receipt],
) -> None:
    found = [(tries.pop(r.endpoint_id), r) for r in receipts if r.endpoint_id in tries]
    if not found:
        return
    now = dispatch.clock.now()
    dead_hosts = _tell_breaker(dispatch.breaker, found, now)

    async def work(tx: Connection) -> None:
        await settle(tx, page, found, edition, now=now, jitter=dispatch.jitter)
        for tried, _ in found:
            # A relay that is down is ours to mend: no reader loses their place for it.
            if tried.host in dead_hosts and page.channel in POSTED:
                await endpoints.set_state(tx, tried.endpoint_id, EndpointState.DISABLED)

    await dispatch.database.insist(work)  # what is settled already is left alone
    tried = [receipt for one, receipt in found if not one.ours]
    dispatch.meters.took(page.channel, tried, edition.published_at)


def _tell_breaker(
    breaker: Breaker, found: Sequence[tuple[Try, Receipt]], now: datetime
) -> set[str]:
    """Count every answer for its host; returns the hosts that have tripped out."""
    seen = Counter(
        (isinstance(receipt.outcome, Deferred) and receipt.outcome.blame_host, tried.host)
        for tried, receipt in found
        if tried.host and not tried.ours
    )
    for (failed, host), times in sorted(seen.items()):  # what went well first
        breaker.saw(host, not failed, now, times)
    out = {host for _, host in seen if breaker.tripped_out(host)}
    for host in out:
        log.error("host does not recover", host=host, why="its breaker tripped ten times in a row")
        breaker.forget(host)
    return out


async def _settle_unanswered(
    dispatch: Dispatch, page: Page, edition: Edition, tries: dict[int, Try]
) -> None:
    """A channel that broke its promise of a receipt each: those are tried again later."""
    if not tries:
        return
    log.error("channel gave no receipt", channel=page.channel.label, count=len(tries))
    now = dispatch.clock.now()
    verdict = Deferred(0, "the channel gave no answer", blame_host=False, unseen=True)
    missing = [Receipt(t.endpoint_id, t.attempt, verdict, now) for t in tries.values()]
    await _record(dispatch, page, edition, tries, missing)


async def _keep(dispatch: Dispatch, page: Page, hold: asyncio.Timeout) -> None:
    """Keep the lease, and look whether a newer version is out; otherwise let go of the page."""
    loop = asyncio.get_running_loop()
    renewed = loop.time()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        try:
            async with dispatch.database.transaction() as tx:
                newest = await deliveries.newest_public_version(tx, page.release_id)
                overtaken = newest > page.version
                # Whoever looks next may take an overtaken page at once.
                until = dispatch.clock.now() + (timedelta(0) if overtaken else LEASE)
                if overtaken or loop.time() - renewed > LEASE.total_seconds() / 4:
                    held = await pages.extend(tx, page, until)
                    renewed = loop.time()
                    overtaken = overtaken or not held
        except Exception as error:  # the store may be away for a moment; the lease goes on
            log.warning("lease not renewed", page=page.id, error=type(error).__name__)
            overtaken = loop.time() - renewed > LEASE.total_seconds()
        if overtaken:
            hold.reschedule(loop.time())
            return
