"""What is stuck, why, and what to do: a pure function from how things stand to sentences."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tidewire.store.standing import Standing, Waiting

SKEW = timedelta(seconds=1)
PATIENCE = timedelta(seconds=30)  # what is due longer than this is stuck
LEAST_FREE = 1 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `code` is a stable word for programs."""

    code: str
    what: str
    do: str


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that the doctor has seen.

    `now` is our own clock when the store was asked, `known` the migration that this program
    brings. `programs` are those connected to the store, by name, `listeners` those that hear
    its bell; `bell` is false where NATS does not answer, None where PostgreSQL rings. `write`
    and `relay` say why that failed, "" where it did not. `free` is how many bytes the data
    folder's disk has left. `told` are findings that others made, of settings and keys.
    """

    now: datetime
    known: int
    standing: Standing
    programs: Mapping[str, int]
    listeners: int
    bell: bool | None
    write: str = ""
    relay: str = ""
    no_relay: bool = False
    free: int | None = None
    told: tuple[Finding, ...] = field(default=())


def diagnose(facts: Facts) -> list[Finding]:
    """What is wrong, the most urgent first; nothing where all is well."""
    return [
        *_store(facts),
        *_programs(facts),
        *_releases(facts),
        *_deliveries(facts),
        *_outside(facts),
        *facts.told,
    ]


def _store(facts: Facts) -> Iterator[Finding]:
    stands = facts.standing
    if stands.read_only:
        yield Finding(
            "read-only",
            "The database takes no writes: it is a replica, or set to read only.",
            "Point TIDEWIRE_DATABASE_URL at the primary, or end the read-only mode"
            " (default_transaction_read_only).",
        )
    elif facts.write:
        yield Finding(
            "no-writes",
            f"The database cannot write: {facts.write}.",
            "Look at its disk and its log.",
        )
    if stands.migration < facts.known:
        yield Finding(
            "old-schema",
            f"The database is at migration {stands.migration}, this program knows {facts.known}.",
            "Start any program of this version once: it migrates.",
        )
    elif stands.migration > facts.known:
        yield Finding(
            "new-schema",
            f"The database is at migration {stands.migration}, newer than this program"
            f" ({facts.known}).",
            "Install the newer Tidewire on this machine.",
        )
    if facts.free is not None and facts.free < LEAST_FREE:
        yield Finding(
            "disk-full",
            f"The disk of the data folder has {facts.free >> 20} MB left.",
            "Make room: a full disk stops every delivery.",
        )
    if abs(skew := stands.at - facts.now) > SKEW:
        ahead = "behind" if skew > timedelta(0) else "ahead of"
        yield Finding(
            "clock-skew",
            f"This machine's clock is {_long(abs(skew))} {ahead} the database's.",
            "Set both by NTP: releases go out by a worker's clock, leases end by it.",
        )


def _programs(facts: Facts) -> Iterator[Finding]:
    workers = [name for name in facts.programs if name.startswith("worker")]
    if not workers:
        yield Finding(
            "no-worker",
            "No worker is connected to the database: nothing is staged, published or sent.",
            "Start one: tidewire worker (or tidewire serve).",
        )
    elif all(name.endswith("--no-staging") for name in workers):
        yield Finding(
            "no-staging",
            "No worker stages: releases get no audience, so they do not go out.",
            "Start a worker without --no-staging.",
        )
    for name, missing in (("web", "pages, feeds and API"), ("gateway", "the stream to desktops")):
        if name not in facts.programs:
            yield Finding(
                f"no-{name}",
                f"No {name} is connected to the database: {missing} do not answer.",
                f"Start one: tidewire {name} (or tidewire serve).",
            )
    if facts.bell is False:
        yield Finding(
            "no-bell",
            "No NATS server answers: work is found by looking, up to a second late.",
            "Look at the servers in TIDEWIRE_NATS_URL, their users and certificates.",
        )
    elif facts.bell is None and not facts.listeners and (workers or "gateway" in facts.programs):
        yield Finding(
            "no-bell",
            "No program hears the database's bell: work is found by looking, up to a second late.",
            "If a connection pooler stands in between, let LISTEN through (session mode).",
        )


def _releases(facts: Facts) -> Iterator[Finding]:
    stands = facts.standing
    if _late(stands.unstaged, facts.now):
        yield Finding(
            "unstaged",
            f"{_versions(stands.unstaged)} should be public and {_has(stands.unstaged)} no"
            f" audience yet; the moment of the first was {_ago(stands.unstaged, facts.now)}.",
            "Look for 'staging failed' in the log of a worker that stages; it may still be"
            " loading its index.",
        )
    if _late(stands.unpublished, facts.now):
        yield Finding(
            "unpublished",
            f"{_versions(stands.unpublished)} {_has(stands.unpublished)} an audience, but"
            f" {_is(stands.unpublished)} not public; the moment of the first was"
            f" {_ago(stands.unpublished, facts.now)}.",
            "A worker's publish loop does not come through: look for 'loop failed' in its log,"
            " and for long locks in the database.",
        )
    if _late(stands.unplanned, facts.now):
        yield Finding(
            "unplanned",
            f"{_versions(stands.unplanned)} {_has(stands.unplanned)} an audience and no pages of"
            f" deliveries; the first got its audience {_ago(stands.unplanned, facts.now)}.",
            "Look for 'planning failed' in the workers' logs.",
        )


def _deliveries(facts: Facts) -> Iterator[Finding]:
    stands = facts.standing
    for channel, pages in stands.pages.items():
        if pages.expired:
            yield Finding(
                "lease-expired",
                f"{channel.label}: pages that were held by a worker that is gone, and that nobody"
                f" has taken over: {pages.expired}.",
                "Any worker takes them within a second: start one, or look why it does not.",
            )
        if pages.ready and pages.oldest and facts.now - pages.oldest > PATIENCE:
            yield Finding(
                "deliveries-wait",
                f"{channel.label}: pages that are due and wait: {pages.ready}; the first has"
                f" waited {_long(facts.now - pages.oldest)}.",
                "Start more workers; if some run, look for 'no progress' in their logs.",
            )
    if stands.orphans:
        yield Finding(
            "orphans",
            f"Deliveries that were begun by a worker that is gone: {stands.orphans}; whether they"
            " arrived is not known.",
            "They go again, marked as repeats, as soon as a worker takes their pages.",
        )
    if _late(stands.retries, facts.now):
        yield Finding(
            "retries-wait",
            f"Deferred deliveries that are due again and are not collected:"
            f" {stands.retries.count}; the first was due {_ago(stands.retries, facts.now)}.",
            "Look for 'loop failed' with loop 'collect' in the workers' logs.",
        )


def _outside(facts: Facts) -> Iterator[Finding]:
    stands = facts.standing
    if facts.no_relay:
        yield Finding("no-relay", "No relay is set, so no mail leaves.", "Set TIDEWIRE_SMTP_URL.")
    if facts.relay:
        yield Finding(
            "relay",
            f"The mail relay does not take mail: {facts.relay}.",
            "Look at the relay, and at TIDEWIRE_SMTP_URL. Mails wait and are tried again.",
        )
    if stands.failing:
        yield Finding(
            "hosts-fail",
            f"Webhooks that fail time after time: {stands.failing}, at"
            f" {', '.join(stands.failing_hosts)}.",
            "Tell their owners. They are tried again; after five days they are disabled.",
        )
    if stands.disabled:
        yield Finding(
            "disabled",
            f"Endpoints that are disabled and get nothing: {stands.disabled}.",
            "Once their owners have mended them: tidewire endpoint enable ID.",
        )


def _late(waiting: Waiting, now: datetime) -> bool:
    return waiting.oldest is not None and now - waiting.oldest > PATIENCE


def _versions(waiting: Waiting) -> str:
    return "One release" if waiting.count == 1 else f"{waiting.count} releases"


def _has(waiting: Waiting) -> str:
    return "has" if waiting.count == 1 else "have"


def _is(waiting: Waiting) -> str:
    return "is" if waiting.count == 1 else "are"


def _ago(waiting: Waiting, now: datetime) -> str:
    return f"{_long(now - (waiting.oldest or now))} ago"


def _long(span: timedelta) -> str:
    """A length of time as a person says it: "2.5 s", "4 min", "3 h", "2 days"."""
    seconds = span.total_seconds()
    for limit, unit, name in ((120, 1, "s"), (7200, 60, "min"), (172_800, 3600, "h")):
        if seconds < limit:
            return f"{seconds / unit:.3g} {name}" if unit == 1 else f"{seconds / unit:.0f} {name}"
    return f"{seconds / 86400:.0f} days"
