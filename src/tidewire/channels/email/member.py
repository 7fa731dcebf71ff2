"""A subscriber's own settings in the store: read for the page, changed by its form."""

from dataclasses import dataclass
from datetime import datetime

from tidewire.channels.email.preferences import (
    ENDPOINT,
    Change,
    Preferences,
    sectors_of,
    with_sectors,
)
from tidewire.model.delivery import ChannelCode
from tidewire.model.errors import NotFound
from tidewire.model.subscriber import EndpointState, Kind, SuppressionReason
from tidewire.store import endpoints, interests, subscribers, suppressions
from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class Member:
    """Whose settings a link opens."""

    endpoint_id: int
    subscriber_id: int
    kind: Kind
    address: str
    preferences: Preferences


async def member(tx: Connection, subject: str) -> Member:
    """The holder of a link, `subject` being their endpoint's id. Raises NotFound."""
    gone = NotFound("These settings are no longer here.", "The address has been removed.")
    if not ENDPOINT.fullmatch(subject):
        raise gone
    endpoint = await endpoints.by_id(tx, int(subject))
    if endpoint is None or endpoint.subscriber_id is None:
        raise gone
    if endpoint.channel is not ChannelCode.EMAIL:
        raise gone
    who = await subscribers.get(tx, endpoint.subscriber_id)
    sectors = sectors_of(await interests.of_subscriber(tx, who.id))
    preferences = Preferences(who.languages, sectors, endpoint.state)
    return Member(endpoint.id, who.id, who.kind, endpoint.address, preferences)


async def change(tx: Connection, who: Member, wish: Change, now: datetime) -> None:
    """Store other languages and sectors; what is the same is left alone."""
    if wish.languages and wish.languages != who.preferences.languages:
        await subscribers.set_languages(tx, who.subscriber_id, wish.languages, now)
    if wish.sectors != who.preferences.sectors:
        clauses = await interests.of_subscriber(tx, who.subscriber_id)
        changed = with_sectors(clauses, wish.sectors)
        await interests.replace(tx, who.subscriber_id, changed, now)


async def pause(tx: Connection, who: Member, *, paused: bool) -> None:
    """Hold mail back, or let it flow again; a suppressed address stays so."""
    before, after = EndpointState.ACTIVE, EndpointState.PAUSED
    if not paused:
        before, after = after, before
    if who.preferences.state is before:
        await endpoints.set_state(tx, who.endpoint_id, after)


async def leave(tx: Connection, who: Member, now: datetime) -> None:
    """Send nothing more to this address; a journalist leaves as a whole.

    An outlet stays: its other channels are its own to end.
    """
    reason, source = SuppressionReason.UNSUBSCRIBED, "preference page"
    await suppressions.add(tx, ChannelCode.EMAIL, who.address, reason, source, now)
    if who.kind is Kind.JOURNALIST:
        await subscribers.leave(tx, who.subscriber_id, now)
