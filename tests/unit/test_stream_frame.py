"""Frames of the stream, read by a decoder that is not ours."""

import json

import pytest
from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder
from hypothesis import given
from hypothesis import strategies as st

from tidewire.channels.stream.frame import (
    HEARTBEAT,
    edition_frame,
    encode,
    goodbye_frames,
    hello_frame,
    position_frame,
)
from tidewire.channels.stream.replay import start_of
from tidewire.model.release import Act


def read(stream: bytes) -> list[ServerSentEvent]:
    """All events of a stream; lines end as the standard says: CR, LF or CRLF."""
    decoder = SSEDecoder()
    text = stream.decode().replace("\r\n", "\n").replace("\r", "\n")
    return [event for line in text.split("\n")[:-1] if (event := decoder.decode(line)) is not None]


@given(st.text(st.characters(codec="utf-8")))
def test_no_text_breaks_out_of_its_frame(text: str) -> None:
    found = read(encode("release", text.encode(), id="7"))
    assert [(event.event, event.id) for event in found] == [("release", "7")]
    assert found[0].data == text.replace("\r\n", "\n").replace("\r", "\n")


def test_a_forged_event_inside_the_data_stays_data() -> None:
    data = b'{"headline":"x"}\n\nevent: kill\nid: 99\ndata: {}\r\rretry: 1\r\n\r\n'
    (event,) = read(edition_frame(3, Act.PUBLISH, data).plain)
    assert (event.event, event.id, event.retry) == ("release", "3", None)


@pytest.mark.parametrize("field", ["a\nb", "a\rb", "a\0b"])
def test_names_and_ids_with_line_breaks_are_refused(field: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        encode(field, b"")
    with pytest.raises(ValueError, match="one line"):
        encode("release", b"", id=field)


@pytest.mark.parametrize(
    ("act", "name"),
    [
        (Act.PUBLISH, "release"),
        (Act.CORRECT, "correction"),
        (Act.WITHDRAW, "withdrawal"),
        (Act.KILL, "kill"),
    ],
)
def test_each_act_has_its_event(act: Act, name: str) -> None:
    (event,) = read(edition_frame(12, act, b"{}").plain)
    assert (event.event, event.id, event.data) == (name, "12", "{}")


def test_comments_are_no_events_and_break_none() -> None:
    frame = edition_frame(1, Act.PUBLISH, b"{}").plain
    (goodbye, *_) = goodbye_frames()
    found = read(frame + HEARTBEAT.plain + HEARTBEAT.plain + frame + goodbye.plain)
    assert [event.id for event in found] == ["1", "1"]


def test_a_hello_says_where_replay_begins_and_how_soon_to_return() -> None:
    (event,) = read(hello_frame(head=9, after=2, replay_from=5, complete=False).plain)
    assert json.loads(event.data) == {"head": 9, "after": 2, "replay_from": 5, "complete": False}
    assert (event.event, event.retry) == ("hello", 3000)


def test_an_id_of_a_place_brings_back_to_it_without_claiming_its_edition() -> None:
    hello = read(hello_frame(head=9, after=None, replay_from=10, complete=True).plain)[0]
    position = read(position_frame(9).plain)[0]
    edition = read(edition_frame(9, Act.PUBLISH, b"{}").plain)[0]
    starts = [start_of(event.id, head=9, live=9) for event in (hello, position, edition)]
    assert [start.cursor for start in starts] == [9, 9, 9]
    assert [start.seen for start in starts] == [False, False, True]
