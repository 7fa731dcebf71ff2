"""Desktops at their cheapest: one process of bare connections that note when a frame came.

`python screens.py URL KEYS SOURCE`: KEYS has a line "OUTSIDE_ID<TAB>KEY" for each desktop,
SOURCE is the address of 127.0.0.0/8 they come from. Each line on stdin is answered with one
line of JSON on stdout; the end of stdin ends it.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

from tidewire.clock import SystemClock

FRAME = b"\nevent: release\n"
AT_ONCE = 200  # connections being opened at the same time
PATIENCE_SECONDS = 60.0

now = SystemClock().now


class Screen(asyncio.Protocol):
    """One connection. `came` holds the time of each frame, in seconds since the epoch."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self.answered = asyncio.get_running_loop().create_future()
        self.came: list[float] = []
        self.lost = False
        self.tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the stream."""
        cast(asyncio.Transport, transport).write(self.request)

    def data_received(self, data: bytes) -> None:
        """Count what came; a frame's head may lie across two reads."""
        if not self.answered.done():
            self.answered.set_result(data.startswith(b"HTTP/1.1 200"))
        text = self.tail + data
        if FRAME in text:
            self.came += text.count(FRAME) * [now().timestamp()]
        self.tail = text[1 - len(FRAME) :]

    def connection_lost(self, _error: Exception | None) -> None:
        """Never expected: nobody drops here."""
        self.lost = True
        if not self.answered.done():
            self.answered.set_result(False)


async def main(url: str, keys: Path, source: str) -> None:
    """Connect all, then answer questions."""
    gate = asyncio.Semaphore(AT_ONCE)
    lines = await asyncio.to_thread(keys.read_text, "ascii")
    names = [line.partition("\t")[2] for line in lines.splitlines()]
    screens = await asyncio.gather(*(_open(url, key, source, gate) for key in names))
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(_state(screens)), flush=True)


def _state(screens: list[Screen]) -> dict[str, object]:
    came = sorted(at for screen in screens for at in screen.came)
    return {
        "connected": sum(not screen.lost for screen in screens),
        "served": sum(bool(screen.came) for screen in screens),
        "frames": len(came),
        "times": came,
    }


async def _open(url: str, key: str, source: str, gate: asyncio.Semaphore) -> Screen:
    """A connection that the gateway has answered; opened again while it is busy."""
    parts = urlsplit(url)
    request = (
        f"GET {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Accept: text/event-stream\r\nAuthorization: Bearer {key}\r\n\r\n"
    ).encode("ascii")
    loop = asyncio.get_running_loop()
    async with gate, asyncio.timeout(PATIENCE_SECONDS):
        while True:
            _, screen = await loop.create_connection(
                lambda: Screen(request),
                parts.hostname or "",
                parts.port or 80,
                local_addr=(source, 0),
            )
            if await screen.answered:
                return screen
            await asyncio.sleep(0.5)


if __name__ == "__main__":
    uvloop.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3]))
