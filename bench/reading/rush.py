"""A rush of readers: so many requests a second whether they are answered or not.

`python rush.py PORT PATH RATE SECONDS FILE` asks over connections that are kept open, more of
them where all wait. It writes a line for each request: when it was due, when it was sent, when
the first byte of its answer came (stopwatch), and its status.
"""

import asyncio
import sys
from pathlib import Path

import uvloop

from tidewire.clock import stopwatch

FIRST = 100  # connections to begin with
MOST = 800
LATE_SECONDS = 10.0


class Reader(asyncio.Protocol):
    """One connection; it asks when it is told to, one request at a time."""

    def __init__(self, crowd: "Crowd") -> None:
        self._crowd = crowd
        self._due = self._sent = self._first = 0.0
        self._left = -1  # bytes of the answer that are still to come; -1: its head is
        self._head = b""
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Ready."""
        self.transport = transport
        self._crowd.idle.append(self)

    def ask(self, due: float) -> None:
        """Send the request that was due then."""
        assert self.transport is not None
        self._due, self._first, self._left, self._head = due, 0.0, -1, b""
        self._sent = stopwatch()
        self.transport.write(self._crowd.request)

    def data_received(self, data: bytes) -> None:
        """Note the first byte; with the last one the connection is idle again."""
        if not self._first:
            self._first = stopwatch()
        if self._left < 0:
            self._head += data
            head, found, rest = self._head.partition(b"\r\n\r\n")
            if not found:
                return
            lengths = [r for r in head.lower().split(b"\r\n") if r.startswith(b"content-length:")]
            self._left = int(lengths[0].split(b":")[1])
            data = rest
        self._left -= len(data)
        if self._left == 0:
            status = int(self._head.split(b" ", 2)[1])
            self._crowd.seen.append((self._due, self._sent, self._first, status))
            self._crowd.idle.append(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """Whoever is cut off is noticed: its answer is missing."""
        if self in self._crowd.idle:
            self._crowd.idle.remove(self)


class Crowd:
    """All connections, and what they have seen."""

    def __init__(self, port: int, path: str) -> None:
        self.port = port
        self.request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()
        self.idle: list[Reader] = []
        self.seen: list[tuple[float, float, float, int]] = []
        self._made = 0

    async def more(self, many: int) -> None:
        """Open so many connections more, up to MOST."""
        loop = asyncio.get_running_loop()
        many = min(many, MOST - self._made)
        self._made += many
        for _ in range(many):
            await loop.create_connection(lambda: Reader(self), "127.0.0.1", self.port)

    async def rush(self, rate: float, seconds: float) -> int:
        """Ask at this rate; how many requests were due."""
        await self.more(FIRST)
        began, asked, total = stopwatch(), 0, int(rate * seconds)
        end = began + seconds + LATE_SECONDS
        while len(self.seen) < total and stopwatch() < end:
            due = min(total, int((stopwatch() - began) * rate))
            if due > asked and not self.idle and self._made < MOST:
                await self.more(20)
            while asked < due and self.idle:
                self.idle.pop().ask(began + asked / rate)
                asked += 1
            await asyncio.sleep(0.0005)
        return total


async def main() -> None:
    """Read the arguments, say when it begins, and write what was seen."""
    port, path, rate, seconds, file = sys.argv[1:]
    crowd = Crowd(int(port), path)
    print("ready", flush=True)
    total = await crowd.rush(float(rate), float(seconds))
    rows = [" ".join(map(str, one)) for one in crowd.seen]
    await asyncio.to_thread(Path(file).write_text, "\n".join([str(total), *rows]))


if __name__ == "__main__":
    uvloop.run(main())
