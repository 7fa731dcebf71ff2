"""Times from T0: what is read from a count of deliveries by millisecond."""

from collections.abc import Mapping
from dataclasses import dataclass

# Bucket edges inside a decade: fine enough to see the shape, coarse enough to draw.
STEPS = (1, 1.5, 2, 3, 5, 7)
DECADES = 9  # up to 10^9 ms, eleven days: no delivery is tried for longer


@dataclass(frozen=True, slots=True)
class Times:
    """When a channel's deliveries were accepted, in whole milliseconds after T0.

    `p50_ms`: half had it by then; `p99_ms`: 99 in 100. `skew_ms`: between the first and
    the last to have it.
    """

    first_ms: int
    p50_ms: int
    p99_ms: int
    last_ms: int
    skew_ms: int


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many deliveries were accepted from `from_ms` up to, but not at, `to_ms` after T0."""

    from_ms: int
    to_ms: int
    accepted: int


def times(spread: Mapping[int, int]) -> Times | None:
    """The times of {ms after T0: deliveries}; None where nothing was accepted."""
    total = sum(spread.values())
    if total == 0:
        return None
    moments = sorted(ms for ms, count in spread.items() if count)
    first, last = max(moments[0], 0), max(moments[-1], 0)
    return Times(
        first_ms=first,
        p50_ms=_nearest_rank(spread, moments, -(-total * 50 // 100)),
        p99_ms=_nearest_rank(spread, moments, -(-total * 99 // 100)),
        last_ms=last,
        skew_ms=last - first,
    )


def buckets(spread: Mapping[int, int]) -> tuple[Bucket, ...]:
    """The spread in logarithmic buckets that touch each other, empty ends left off."""
    edges = _edges()
    counts = [0] * (len(edges) - 1)
    for ms, count in spread.items():
        place = next((i for i, edge in enumerate(edges[1:]) if ms < edge), len(counts) - 1)
        counts[place] += count
    filled = [place for place, count in enumerate(counts) if count]
    if not filled:
        return ()
    return tuple(
        Bucket(edges[place], edges[place + 1], counts[place])
        for place in range(filled[0], filled[-1] + 1)
    )


def _nearest_rank(spread: Mapping[int, int], moments: list[int], rank: int) -> int:
    reached = 0
    for ms in moments:
        reached += spread[ms]
        if reached >= rank:
            return max(ms, 0)
    raise AssertionError("a rank lies within the total")


def _edges() -> list[int]:
    steps = [round(step * 10**decade) for decade in range(DECADES) for step in STEPS]
    return [0, *sorted(set(steps)), 10**DECADES]
