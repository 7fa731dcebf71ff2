"""Shared gzip: blocks join in any order, and only who asks for it gets it."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidewire.channels.stream.frame import Frame, joined
from tidewire.channels.stream.squeeze import GZIP_HEAD, accepts_gzip, block


@given(st.lists(st.binary(max_size=300), max_size=6), st.randoms(use_true_random=False))
def test_blocks_in_any_order_are_a_gzip_stream_that_can_be_read_to_its_newest_byte(
    parts: list[bytes], order: object
) -> None:
    blocks = {part: block(part) for part in parts}  # each is made once
    order.shuffle(parts)  # type: ignore[attr-defined]
    reader = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    assert reader.decompress(GZIP_HEAD) == b""
    for part in parts:
        assert reader.decompress(blocks[part]) == part


@given(st.lists(st.binary(min_size=1, max_size=100), min_size=1, max_size=5))
def test_a_joined_frame_says_what_its_parts_say(parts: list[bytes]) -> None:
    whole = joined([Frame(part) for part in parts])
    assert whole.plain == b"".join(parts)
    reader = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    assert reader.decompress(whole.block) == whole.plain


def test_a_block_is_made_once() -> None:
    frame = Frame(b"sample" * 100)
    assert frame.block is frame.block
    assert len(frame.block) < len(frame.plain) / 4


@pytest.mark.parametrize(
    ("header", "wants"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip;q=0.8, *;q=0.1", True),
        ("gzip;q=0", False),
        ("gzip; q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("br, deflate", False),
        ("identity", False),
        ("identity, gzip;q=0.5", False),
        ("identity;q=0.5, gzip", True),
        ("gzip;q=much", False),
        ("gzip;q=2", False),
    ],
)
def test_weights_of_accept_encoding_decide(header: str | None, wants: bool) -> None:
    assert accepts_gzip(header) is wants
