"""Where a connection begins."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidewire.channels.stream.replay import REPLAY_LIMIT, Start, start_of


@pytest.mark.parametrize(
    ("sent", "start"),
    [
        (None, Start(90, None, True)),
        ("", Start(90, None, True)),
        ("100", Start(100, 100, True, seen=True)),
        ("95", Start(95, 95, True, seen=True)),
        ("095", Start(95, 95, True)),
        ("80", Start(80, 80, True, seen=True)),
        ("79", Start(80, 79, False)),
        ("0", Start(80, 0, False)),
        ("101", Start(90, 101, False)),
        ("-1", Start(90, None, False)),
        ("+1", Start(90, None, False)),
        ("1_0", Start(90, None, False)),
        ("٣", Start(90, None, False)),
        ("1e2", Start(90, None, False)),
        ("9" * 20, Start(90, None, False)),
    ],
)
def test_what_a_client_sends_decides_where_it_begins(sent: str | None, start: Start) -> None:
    assert start_of(sent, head=100, live=90, limit=20) == start


@given(st.text(max_size=30), st.integers(0, 10**6), st.integers(0, 10))
def test_whatever_is_sent_the_start_is_on_the_wire_and_truthful(
    sent: str, head: int, behind: int
) -> None:
    live = max(0, head - behind)
    start = start_of(sent, head=head, live=live)
    assert 0 <= start.cursor <= head
    assert head - start.cursor <= max(REPLAY_LIMIT, behind)
    if start.complete and start.after is not None:
        assert start.cursor == start.after
