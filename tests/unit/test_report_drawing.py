"""Pictures of reports: well-formed, true to the numbers, and free of inline style."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from tidewire.reports import drawing
from tidewire.reports.distribution import Counts
from tidewire.reports.timing import Bucket, Times

SVG = "{http://www.w3.org/2000/svg}"
COUNTS = st.builds(
    lambda a, b, c, d, e: Counts(a + b + c + d + e, e, a, b, c, d),
    *[st.integers(0, 4_000_000)] * 5,
)


def parse(drawn: str) -> etree._Element:
    return etree.fromstring(str(drawn))


def bar(counts: Counts) -> etree._Element:
    return parse(drawing.states_bar(counts, name="x", title="E-mail", description="many"))


@given(COUNTS)
def test_a_bar_fills_its_width_exactly_and_hides_nothing(counts: Counts) -> None:
    rects = bar(counts).findall("rect")
    widths = [float(rect.get("width", "").rstrip("%")) for rect in rects]
    present = [state for state in drawing.STATES if getattr(counts, state)]
    assert len(widths) == len(present)
    assert all(width >= drawing.SLIVER - 0.01 for width in widths)
    assert not widths or sum(widths) == pytest.approx(100, abs=0.05)


def test_a_bar_says_what_it_shows() -> None:
    drawn = bar(Counts(2, 0, 1, 1, 0, 0))
    assert drawn.get("role") == "img"
    assert drawn.get("aria-labelledby") == "x-title x-desc"
    assert drawn.findtext("title") == "E-mail"
    assert drawn.findtext("desc") == "many"


def test_text_in_a_picture_is_escaped() -> None:
    drawn = drawing.states_bar(Counts(1, 0, 1), name="x", title="<b>&", description='"')
    assert parse(drawn).findtext("title") == "<b>&"


def test_states_differ_in_more_than_colour() -> None:
    fills = [rect.get("fill") for rect in bar(Counts(5, 1, 1, 1, 1, 1)).findall("rect")]
    assert [fill for fill in fills if fill] == [
        "url(#fill-deferred)", "url(#fill-refused)", "url(#fill-waiting)",
    ]  # fmt: skip
    ids = {one.get("id") for one in parse(drawing.patterns()).iter("pattern")}
    assert ids == {"fill-deferred", "fill-refused", "fill-waiting"}


def test_a_timeline_marks_half_nearly_all_and_all() -> None:
    buckets = (Bucket(10, 15, 4), Bucket(15, 20, 0), Bucket(20_000, 30_000, 1))
    line = drawing.axis([buckets])
    assert line is not None
    drawn = parse(
        drawing.timeline(
            buckets,
            Times(12, 13, 25_000, 25_000, 24_988),
            line,
            name="t",
            title="E-mail",
            description="when",
            labels=("Median", "p99", "Last"),
        )
    )
    marks = [text.text for text in drawn.iter("text") if text.get("class") == "mark"]
    assert marks == ["Median", "p99 · Last"]
    bars = drawn.findall("rect")
    assert len(bars) == 2, "an empty bucket draws nothing"
    assert float(bars[0].get("height", "0")) > float(bars[1].get("height", "0"))


def test_an_axis_is_logarithmic_and_holds_its_ends() -> None:
    line = drawing.Axis(1, 10_000)
    assert [line.at(ms) for ms in (0, 1, 10, 100, 10_000, 10**9)] == [0, 0, 25, 50, 100, 100]
    assert drawing.axis([]) is None


@pytest.mark.parametrize(
    ("ms", "said"),
    [(0, "0 ms"), (999, "999 ms"), (1_000, "1 s"), (27_700, "27.7 s"), (59_999, "60 s"),
     (90_000, "1.5 min"), (7_200_000, "2 h")],
)  # fmt: skip
def test_times_are_short(ms: int, said: str) -> None:
    assert drawing.short_time(ms) == said


def test_no_picture_carries_inline_style() -> None:
    drawn = drawing.patterns() + drawing.portion(Counts(4, 0, 2), 8) + drawing.swatch("dead")
    assert not re.search(r"\bstyle=|<script", drawn)
