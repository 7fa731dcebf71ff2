"""Mailboxes and webhook endpoints that note each delivery by name; several processes, same ports.

`python receivers.py SMTP HTTPS FOLDER`: the certificates lie in FOLDER. A line on stdin is
answered with what came since the last one, as a line of JSON; the end of stdin ends it.
"""

import asyncio
import contextlib
import json
import signal
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from tidewire.clock import SystemClock
from tidewire.simulator.certificates import Certificates, make_certificates
from tidewire.simulator.mail_sink import MailSink
from tidewire.simulator.truth import Truth
from tidewire.simulator.web_sink import WebSink
from tidewire.simulator.world import Size, World

HOST = "127.0.0.1"
PROCESSES = 2
CHANNELS = ("email", "webhook")
LONGEST_ANSWER = 1 << 27

now = SystemClock().now


@dataclass(slots=True)
class Came:
    """What came: per channel "ADDRESS ID" and how often, when, and what was wrong with it."""

    keys: dict[str, Counter[str]] = field(default_factory=lambda: {c: Counter() for c in CHANNELS})
    times: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def add(self, said: dict[str, Any]) -> None:
        """Take in what one process noted."""
        for channel in CHANNELS:
            self.keys[channel].update(said["keys"][channel])
        self.times += said["times"]
        self.faults += said["faults"]


@dataclass(frozen=True, slots=True)
class Receivers:
    """What listens."""

    smtp: int
    authority: Path
    children: Sequence[asyncio.subprocess.Process]

    async def gather(self, came: Came) -> None:
        """Add what came since the last time."""
        for child in self.children:
            came.add(await _ask(child))


@dataclass(slots=True)
class _Noted(Truth):
    """A truth that also notes when something came."""

    times: list[float] = field(default_factory=list)

    def accept(self, channel: str, address: str, what: str) -> bool:
        """Note that it came, and when."""
        self.times.append(now().timestamp())
        return Truth.accept(self, channel, address, what)

    def taken(self) -> dict[str, Any]:
        """All that was noted; it is forgotten here."""
        keys = {channel: dict(self.accepted[channel]) for channel in CHANNELS}
        said = {"keys": keys, "times": self.times, "faults": self.faults}
        self.times, self.faults = [], []
        for channel in CHANNELS:
            self.accepted[channel].clear()
        return said


@contextlib.asynccontextmanager
async def open_receivers(folder: Path, smtp: int, https: int) -> AsyncIterator[Receivers]:
    """Start them; everybody takes everything at once."""
    certificates = make_certificates(folder, SystemClock())
    command = [sys.executable, __file__, str(smtp), str(https), str(folder)]
    children = []
    try:
        for _ in range(PROCESSES):
            children.append(
                await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=LONGEST_ANSWER,
                )
            )
        for child in children:
            await _ask(child)
        yield Receivers(smtp, certificates.authority, children)
    finally:
        for child in children:
            assert child.stdin is not None
            child.stdin.close()
            await child.wait()


async def _ask(child: asyncio.subprocess.Process) -> dict[str, Any]:
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"\n")
    line = await child.stdout.readline()
    if not line:
        raise ConnectionError(f"a receiver ended with {child.returncode}")
    return dict(json.loads(line))


async def main(smtp: int, https: int, folder: Path) -> None:
    """Take everything until nobody asks any more."""
    truth = _Noted()
    names = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    door = socket.create_server((HOST, https), backlog=4096, reuse_port=True)
    world = World(1, Size())
    hooks = await WebSink(1, truth, world.secret, calm=True).listen(door, names)
    mails = await MailSink(1, truth, lambda _: None).listen(HOST, smtp, reuse_port=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(truth.taken()), flush=True)
    mails.close()
    await hooks.cleanup()


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # whoever started us ends us
    uvloop.run(main(int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[3])))
