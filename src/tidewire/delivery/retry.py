"""What follows a try: settled, or again and when. Pure decisions; attempt.py acts on them."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from tidewire.model.delivery import DEADLINE, Accepted, Deferred, DeliveryState, Outcome, Refused

# Seconds before each try: the first at once, the tenth a day after the ninth.
WAITS = (0, 5, 30, 120, 600, 1800, 7200, 21600, 43200, 86400)
JITTER = 0.2
OVERLOADED_SECONDS = 60.0

WARN_AT_FAILURES = 4
DISABLE_AFTER = timedelta(hours=120)
DISABLE_AFTER_DAYS = 7


@dataclass(frozen=True, slots=True)
class Settle:
    """No further try: the delivery ends in `state`, which is terminal.

    `disable`: the endpoint asked not to be sent to again. `suppress`: its address is not there.
    """

    state: DeliveryState
    disable: bool = False
    suppress: bool = False


@dataclass(frozen=True, slots=True)
class Again:
    """Another try at this moment (UTC)."""

    at: datetime


Step = Settle | Again

_ACCEPTED = Settle(DeliveryState.ACCEPTED)


def next_step(
    outcome: Outcome, attempt: int, *, first_due: datetime, now: datetime, jitter: float
) -> Step:
    """What follows the try number `attempt` (the first is 1) that ended in `outcome` at `now`.

    `first_due` is when the first try was due; `jitter` is a random number from -1 to 1.
    """
    if isinstance(outcome, Accepted):
        return _ACCEPTED
    if isinstance(outcome, Refused):
        return Settle(DeliveryState.REFUSED, disable=outcome.disable, suppress=outcome.suppress)
    if attempt >= len(WAITS):
        return Settle(DeliveryState.DEAD)
    at = now + timedelta(seconds=_wait(outcome, attempt, jitter))
    return Settle(DeliveryState.DEAD) if at > first_due + DEADLINE else Again(at)


def _wait(outcome: Deferred, attempt: int, jitter: float) -> float:
    """Seconds until the next try; a Retry-After counts from one to two times our own wait."""
    least = OVERLOADED_SECONDS if outcome.overloaded else 0.0
    ours = max(float(WAITS[attempt]), least)
    jittered = ours * (1 + JITTER * jitter)
    if outcome.after is None:
        return max(jittered, least)
    # Jitter may only add to what was asked for, so that nobody comes back too early.
    return min(max(outcome.after, jittered, ours), 2 * ours)


@dataclass(frozen=True, slots=True)
class Health:
    """How an endpoint fared of late: all zero while it is well.

    `failures` counts failed tries in a row, `failed_days` the distinct UTC days they fell on.
    """

    failing_since: datetime | None = None
    failures: int = 0
    failed_days: int = 0
    last_failed_on: date | None = None


@dataclass(frozen=True, slots=True)
class Checkup:
    """An endpoint's health after a try, and what the house does about it."""

    health: Health
    warn: bool = False
    disable: bool = False


def health(before: Health, *, ok: bool, now: datetime) -> Checkup:
    """The health after one more try: a success heals, the fourth failure in a row warns.

    Disabled is who failed for 120 hours *and* on seven distinct days: a quiet endpoint that
    failed twice in a week keeps its place.
    """
    if ok:
        return Checkup(Health())
    since = before.failing_since or now
    days = before.failed_days + (before.last_failed_on != now.date())
    after = Health(since, before.failures + 1, days, now.date())
    return Checkup(
        after,
        warn=after.failures == WARN_AT_FAILURES,
        disable=now - since >= DISABLE_AFTER and days >= DISABLE_AFTER_DAYS,
    )
