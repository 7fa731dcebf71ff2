"""Settle: what receipts mean for deliveries, endpoints and the ledger, in one transaction."""

from collections.abc import Callable, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from tidewire.delivery.retry import Again, Checkup, Health, Settle, Step, next_step
from tidewire.delivery.retry import health as checkup
from tidewire.ledger.chain import Batch, Entry
from tidewire.ledger.record import record
from tidewire.model.delivery import (
    DEADLINE,
    Accepted,
    ChannelCode,
    Deferred,
    DeliveryState,
    Event,
    Outcome,
    Receipt,
    Refused,
)
from tidewire.model.release import Edition
from tidewire.model.subscriber import EndpointState, SuppressionReason
from tidewire.store import deliveries, endpoints, health, suppressions
from tidewire.store.database import Connection
from tidewire.store.deliveries import Settled
from tidewire.store.pages import Page

POSTED = (ChannelCode.WEBHOOK, ChannelCode.WEBSUB)  # an endpoint is a server of its own
EVENTS = {
    DeliveryState.ACCEPTED: Event.ACCEPTED,
    DeliveryState.DEFERRED: Event.DEFERRED,
    DeliveryState.REFUSED: Event.REFUSED,
    DeliveryState.DEAD: Event.DEAD,
}

log = structlog.get_logger()


class Try(NamedTuple):
    """One try of one delivery that waits for its receipt.

    `host` is "" where none is to blame. `ours` is true where we kept it back ourselves
    (breaker, suppression, a newer version), which is no try at all.
    """

    endpoint_id: int
    attempt: int
    address: str
    host: str
    repeat: bool
    ours: bool = False


async def settle(
    tx: Connection,
    page: Page,
    found: Sequence[tuple[Try, Receipt]],
    edition: Edition,
    *,
    now: datetime,
    jitter: Callable[[], float],
) -> None:
    """Store what each try came to, and write it to the ledger, which is locked last.

    Rows are taken in the order of their endpoints, so that two workers do not wait for each
    other. A try that is no longer the open one is left out.
    """
    found = sorted(found, key=lambda pair: pair[0].endpoint_id)
    first_due = edition.published_at or now
    steps = [_step(tried, receipt, first_due, now, jitter) for tried, receipt in found]
    settled = [
        _settled(tried, receipt, step) for (tried, receipt), step in zip(found, steps, strict=True)
    ]
    open_ones = await deliveries.settle(tx, page, settled)
    entries: list[Entry] = []
    for (tried, receipt), step in zip(found, steps, strict=True):
        if tried.endpoint_id in open_ones:
            entries.append(_entry(tried, receipt, step))
            if isinstance(step, Settle) and (step.suppress or step.disable):
                await _act_on(tx, page.channel, tried, step, now)
    if not entries:
        return
    await _note_health(tx, page.channel, found, now)
    head = Batch(
        at=now,
        release_id=page.release_id,
        version=page.version,
        channel=page.channel,
        rows=len(entries),
        page_id=page.id,
        language=page.language,
    )
    await record(tx, head, entries)


def _step(
    tried: Try, receipt: Receipt, first_due: datetime, now: datetime, jitter: Callable[[], float]
) -> Step:
    outcome = receipt.outcome
    if tried.ours:
        at = now + timedelta(seconds=outcome.after or 0) if isinstance(outcome, Deferred) else None
        return Settle(DeliveryState.DEAD) if at is None or at > first_due + DEADLINE else Again(at)
    throw = jitter() if isinstance(outcome, Deferred) else 0.0
    return next_step(outcome, tried.attempt, first_due=first_due, now=now, jitter=throw)


def _state(step: Step) -> DeliveryState:
    return step.state if isinstance(step, Settle) else DeliveryState.DEFERRED


def _settled(tried: Try, receipt: Receipt, step: Step) -> Settled:
    return Settled(
        tried.endpoint_id,
        _state(step),
        tried.attempt - tried.ours,
        tried.attempt,
        step.at if isinstance(step, Again) else None,
        isinstance(receipt.outcome, Deferred) and receipt.outcome.unseen,
    )


def _entry(tried: Try, receipt: Receipt, step: Step) -> Entry:
    outcome = receipt.outcome
    return Entry(
        tried.endpoint_id,
        EVENTS[_state(step)],
        tried.attempt,
        receipt.at,
        outcome.code,
        outcome.detail,
        tried.repeat,
    )


async def _act_on(
    tx: Connection, channel: ChannelCode, tried: Try, step: Settle, now: datetime
) -> None:
    if step.suppress:
        await suppressions.add(
            tx, channel, tried.address, SuppressionReason.HARD_BOUNCE, "refused in session", now
        )
        await endpoints.set_state(tx, tried.endpoint_id, EndpointState.SUPPRESSED)
    elif step.disable:
        await endpoints.set_state(tx, tried.endpoint_id, EndpointState.DISABLED)
        log.warning("endpoint disabled", endpoint=tried.endpoint_id, why="asked not to be sent to")


async def _note_health(
    tx: Connection, channel: ChannelCode, found: Sequence[tuple[Try, Receipt]], now: datetime
) -> None:
    """Count failures of what we post to; one that failed for days on end is disabled."""
    tried = [(t.endpoint_id, r.outcome) for t, r in found if not t.ours]
    if channel not in POSTED or not tried:
        return
    known = await health.read(tx, [endpoint_id for endpoint_id, _ in tried])
    checkups: dict[int, Checkup] = {}
    for endpoint_id, outcome in tried:
        ok = isinstance(outcome, Accepted)
        before = Health(*known.get(endpoint_id, ()))
        if not (ok and before == Health()) and not _not_its_fault(outcome):
            checkups[endpoint_id] = checkup(before, ok=ok, now=now)
    if checkups:
        await health.write(tx, {one: astuple(after.health) for one, after in checkups.items()})
    for endpoint_id, after in checkups.items():
        if after.warn:
            log.warning("endpoint keeps failing", endpoint=endpoint_id)
        if after.disable:
            await endpoints.set_state(tx, endpoint_id, EndpointState.DISABLED)
            log.warning("endpoint disabled", endpoint=endpoint_id, why="failed for days")


def _not_its_fault(outcome: Outcome) -> bool:
    """Refused by ourselves (suppressed, superseded), or deferred without blame."""
    if isinstance(outcome, Deferred):
        return not outcome.blame_host
    return isinstance(outcome, Refused) and outcome.code == 0
