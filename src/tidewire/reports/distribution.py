"""What became of one version of a release: counted by channel, country and language, and timed.

Counts of different channels are never added up: a mail taken by a server, a page on a feed
and a frame on a screen are not the same thing.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from tidewire.languages import best
from tidewire.ledger.sums import LedgerSum, StateSum, ledger_sum
from tidewire.model.delivery import DEADLINE, ChannelCode, DeliveryState, Event
from tidewire.model.errors import NotFound
from tidewire.reports.timing import Bucket, Times, buckets, times
from tidewire.store import editions, version_facts
from tidewire.store.database import Connection
from tidewire.store.version_facts import VersionFact


@dataclass(frozen=True, slots=True)
class Counts:
    """Deliveries by what became of them. `waiting` have not been tried yet."""

    due: int = 0
    waiting: int = 0
    accepted: int = 0
    deferred: int = 0
    refused: int = 0
    dead: int = 0


@dataclass(frozen=True, slots=True)
class ChannelReport:
    """One channel. There are no `times` where nothing was accepted or T0 has not come.

    `repeats` were sent again because an earlier try may have arrived unseen. `bounced`,
    `complained` and `unsubscribed` came back later, also from what had been accepted.
    """

    channel: str
    counts: Counts
    times: Times | None
    timeline: tuple[Bucket, ...]
    repeats: int
    bounced: int
    complained: int
    unsubscribed: int


@dataclass(frozen=True, slots=True)
class Part:
    """One channel's counts in one country (ISO 3166-1) or language (BCP 47)."""

    name: str
    channel: str
    counts: Counts


@dataclass(frozen=True, slots=True)
class Honest:
    """The five honest counts by channel, never added up; one without a value is not measured."""

    accepted_by_an_endpoint: Mapping[str, int]
    shown_as_a_copy: Mapping[str, int] | None = None
    read_by_a_person: Mapping[str, int] | None = None
    clicked: Mapping[str, int] | None = None
    written_about: Mapping[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Distribution:
    """The report on one version of a release."""

    ref: str
    version: int
    versions: tuple[int, ...]
    act: str
    headline: str
    language: str
    issuer: str
    sequence: int | None
    t0: datetime | None
    channels: tuple[ChannelReport, ...]
    countries: tuple[Part, ...]
    languages: tuple[Part, ...]
    counts: Honest


async def distribution(
    tx: Connection, ref: str, version: int | None = None, *, now: datetime, language: str = ""
) -> Distribution:
    """The report on the newest published version, or on `version`. Raises NotFound.

    Times run from T0, the moment that was promised for that version: being late counts.
    The headline is that of the rendition which fits `language`, or of the prevailing one; ""
    while the text is under seal.
    """
    known = await version_facts.versions(tx, ref)
    fact = _choose(known, ref, version)
    edition = await editions.outline(tx, fact.release_id, fact.version)
    assert edition is not None
    t0 = edition.t0 if edition.published_at else None
    found = await ledger_sum(tx, fact.release_id, fact.version, t0)
    languages = edition.release.languages()
    told = best(languages, [language]) or (languages[0] if languages else language or "en")
    stream = found.stream
    over = edition.published_at is not None and now > edition.published_at + DEADLINE
    channels = _channels(found, over=over)
    return Distribution(
        ref=ref,
        version=fact.version,
        versions=tuple(one.version for one in known),
        act=edition.act.value,
        headline=edition.release.rendition(told).headline if languages else "",
        language=told,
        issuer=edition.issuer_name,
        sequence=edition.sequence,
        t0=t0,
        channels=channels,
        countries=_parts(
            ((one.country, one) for one in found.states if one.country),
            stream.due_by_country,
            stream.accepted_by_country,
            over=over,
        ),
        languages=_parts(
            ((one.language, one) for one in found.states),
            stream.due_by_language,
            stream.accepted_by_language,
            over=over,
        ),
        counts=Honest({one.channel: one.counts.accepted for one in channels}),
    )


def _choose(known: Sequence[VersionFact], ref: str, version: int | None) -> VersionFact:
    if not known:
        raise NotFound(f"There is no release {ref}.", "Check the id.")
    if version is None:
        public = [fact for fact in known if fact.published_at is not None]
        return (public or known)[-1]
    for fact in known:
        if fact.version == version:
            return fact
    raise NotFound(
        f"Release {ref} has no version {version}.", f"Its newest is {known[-1].version}."
    )


def _channels(found: LedgerSum, *, over: bool) -> tuple[ChannelReport, ...]:
    states: dict[ChannelCode, Counter[DeliveryState]] = defaultdict(Counter)
    repeats: Counter[ChannelCode] = Counter()
    for one in found.states:
        states[one.channel][one.state] += one.count
        repeats[one.channel] += one.repeats
    counts = {channel: _counts(held) for channel, held in states.items()}
    if found.stream.due:
        counts[ChannelCode.STREAM] = _stream_counts(
            found.stream.due, found.stream.accepted, over=over
        )
    later = found.later
    return tuple(
        ChannelReport(
            channel=channel.label,
            counts=counts[channel],
            times=times(found.spreads.get(channel, {})),
            timeline=buckets(found.spreads.get(channel, {})),
            repeats=repeats[channel],
            bounced=later.get((channel, Event.BOUNCED), 0),
            complained=later.get((channel, Event.COMPLAINED), 0),
            unsubscribed=later.get((channel, Event.UNSUBSCRIBED), 0),
        )
        for channel in sorted(counts)
    )


def _parts(
    rows: Iterable[tuple[str, StateSum]],
    due: Mapping[str, int],
    accepted: Mapping[str, int],
    *,
    over: bool,
) -> tuple[Part, ...]:
    """One Part per name and channel, the largest share of its channel first."""
    states: dict[tuple[str, ChannelCode], Counter[DeliveryState]] = defaultdict(Counter)
    for name, one in rows:
        states[name, one.channel][one.state] += one.count
    counts = {key: _counts(found) for key, found in states.items()}
    for name, number in due.items():
        if number:
            key = (name, ChannelCode.STREAM)
            counts[key] = _stream_counts(number, accepted.get(name, 0), over=over)
    whole: Counter[ChannelCode] = Counter()
    for (_, channel), count in counts.items():
        whole[channel] += count.due
    weight: Counter[str] = Counter()
    for (name, channel), count in counts.items():
        weight[name] += round(1_000_000 * count.due / whole[channel])  # a share, never a sum
    order = sorted(counts, key=lambda key: (-weight[key[0]], key[0], key[1]))
    return tuple(Part(name, channel.label, counts[name, channel]) for name, channel in order)


def _counts(states: Mapping[DeliveryState, int]) -> Counts:
    return Counts(
        due=sum(states.values()),
        waiting=states.get(DeliveryState.STAGED, 0) + states.get(DeliveryState.STARTED, 0),
        accepted=states.get(DeliveryState.ACCEPTED, 0),
        deferred=states.get(DeliveryState.DEFERRED, 0),
        refused=states.get(DeliveryState.REFUSED, 0),
        dead=states.get(DeliveryState.DEAD, 0),
    )


def _stream_counts(due: int, accepted: int, *, over: bool) -> Counts:
    """A desktop without the frame was not connected: deferred, and dead past the deadline."""
    missing = due - accepted
    return Counts(
        due=due, accepted=accepted, deferred=0 if over else missing, dead=missing if over else 0
    )
