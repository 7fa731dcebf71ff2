"""Staged mails handed to a relay, beside `smtp-source -d` and aiosmtplib.

86,000 mails of 6 KB go to `smtp-sink` over 20 connections that stay open. Ours have a header
block and a VERP sender each, signed beforehand and read page by page, and share the body.
All take turns, each in a process of its own; the medians are compared.
"""

import asyncio
import contextlib
import json
import os
import resource
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from result import Result
from tidewire.access.tokens import Signer
from tidewire.app.running import run as run_program
from tidewire.channels.channel import ChannelContext
from tidewire.channels.email.channel import EmailChannel
from tidewire.channels.email.mailbox import Mailbox
from tidewire.channels.email.message import Body
from tidewire.clock import SystemClock, stopwatch
from tidewire.model.delivery import Accepted, Outgoing
from tidewire.store.database import Database

TURNS = 3
MAILS = 86_000
FEWER = 12_000  # for aiosmtplib: its rate is compared
CONNECTIONS = 20
PAGE = 500
PAGES_AT_ONCE = 3  # as the worker takes them
HEAD = 2048  # bytes of a header block, signature and list fields in it
SIZE = 6144  # bytes of a mail
LINE = b"x" * 70 + b"\r\n"
BODY = (LINE * SIZE)[: SIZE - HEAD - 2] + b"\r\n"
SOURCE_HEAD = 168  # bytes of the header that smtp-source writes of itself
MUST_REACH = {"ours/smtp-source": 1.0, "ours/aiosmtplib": 3.0}
ROUTE = "127.0.0.1"
DEBIAN = {"postfix": "smtp-sink", "python3-aiosmtplib": "/usr/lib/python3/dist-packages/aiosmtplib"}


@dataclass(frozen=True, slots=True)
class Turn:
    """What one sender did: wall-clock and its own CPU time in seconds."""

    mails: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Mails a second."""
        return self.mails / self.seconds

    @property
    def cost(self) -> float:
        """CPU seconds of the sender for a thousand mails."""
        return 1000 * self.cpu / self.mails


def run() -> Result:
    """Send in turns with the peers."""
    _install()
    turns: dict[str, list[Turn]] = {"ours": [], "smtp-source": [], "aiosmtplib": []}
    with tempfile.TemporaryDirectory() as folder, _sink() as port:
        staged = Path(folder) / "staged"
        _stage(staged)
        for _ in range(TURNS):
            turns["ours"].append(_child("ours", port, MAILS, str(staged)))
            turns["smtp-source"].append(_smtp_source(port, MAILS))
            turns["aiosmtplib"].append(_child("aiosmtplib", port, FEWER, str(staged)))
    rates = {name: statistics.median(t.rate for t in seen) for name, seen in turns.items()}
    costs = {name: statistics.median(t.cost for t in seen) for name, seen in turns.items()}
    ratios = {f"ours/{peer}": rates["ours"] / rates[peer] for peer in ("smtp-source", "aiosmtplib")}
    figures = {f"{name}/s": rate for name, rate in rates.items()}
    figures |= {f"{name} CPU s per 1,000": cost for name, cost in costs.items()}
    meets = all(ratios[name] >= least for name, least in MUST_REACH.items())
    return Result("mail", figures, ratios, meets)


def _install() -> None:
    missing = [name for name, program in DEBIAN.items() if not _there(program)]
    if missing:
        root = [] if os.geteuid() == 0 else ["sudo"]
        install = [
            *root,
            "env",
            "DEBIAN_FRONTEND=noninteractive",
            "apt-get",
            "install",
            "-y",
            "-qq",
        ]
        subprocess.run([*root, "apt-get", "update", "-qq"], check=True)
        subprocess.run([*install, "--no-install-recommends", *missing], check=True)


def _there(program: str) -> bool:
    return _program(program) is not None or Path(program).is_dir()


def _program(name: str) -> str | None:
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")


@contextlib.contextmanager
def _sink() -> Iterator[int]:
    with socket.socket() as free:
        free.bind((ROUTE, 0))
        port = int(free.getsockname()[1])
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    sink = subprocess.Popen([_program("smtp-sink") or "", *user, f"{ROUTE}:{port}", "256"])
    try:
        _wait_for(port)
        yield port
    finally:
        sink.terminate()
        sink.wait()


def _wait_for(port: int) -> None:
    until = stopwatch() + 10
    while True:
        try:
            socket.create_connection((ROUTE, port), 1).close()
            return
        except OSError:
            if stopwatch() > until:
                raise


def _stage(file: Path) -> None:
    """Header blocks as they would stand in the store: one behind the other, all of one length."""
    with file.open("wb") as staged:
        for n in range(MAILS):
            own = f"To: <reader-{n:06}@newsroom.example>\r\nMessage-ID: <42.1.{n}@wire.example>\r\n"
            filler = f"DKIM-Signature: v=1; bh={'x' * HEAD}"[: HEAD - len(own) - 4]
            staged.write(f"{own}{filler}\r\n\r\n".encode())


def _smtp_source(port: int, mails: int) -> Turn:
    program = _program("smtp-source") or ""
    size = SIZE - SOURCE_HEAD
    command = [program, "-d", "-s", str(CONNECTIONS), "-m", str(mails), "-l", str(size)]
    began = stopwatch()
    peer = subprocess.Popen(
        [*command, "-f", "wire@wire.example", "-t", "reader@newsroom.example", f"{ROUTE}:{port}"]
    )
    _, status, used = os.wait4(peer.pid, 0)
    seconds = stopwatch() - began
    peer.returncode = os.waitstatus_to_exitcode(status)
    assert peer.returncode == 0, "smtp-source failed"
    return Turn(mails, seconds, used.ru_utime + used.ru_stime)


def _child(name: str, port: int, mails: int, staged: str) -> Turn:
    """Run one of the senders below in a process of its own."""
    command = [sys.executable, __file__, name, str(port), str(mails), staged]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return Turn(mails, **json.loads(done.stdout))


async def ours(port: int, mails: int, staged: Path) -> None:
    """Page after page through the channel, three at once, as the worker does."""
    environment = {
        "TIDEWIRE_SMTP_URL": f"smtp://{ROUTE}:{port}",
        "TIDEWIRE_SMTP_CONNECTIONS": str(CONNECTIONS),
    }
    with tempfile.TemporaryDirectory() as keys:
        context = ChannelContext(
            SystemClock(),
            Database("postgresql://unused.example/none"),
            Signer(b"s" * 32),
            "https://wire.example",
            Path(keys),
            environment,
        )
        channel = EmailChannel(context)
        firsts = iter(range(0, mails, PAGE))
        with staged.open("rb") as store:
            taken = await asyncio.gather(
                *(_drain(channel, store.fileno(), firsts, mails) for _ in range(PAGES_AT_ONCE))
            )
        assert sum(taken) == mails
        await channel.close()


async def _drain(channel: EmailChannel, store: int, firsts: Iterator[int], mails: int) -> int:
    accepted = 0
    body = Body((b"Subject", b" staged"), (), BODY, "")
    for first in firsts:
        page = _Staged(first, os.pread(store, PAGE * HEAD, first * HEAD))
        deliveries = [
            Outgoing(n, f"reader-{n:06}@newsroom.example", f"42.1.{n}", 1, "en")
            for n in range(first, min(first + PAGE, mails))
        ]
        writer: Any = page
        async for receipt in channel._distribute(channel._pool, writer, body, deliveries):
            accepted += isinstance(receipt.outcome, Accepted)
    return accepted


class _Staged:
    """Stands where the writer does: hands out what was written and signed before."""

    def __init__(self, first: int, block: bytes) -> None:
        self.first = first
        self.block = block

    def envelope_sender(self, delivery: Outgoing) -> str:
        return f"b+{delivery.endpoint_id:048}@wire.example"

    def header(self, _body: Body, _to: Mailbox, delivery: Outgoing, _at: datetime) -> bytes:
        begin = (delivery.endpoint_id - self.first) * HEAD
        return self.block[begin : begin + HEAD]


async def aiosmtplib(port: int, mails: int, staged: Path) -> None:
    """Twenty clients that stay connected, `sendmail` for each mail."""
    sys.path.append("/usr/lib/python3/dist-packages")
    import aiosmtplib as peer

    numbers = iter(range(mails))
    with staged.open("rb") as store:

        async def carry() -> None:
            client = peer.SMTP(hostname=ROUTE, port=port, start_tls=False)
            await client.connect()
            for n in numbers:
                mail = os.pread(store.fileno(), HEAD, n * HEAD) + BODY
                sender = f"b+{n:048}@wire.example"
                await client.sendmail(sender, [f"reader-{n:06}@newsroom.example"], mail)
            await client.quit()

        await asyncio.gather(*(carry() for _ in range(CONNECTIONS)))


def main() -> None:
    """A sender alone: NAME PORT MAILS STAGED; prints what it took."""
    name, port, mails, staged = sys.argv[1:]
    sender = {"ours": ours, "aiosmtplib": aiosmtplib}[name]
    before, began = resource.getrusage(resource.RUSAGE_SELF), stopwatch()
    run_program(sender(int(port), int(mails), Path(staged)))
    seconds, after = stopwatch() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    print(json.dumps({"seconds": seconds, "cpu": cpu}))


if __name__ == "__main__":
    main()
