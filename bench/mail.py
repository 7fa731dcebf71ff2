"""Staged mails handed to a relay, beside `smtp-source -d` and aiosmtplib.

86,000 mails of 6 KB go to `smtp-sink` over 20 connections that stay open. Ours have a header
block and a VERP sender each, signed beforehand and read page by page, and share the body.
All take turns, each in a process of its own; the medians are compared.
"""

import asyncio
import base64
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
from pathlib import Path
from typing import Any

from result import Result
from tidewire.access.tokens import Signer
from tidewire.app.running import run as run_program
from tidewire.channels.channel import ChannelContext
from tidewire.channels.email.channel import Desk, EmailChannel
from tidewire.channels.email.message import Body
from tidewire.channels.email.prepared import Header, Headers, pack, unpack
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
DOMAIN = "newsroom.example"
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
        _stage(Path(folder))
        for _ in range(TURNS):
            turns["ours"].append(_child("ours", port, MAILS, folder))
            turns["smtp-source"].append(_smtp_source(port, MAILS))
            turns["aiosmtplib"].append(_child("aiosmtplib", port, FEWER, folder))
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


def _stage(folder: Path) -> None:
    """What is made of each page before the moment, as it would stand in the store."""
    for first in range(0, MAILS, PAGE):
        blocks = {
            n: Header(_address(n), "", _local(n), DOMAIN, f"b+{n:048}@wire.example", _head(n))
            for n in range(first, min(first + PAGE, MAILS))
        }
        (folder / str(first)).write_bytes(pack(Headers("", blocks)))


def _local(n: int) -> str:
    return f"reader-{n:06}"


def _address(n: int) -> str:
    return f"{_local(n)}@{DOMAIN}"


def _head(n: int) -> bytes:
    """A header block of full size; nobody looks whether the signature is one."""
    own = f"To: <{_address(n)}>\r\nMessage-ID: <42.1.{n}@wire.example>\r\n".encode()
    signature = b"DKIM-Signature: v=1; b=" + base64.b64encode(os.urandom(256))
    filler = b"X-Filler: " + b"x" * HEAD
    return (own + signature + b"\r\n" + filler)[: HEAD - 4] + b"\r\n\r\n"


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
        taken = await asyncio.gather(
            *(_drain(channel, staged, firsts, mails) for _ in range(PAGES_AT_ONCE))
        )
        assert sum(taken) == mails
        await channel.close()


async def _drain(channel: EmailChannel, staged: Path, firsts: Iterator[int], mails: int) -> int:
    accepted = 0
    assert channel._pool is not None
    writer: Any = None  # all is written
    body = Body((b"Subject", b" staged"), (), BODY, "")
    for first in firsts:
        desk = Desk(writer, body, unpack((staged / str(first)).read_bytes(), ""))
        deliveries = [
            Outgoing(n, _address(n), f"42.1.{n}", 1, "en")
            for n in range(first, min(first + PAGE, mails))
        ]
        async for receipt in channel._distribute(channel._pool, desk, deliveries):
            accepted += isinstance(receipt.outcome, Accepted)
    return accepted


async def aiosmtplib(port: int, mails: int, _staged: Path) -> None:
    """Twenty clients that stay connected, `sendmail` for each mail."""
    sys.path.append("/usr/lib/python3/dist-packages")
    import aiosmtplib as peer

    numbers = iter(range(mails))

    async def carry() -> None:
        client = peer.SMTP(hostname=ROUTE, port=port, start_tls=False)
        await client.connect()
        for n in numbers:
            await client.sendmail(f"b+{n:048}@wire.example", [_address(n)], heads[n % PAGE] + BODY)
        await client.quit()

    heads = [_head(n) for n in range(PAGE)]
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
