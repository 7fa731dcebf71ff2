"""Reading requests strictly."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway_world import request, split_answer
from tidewire.channels.stream import answer
from tidewire.channels.stream.request import Request, read_request
from tidewire.clock import FixedClock
from tidewire.model.errors import WireError


def test_a_browser_s_request_is_read() -> None:
    head = request(
        target="/stream?key=abc&language=de,en&sector=energy%2Cgaming&last_event_id=4",
        headers={"Accept": "text/event-stream", "Upgrade-Insecure-Requests": "1"},
    )
    assert read_request(head) == Request(
        "GET", "/stream", "abc", "4", ("de", "en"), frozenset({"energy", "gaming"})
    )


def test_headers_go_before_the_query() -> None:
    head = request("header", target="/stream?key=query&last_event_id=4")
    assert read_request(head).key == "header"
    found = read_request(
        request(target="/stream?last_event_id=4", headers={"LAST-EVENT-ID": " 9 "})
    )
    assert found.last_event_id == "9"


def test_other_parameters_and_offers_to_upgrade_are_ignored() -> None:
    head = request(
        "k", target="/stream?utm_source=x", headers={"Connection": "Upgrade", "Upgrade": "h2c"}
    )
    assert read_request(head).key == "k"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400),
        (b"GET /stream\r\n\r\n", 400),
        (b"GET /stream HTTP/1.1\r\n\r\n", 400),
        (b"GET /stream HTTP/1.1\r\nHost:\r\n\r\n", 400),
        (b"GET /stream HTTP/2.0\r\nHost: x\r\n\r\n", 400),
        (b"GET /stream HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400),
        (b"GET /stream HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n", 400),
        (b"GET /stream HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET /stream HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n", 400),
        (b"GET /stream HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", 400),
        (b"FOO /stream HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (request(target="/stream?key=%ff"), 400),
        (request(target="/stream?language=xx-not-a-language"), 400),
        (request(target="/stream?sector=astrology"), 400),
        (request(target="/stream?" + "&".join(f"a{n}=1" for n in range(40))), 400),
        (request(target="/"), 404),
        (request(target="/stream/"), 404),
        (request(target="/%73tream"), 404),
        (request(method="POST"), 405),
        (request(method="DELETE"), 405),
    ],
)
def test_what_is_no_request_for_the_stream_is_refused(
    head: bytes, status: int, clock: FixedClock
) -> None:
    with pytest.raises(WireError) as caught:
        read_request(head)
    assert caught.value.status == status
    found, headers, said = split_answer(answer.problem(caught.value, clock.now()))
    assert (found, said["status"], said["type"]) == (status, status, "about:blank")
    assert headers["content-type"] == "application/problem+json"
    assert ("allow" in headers) == (status == 405)


@given(st.binary(max_size=300))
def test_noise_is_refused_or_read_but_never_breaks(noise: bytes) -> None:
    try:
        read_request(noise + b"\r\n\r\n")
    except WireError as error:
        assert 400 <= error.status < 500


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_any_target_is_refused_or_read(target: str) -> None:
    try:
        read_request(request(target="/stream?" + target))
    except WireError as error:
        assert 400 <= error.status < 500


def test_a_head_has_no_body_and_the_length_of_it(clock: FixedClock) -> None:
    whole = answer.health({"status": "ok"}, clock.now(), ok=True)
    short = answer.without_body(whole)
    assert whole.startswith(short)
    assert split_answer(short)[1]["content-length"] == str(len(whole) - len(short))
    assert split_answer(whole)[1]["date"] == "Tue, 03 Mar 2026 12:00:00 GMT"
