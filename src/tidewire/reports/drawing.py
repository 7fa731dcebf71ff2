"""Pictures of a report: pure functions from numbers to SVG, sized in percent, coloured by class.

Nothing is styled inline, so a strict content security policy can stay strict. Every picture
has a title and a description; the page puts the same numbers in a table beside it. A state
is told by pattern and label too, never by colour alone.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from tidewire.reports.distribution import Counts
from tidewire.reports.timing import Bucket, Times

STATES = ("accepted", "deferred", "refused", "dead", "waiting")
SLIVER = 0.7  # percent: what is there must be seen, however little it is
BAR_HEIGHT = 22
PLOT_HEIGHT = 76
MARK_ROOM = 22  # above the plot, for the labels of the marks
MARK_APART = 16.0  # percent of the width below which two mark labels would touch
TICKS = (1, 10, 100, 1_000, 10_000, 60_000, 600_000, 3_600_000, 36_000_000, 360_000_000)


@dataclass(frozen=True, slots=True)
class Axis:
    """A logarithmic axis of milliseconds from T0, shared by pictures that are compared."""

    low: float
    high: float

    def at(self, ms: float) -> float:
        """Where a moment lies, in percent of the width."""
        span = math.log10(self.high) - math.log10(self.low)
        share = (math.log10(max(ms, self.low)) - math.log10(self.low)) / span
        return min(share, 1.0) * 100


def axis(timelines: Sequence[Sequence[Bucket]]) -> Axis | None:
    """One axis that holds all these timelines; None where they are empty."""
    held = [bucket for timeline in timelines for bucket in timeline]
    if not held:
        return None
    low = max(min(bucket.from_ms for bucket in held), 1)
    return Axis(low, max(max(bucket.to_ms for bucket in held), low * 10))


def patterns() -> Markup:
    """The fills that pictures on this page point at; drawn once, itself unseen."""
    hatch = Markup(
        '<pattern id="fill-{0}" width="{1}" height="{1}" patternUnits="userSpaceOnUse"'
        ' patternTransform="rotate({2})"><rect class="fill-{0}" width="{1}" height="{1}"/>'
        "{3}</pattern>"
    )
    stripe = Markup('<rect class="fill-stripe" width="2" height="8"/>')
    cross = stripe + Markup('<rect class="fill-stripe" width="8" height="2"/>')
    dots = Markup('<circle class="fill-dot" cx="3" cy="3" r="1.2"/>')
    return Markup(
        '<svg class="unseen" width="0" height="0" aria-hidden="true"><defs>{}</defs></svg>'
    ).format(
        Markup("").join(
            (
                hatch.format("deferred", 8, 45, stripe),
                hatch.format("refused", 8, 45, cross),
                hatch.format("waiting", 6, 0, dots),
            )
        )
    )


def states_bar(counts: Counts, *, name: str, title: str, description: str) -> Markup:
    """One stacked bar: what became of everything that was due. `name` is unique on the page."""
    rects = Markup("")
    left = 0.0
    for state, width in _widths(counts):
        rects += _bar(state, left, width)
        left += width
    return _picture(rects, name, title, description, BAR_HEIGHT, "bar")


def swatch(state: str) -> Markup:
    """The small square of a legend."""
    square = Markup('<svg class="swatch" width="14" height="14" aria-hidden="true">{}</svg>')
    return square.format(Markup('<rect {} width="14" height="14" rx="2"/>').format(_fill(state)))


def portion(counts: Counts, widest: int) -> Markup:
    """A small bar beside its own number: due as the frame, accepted as its filling.

    `widest` is the largest number due in the same column, so that bars can be compared.
    """
    due = max(counts.due / widest * 100, SLIVER) if counts.due else 0.0
    accepted = max(counts.accepted / widest * 100, SLIVER) if counts.accepted else 0.0
    return Markup(
        '<svg class="portion" width="100%" height="8" aria-hidden="true">'
        '<rect class="fill-frame" width="{:.2f}%" height="8" rx="1"/>'
        '<rect class="fill-accepted" width="{:.2f}%" height="8" rx="1"/></svg>'
    ).format(due, accepted)


def timeline(
    timeline: Sequence[Bucket],
    marks: Times,
    line: Axis,
    *,
    name: str,
    title: str,
    description: str,
    labels: tuple[str, str, str],
) -> Markup:
    """Deliveries by the time they took, with marks where half, 99 in 100 and all were done.

    `labels` are the words for these three marks.
    """
    tallest = max(bucket.accepted for bucket in timeline)
    drawn = _grid(line)
    for bucket in timeline:
        if bucket.accepted:
            left, right = line.at(bucket.from_ms), line.at(bucket.to_ms)
            height = max(bucket.accepted / tallest * PLOT_HEIGHT, 2.0)
            drawn += Markup(
                '<rect class="fill-accepted" x="{:.2f}%" y="{:.1f}" width="{:.2f}%"'
                ' height="{:.1f}"/>'
            ).format(left, MARK_ROOM + PLOT_HEIGHT - height, max(right - left - 0.25, 0.4), height)
    drawn += _marks(marks, line, labels)
    drawn += Markup('<line class="stroke-axis" x1="0" x2="100%" y1="{0}" y2="{0}"/>').format(
        MARK_ROOM + PLOT_HEIGHT
    )
    return _picture(drawn, name, title, description, MARK_ROOM + PLOT_HEIGHT + 20, "timeline")


def short_time(ms: int) -> str:
    """A span of time in at most six characters, in the units' international symbols."""
    if ms < 1_000:
        return f"{ms} ms"
    if ms < 60_000:
        return f"{ms / 1_000:.3g} s"
    if ms < 3_600_000:
        return f"{ms / 60_000:.3g} min"
    return f"{ms / 3_600_000:.3g} h"


def _widths(counts: Counts) -> list[tuple[str, float]]:
    present = [(state, getattr(counts, state)) for state in STATES if getattr(counts, state)]
    if not present:
        return []
    raw = [(state, max(number / counts.due * 100, SLIVER)) for state, number in present]
    over = sum(width for _, width in raw) - 100
    largest = max(range(len(raw)), key=lambda index: raw[index][1])
    return [
        (state, width - over if index == largest else width)
        for index, (state, width) in enumerate(raw)
    ]


def _bar(state: str, left: float, width: float) -> Markup:
    return Markup('<rect {} x="{:.2f}%" width="{:.2f}%" height="{}"/>').format(
        _fill(state), left, width, BAR_HEIGHT
    )


def _fill(state: str) -> Markup:
    if state in ("deferred", "refused", "waiting"):
        return Markup('class="edge" fill="url(#fill-{})"').format(state)
    return Markup('class="edge fill-{}"').format(state)


def _grid(line: Axis) -> Markup:
    drawn = Markup("")
    for tick in TICKS:
        if line.low <= tick <= line.high:
            at = line.at(tick)
            anchor = "start" if at < 4 else "end" if at > 96 else "middle"
            drawn += Markup(
                '<line class="stroke-grid" x1="{0:.2f}%" x2="{0:.2f}%" y1="{1}" y2="{2}"/>'
                '<text class="tick" x="{0:.2f}%" y="{3}" text-anchor="{4}">{5}</text>'
            ).format(
                at,
                MARK_ROOM,
                MARK_ROOM + PLOT_HEIGHT,
                MARK_ROOM + PLOT_HEIGHT + 15,
                anchor,
                short_time(tick),
            )
    return drawn


def _marks(marks: Times, line: Axis, labels: tuple[str, str, str]) -> Markup:
    drawn = Markup("")
    moments = (marks.p50_ms, marks.p99_ms, marks.last_ms)
    placed = [(line.at(ms), label) for ms, label in zip(moments, labels, strict=True)]
    for at, _ in placed:
        drawn += Markup(
            '<line class="stroke-mark" x1="{0:.2f}%" x2="{0:.2f}%" y1="{1}" y2="{2}"/>'
        ).format(at, MARK_ROOM - 4, MARK_ROOM + PLOT_HEIGHT)
    for at, label in _grouped(placed):
        anchor = "start" if at < 18 else "end" if at > 82 else "middle"
        drawn += Markup('<text class="mark" x="{:.2f}%" y="{}" text-anchor="{}">{}</text>').format(
            at, MARK_ROOM - 8, anchor, label
        )
    return drawn


def _grouped(marks: Sequence[tuple[float, str]]) -> list[tuple[float, str]]:
    """Marks that stand too close for labels of their own share one, in their order."""
    groups: list[list[tuple[float, str]]] = []
    for mark in marks:
        if groups and mark[0] - groups[-1][-1][0] < MARK_APART:
            groups[-1].append(mark)
        else:
            groups.append([mark])
    return [
        ((group[0][0] + group[-1][0]) / 2, " · ".join(label for _, label in group))
        for group in groups
    ]


def _picture(
    drawn: Markup, name: str, title: str, description: str, height: int, kind: str
) -> Markup:
    return Markup(
        '<svg class="{kind}" width="100%" height="{height}" role="img"'
        ' aria-labelledby="{name}-title {name}-desc"><title id="{name}-title">{title}</title>'
        '<desc id="{name}-desc">{description}</desc>{drawn}</svg>'
    ).format(kind=kind, height=height, name=name, title=title, description=description, drawn=drawn)
