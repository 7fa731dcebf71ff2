"""Figures for Prometheus: what this process counted, and how the store stands."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from tidewire.bus.bell import Counters
from tidewire.meters import EDGES, Meters
from tidewire.model.delivery import ChannelCode
from tidewire.store.standing import Pages, Standing

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def text(meters: Meters, bell: Counters, standing: Standing | None, now: datetime) -> bytes:
    """The figures in Prometheus' text format; those of the store only where it answered."""
    registry = CollectorRegistry(auto_describe=False)
    found = [*_counted(meters), *_rung(bell), *_stands(standing, now)]
    registry.register(_Given(found))
    return generate_latest(registry)


class _Given(Collector):
    """Metrics that were made already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = tuple(metrics)

    def collect(self) -> Iterator[Metric]:
        """Part of the library's protocol."""
        yield from self._metrics


def _counted(meters: Meters) -> Iterator[Metric]:
    receipts = CounterMetricFamily(
        "tidewire_receipts", "Receipts settled by this process.", labels=["channel", "outcome"]
    )
    for (channel, outcome), count in meters.outcomes.items():
        receipts.add_metric([channel.label, outcome], count)
    yield receipts
    seconds = HistogramMetricFamily(
        "tidewire_accepted_seconds", "Seconds from T0 to acceptance.", labels=["channel"]
    )
    for channel, spread in meters.accepted.items():
        counts, buckets = 0, list[tuple[str, float]]()
        for edge, count in zip((*map(str, EDGES), "+Inf"), spread.counts, strict=True):
            counts += count
            buckets.append((edge, counts))
        seconds.add_metric([channel.label], buckets, spread.total)
    yield seconds
    back = CounterMetricFamily(
        "tidewire_pages_brought_back", "Pages claimed again after an earlier claim.",
        labels=["channel"],
    )  # fmt: skip
    stuck = GaugeMetricFamily(
        "tidewire_stuck", "1 where due deliveries make no progress.", labels=["channel"]
    )
    for channel in ChannelCode:
        back.add_metric([channel.label], meters.brought_back[channel])
        stuck.add_metric([channel.label], float(channel in meters.stuck))
    yield from (back, stuck)
    if meters.breakers is not None:
        yield _gauge("breakers_open", "Hosts that are left alone.", meters.breakers())
    if meters.stream is not None:
        now = meters.stream()
        yield _gauge("stream_connections", "Desktops' connections.", now.connections)
        yield _gauge("stream_position", "The last edition that went out live.", now.position)
        yield _counter("stream_cut", "Slow readers that were cut.", now.cut)
        yield _counter("stream_frames", "Frames written.", now.frames)


def _rung(bell: Counters) -> Iterator[Metric]:
    yield _counter("bell_rung", "Rings given.", bell.rung)
    yield _counter("bell_heard", "Rings heard.", bell.heard)
    yield _counter("bell_lost", "Rings dropped because too many waited.", bell.lost)
    yield _counter("bell_reconnects", "Times the bell was hung again.", bell.reconnects)


def _stands(standing: Standing | None, now: datetime) -> Iterator[Metric]:
    yield _gauge("store_up", "1 where the database answers.", float(standing is not None))
    if standing is None:
        return
    pages = GaugeMetricFamily("tidewire_pages", "Pages, by state.", labels=["channel", "state"])
    oldest = GaugeMetricFamily(
        "tidewire_oldest_due_seconds", "Age of the oldest due delivery.", labels=["channel"]
    )
    for channel in ChannelCode:
        one = standing.pages.get(channel, Pages())
        for state in ("ready", "leased", "expired"):
            pages.add_metric([channel.label, state], getattr(one, state))
        age = (now - one.oldest).total_seconds() if one.oldest else 0.0
        oldest.add_metric([channel.label], max(age, 0.0))
    yield from (pages, oldest)
    yield _gauge("orphans", "Deliveries begun by a worker whose lease ran out.", standing.orphans)
    yield _gauge("retries_overdue", "Deferred deliveries due again.", standing.retries.count)
    yield _gauge("staging_backlog", "Versions to be staged now.", standing.staging)
    yield _gauge("planning_backlog", "Versions to be planned now.", standing.unplanned.count)
    late = standing.unstaged.count + standing.unpublished.count
    yield _gauge("late_releases", "Versions past T0 that are not public.", late)
    yield _gauge("endpoints_disabled", "Endpoints that are disabled.", standing.disabled)
    yield _gauge("webhooks_failing", "Webhooks that fail time after time.", standing.failing)
    yield _gauge("ledger_position", "Batches in the ledger.", standing.position)
    yield _gauge("wire_sequence", "Editions on the wire.", standing.sequence)
    skew = (standing.at - now).total_seconds()
    yield _gauge("clock_skew_seconds", "The database's clock less our own.", skew)


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"tidewire_{name}", what, value=value)


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(f"tidewire_{name}", what, value=value)
