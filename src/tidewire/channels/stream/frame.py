"""Server-sent events as bytes (WHATWG HTML, 9.2): encoded once, sent to many."""

import json
import random
from collections.abc import Sequence
from typing import Any

from tidewire.channels.stream.squeeze import block
from tidewire.model.release import Act


class Frame:
    """One event or several in bytes: plain, and as a block of shared gzip; each is made once."""

    __slots__ = ("_block", "_parts", "plain")

    def __init__(self, plain: bytes, parts: "Sequence[Frame]" = ()) -> None:
        self.plain = plain
        self._parts = parts
        self._block = b""

    @property
    def block(self) -> bytes:
        """The same, compressed (squeeze.py)."""
        if not self._block:
            self._block = b"".join(p.block for p in self._parts) or block(self.plain)
        return self._block


def joined(frames: Sequence[Frame]) -> Frame:
    """Several frames as one."""
    if len(frames) == 1:
        return frames[0]
    return Frame(b"".join(frame.plain for frame in frames), frames)


# Proxies and mobile networks cut connections that are silent for 30 s: stay below it.
HEARTBEAT_SECONDS = 25
# A comment needs no empty line after it, and some clients take one for an empty event.
HEARTBEAT = Frame(b": heartbeat\n")
# Long enough that a gateway which is being restarted is back, short enough to stay live.
RETRY_MS = 3000
# Who is sent away comes back within this time, each at a moment of its own.
SPREAD_MS = 10_000
_GOODBYES = 64  # different moments; one frame each

EVENTS = {
    Act.PUBLISH: "release",
    Act.ADD: "release",
    Act.CORRECT: "correction",
    Act.WITHDRAW: "withdrawal",
    Act.KILL: "kill",
}


def encode(event: str, data: bytes, *, id: str = "", retry: int | None = None) -> bytes:
    """One event. A line break inside `data` (UTF-8) starts a new data line, so nothing breaks out.

    `event` and `id` are ours and hold no line break. Raises ValueError where they do.
    """
    if any(sign in field for field in (event, id) for sign in "\r\n\0"):
        raise ValueError("an event's name and id are one line each")
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    head = f"id: {id}\n" if id else ""
    if retry is not None:
        head += f"retry: {retry}\n"
    head += f"event: {event}\n"
    return b"".join((head.encode(), *(b"data: %b\n" % line for line in lines), b"\n"))


def edition_frame(sequence: int | None, act: Act, item: bytes) -> Frame:
    """The frame of an edition: its id is the sequence number, its data the wire's JSON item."""
    return Frame(encode(EVENTS[act], item, id="" if sequence is None else str(sequence)))


def hello_frame(
    *, head: int, after: int | None, replay_from: int, complete: bool, retry: int = RETRY_MS
) -> Frame:
    """The first event of a connection: where replay really begins.

    `head` is the newest edition of the wire, `after` the one that the desktop named (None
    where it named none that could be read), `complete` false where editions between
    `after` and `replay_from` are left out.
    """
    said = {"head": head, "after": after, "replay_from": replay_from, "complete": complete}
    return Frame(encode("hello", _json(said), id=place_id(replay_from - 1), retry=retry))


def position_frame(position: int) -> Frame:
    """Tells a desktop that was passed over for long how far the wire has come."""
    return Frame(encode("position", _json({"head": position}), id=place_id(position)))


def goodbye_frames() -> list[Frame]:
    """What is said when the gateway closes: `retry` differs, so that not all return at once."""
    said = b"retry: %d\n: the gateway is closing; connect again\n"
    waits = (SPREAD_MS * number // _GOODBYES for number in range(1, _GOODBYES + 1))
    found = [Frame(said % wait) for wait in waits]
    random.shuffle(found)
    return found


def place_id(position: int) -> str:
    """The id of an event that names a place on the wire without carrying its edition.

    The leading zero tells it from the edition's own id when it comes back as
    Last-Event-ID: the desktop stands there, but did not say that it has the edition.
    """
    return f"0{position}"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
