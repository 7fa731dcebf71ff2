"""Server-sent events as bytes (WHATWG HTML, 9.2): encoded once, sent to many."""

import json
from typing import Any

from tidewire.model.release import Act

# Proxies and mobile networks cut connections that are silent for 30 s: stay below it.
HEARTBEAT_SECONDS = 25
# A comment needs no empty line after it, and some clients take one for an empty event.
HEARTBEAT = b": heartbeat\n"
GOODBYE = b": the gateway is closing; connect again\n"
# Long enough that a gateway which is being restarted is back, short enough to stay live.
RETRY_MS = 3000

EVENTS = {
    Act.PUBLISH: "release",
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


def edition_frame(sequence: int | None, act: Act, item: bytes) -> bytes:
    """The frame of an edition: its id is the sequence number, its data the wire's JSON item."""
    return encode(EVENTS[act], item, id="" if sequence is None else str(sequence))


def hello_frame(
    *, head: int, after: int | None, replay_from: int, complete: bool, retry: int = RETRY_MS
) -> bytes:
    """The first event of a connection: where replay really begins.

    `head` is the newest edition of the wire, `after` the one that the desktop named (None
    where it named none that could be read), `complete` false where editions between
    `after` and `replay_from` are left out.
    """
    said = {"head": head, "after": after, "replay_from": replay_from, "complete": complete}
    return encode("hello", _json(said), id=place_id(replay_from - 1), retry=retry)


def position_frame(position: int) -> bytes:
    """Tells a desktop that was passed over for long how far the wire has come."""
    return encode("position", _json({"head": position}), id=place_id(position))


def place_id(position: int) -> str:
    """The id of an event that names a place on the wire without carrying its edition.

    The leading zero tells it from the edition's own id when it comes back as
    Last-Event-ID: the desktop stands there, but did not say that it has the edition.
    """
    return f"0{position}"


def _json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
