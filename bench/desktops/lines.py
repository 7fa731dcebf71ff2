"""Desktops that only count: bare sockets on epoll, in a process of their own.

Commands come as JSON lines on stdin, an answer to each goes to stdout. A frame is counted by
its one MARK, so it does not matter how the stream is cut into reads.
"""

import json
import os
import select
import socket
import sys
from array import array
from pathlib import Path

from tidewire.clock import stopwatch

MARK = b"~"
# What ends each block of a gzip stream that can be joined anywhere (RFC 1951, 3.2.4).
GZIP_MARK = b"\x00\x00\xff\xff"
HEARTBEAT_BYTES = 64  # a block below this is no frame
READ_BYTES = 65536
AT_ONCE = 256  # connections that are being opened at the same time
OPEN_SECONDS = 120.0


class Lines:
    """Many connections to one address, and the frames that came on each."""

    def __init__(self, port: int, source: str, *, gzip: bool = False) -> None:
        """With `gzip` frames are told by what ends their block: compressed, they show no mark."""
        self._address = ("127.0.0.1", port)
        self._source = source
        self._mark, self._least = (GZIP_MARK, HEARTBEAT_BYTES) if gzip else (MARK, 0)
        self._poll = select.epoll()
        self._buffer = bytearray(READ_BYTES)
        self.sockets: dict[int, socket.socket] = {}
        self.got: dict[int, int] = {}
        self.times: list[array[float]] = []
        self.bytes = 0
        self.lost = 0

    def open(self, requests: list[bytes]) -> int:
        """Open a line for each request and wait until each is answered; returns how many are."""
        waiting, answered = list(reversed(requests)), 0
        asking: set[int] = set()
        until = stopwatch() + OPEN_SECONDS
        while (waiting or asking) and stopwatch() < until:
            while waiting and len(asking) < AT_ONCE:
                asking.add(self.dial(waiting.pop()))
            for fd, _ in self._poll.poll(0.1):
                if self._read(fd) > 0 and fd in asking:
                    asking.discard(fd)
                    answered += 1
                elif fd not in self.sockets:
                    asking.discard(fd)
        return answered

    def dial(self, request: bytes) -> int:
        """Open one line and ask."""
        line = socket.socket()
        line.setsockopt(socket.IPPROTO_IP, getattr(socket, "IP_BIND_ADDRESS_NO_PORT", 24), 1)
        line.bind((self._source, 0))
        line.connect(self._address)
        line.sendall(request)
        line.setblocking(False)
        self.sockets[line.fileno()] = line
        self._poll.register(line.fileno(), select.EPOLLIN)
        return line.fileno()

    def expect(self, frames: int) -> None:
        """Count anew, up to `frames` on each line."""
        self.got = dict.fromkeys(self.sockets, 0)
        self.times = [array("d") for _ in range(frames)]
        self.bytes = 0

    def count(self, seconds: float, *, quiet: float = 0.0) -> int:
        """Count until every line has its frames, or `seconds` have passed; returns how many came.

        With `quiet`, lines are only read for that long.
        """
        total, wanted = 0, len(self.times) * len(self.sockets)
        until = stopwatch() + (quiet or seconds)
        poll, buffer, got, times = self._poll.poll, self._buffer, self.got, self.times
        vector, mark, least = (buffer,), self._mark, self._least
        while (total < wanted or quiet) and stopwatch() < until:
            for fd, _ in poll(0.05, 1024):
                try:
                    size = os.readv(fd, vector)
                except BlockingIOError:
                    continue
                except OSError:
                    size = 0
                now = stopwatch()
                if not size:
                    self._drop(fd)
                    continue
                self.bytes += size
                new = buffer.count(mark, 0, size)
                if not new or size < least or fd not in got:
                    continue
                before = got[fd]
                got[fd] = before + new
                total += new
                for number in range(before, min(before + new, len(times))):
                    times[number].append(now)
        return total

    def _read(self, fd: int) -> int:
        try:
            size = os.readv(fd, (self._buffer,))
        except BlockingIOError:
            return 0
        except OSError:
            size = 0
        if not size or (fd not in self.got and not self._buffer.startswith(b"HTTP/1.1 200")):
            self._drop(fd)
            return 0
        self.got.setdefault(fd, 0)
        return size

    def _drop(self, fd: int) -> None:
        self._poll.unregister(fd)
        self.sockets.pop(fd).close()
        self.got.pop(fd, None)
        self.lost += 1

    def hang_up(self, fd: int) -> None:
        """Close one line."""
        if fd in self.sockets:
            self._drop(fd)
            self.lost -= 1

    def close(self) -> None:
        """Close all lines."""
        for fd in tuple(self.sockets):
            self.hang_up(fd)


def come_and_go(lines: Lines, requests: list[bytes], rate: int, seconds: float) -> dict[str, float]:
    """Open `rate` lines a second for so long; each stays for one second and hangs up."""
    began, opened = stopwatch(), 0
    standing: list[int] = []
    while (passed := stopwatch() - began) < seconds:
        due = min(int(passed * rate), opened + 50)
        while opened < due:
            standing.append(lines.dial(requests[opened % len(requests)]))
            opened += 1
        while len(standing) > rate:
            lines.hang_up(standing.pop(0))
        lines.count(0.0, quiet=0.002)
    lost = lines.lost
    lines.close()
    return {"opened": opened, "lost": lost, "seconds": stopwatch() - began}


def quantiles(times: "list[array[float]]", published: list[float]) -> dict[str, float]:
    """Seconds from each frame's publication to its arrival, over all lines and frames."""
    ages = sorted(
        at - began for arrived, began in zip(times, published, strict=True) for at in arrived
    )
    if not ages:
        return {"p50": -1.0, "p99": -1.0, "most": -1.0}
    size = len(ages)
    return {"p50": ages[size // 2], "p99": ages[size * 99 // 100], "most": ages[-1]}


def main() -> None:
    """Do as told until stdin ends."""
    lines = Lines(0, "127.0.0.1")
    for order in map(json.loads, sys.stdin):
        said: dict[str, float] = {}
        if order["do"] == "open":
            lines = Lines(order["port"], order["source"], gzip=order.get("gzip", False))
            requests = Path(order["requests"]).read_bytes().split(b"\0")
            began = stopwatch()
            said = {"open": lines.open(requests), "seconds": stopwatch() - began}
        elif order["do"] == "expect":
            lines.expect(order["frames"])
        elif order["do"] == "count":
            came = lines.count(order["seconds"])
            last = max((times[-1] for times in lines.times if times), default=0.0)
            said = {"came": came, "last": last, "bytes": lines.bytes, "lost": lines.lost}
        elif order["do"] == "ages":
            said = quantiles(lines.times, order["published"])
        elif order["do"] == "churn":
            lines = Lines(order["port"], order["source"])
            requests = Path(order["requests"]).read_bytes().split(b"\0")
            lines.expect(0)
            said = come_and_go(lines, requests, order["rate"], order["seconds"])
        elif order["do"] == "close":
            lines.close()
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
