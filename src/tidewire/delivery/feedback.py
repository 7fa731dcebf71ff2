"""Feedback: what came back after a delivery, recorded and acted on."""

from datetime import datetime, timedelta

from tidewire.clock import Clock
from tidewire.ledger.record import record_feedback
from tidewire.model.delivery import ChannelCode, Event, Feedback
from tidewire.model.subscriber import EndpointState, SuppressionReason
from tidewire.store import endpoints, health, suppressions
from tidewire.store.database import Connection, Database
from tidewire.store.endpoints import Endpoint

SOFT_BOUNCES = 3  # so many ...
SOFT_WINDOW = timedelta(days=14)  # ... within this time pause an address

_SUPPRESSES = {
    Event.BOUNCED: SuppressionReason.HARD_BOUNCE,
    Event.COMPLAINED: SuppressionReason.COMPLAINT,
    Event.UNSUBSCRIBED: SuppressionReason.UNSUBSCRIBED,
}


async def hear(database: Database, clock: Clock, feedback: Feedback) -> None:
    """Write it to the ledger; a hard bounce, a complaint or a leaver suppresses the address.

    Unknown endpoints are ignored: their token was ours, but they have gone since.
    """

    async def work(tx: Connection) -> None:
        endpoint = await endpoints.by_id(tx, feedback.endpoint_id)
        if endpoint is None:
            return
        now = clock.now()
        channel = ChannelCode(endpoint.channel)
        if feedback.event is Event.BOUNCED and not feedback.permanent:
            await _soft_bounce(tx, endpoint, now)
        else:
            reason = _SUPPRESSES[feedback.event]
            await suppressions.add(tx, channel, endpoint.address, reason, feedback.detail, now)
            await endpoints.set_state(tx, feedback.endpoint_id, EndpointState.SUPPRESSED)
        await record_feedback(tx, feedback, channel, now)  # last: it locks the ledger

    await database.complete(work)


async def _soft_bounce(tx: Connection, endpoint: Endpoint, now: datetime) -> None:
    recent = await health.soft_bounced(tx, endpoint.id, now, now - SOFT_WINDOW)
    if recent >= SOFT_BOUNCES and endpoint.state is EndpointState.ACTIVE:
        await endpoints.set_state(tx, endpoint.id, EndpointState.PAUSED)
        await health.pause(tx, endpoint.id, now + SOFT_WINDOW)


async def resume_paused(database: Database, clock: Clock) -> int:
    """Let addresses whose pause is over receive again; returns how many."""
    async with database.transaction() as tx:
        return await health.resume(tx, clock.now())
