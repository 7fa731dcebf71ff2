"""Who is killed, always by SIGKILL: the wire's programs, its PostgreSQL, its NATS server."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tidewire.app.demo.programs import free_ports
from tidewire.clock import stopwatch
from tidewire.model.errors import Unavailable

BACK_SECONDS = 0.5  # a NATS server that was killed is started again after so long
START_SECONDS = 20.0
LOOK_SECONDS = 0.05
CLI = [b"-m", b"tidewire.app.cli"]


def programs() -> dict[int, str]:
    """The wire's programs below this process: pid, and what they were started as."""
    found = {}
    for pid in _pids():
        words = _read(pid, "cmdline").split(b"\0")[:-1]
        if words[1:3] == CLI and _is_ours(pid):
            found[pid] = b" ".join(words[3:]).decode()
    return found


def kill_program(name: str) -> bool:
    """Kill one that runs as `tidewire NAME`; False where none does."""
    victims = [pid for pid, words in programs().items() if words == name]
    return bool(victims) and _kill(victims[0])


def kill_postgresql(data: Path) -> bool:
    """Kill the server of this data folder, with all its processes; False where none runs."""
    try:
        server = int((data / "postmaster.pid").read_text("ascii").split()[0])
    except (OSError, ValueError, IndexError):
        return False
    if not _read(server, "cmdline").split(b"\0")[0].endswith(b"postgres"):
        return False
    parts = [pid for pid in _pids() if _parent(pid) == server]
    killed = [_kill(pid) for pid in (server, *parts)]
    return any(killed)


@dataclass(slots=True)
class Nats:
    """A NATS server that comes back, on the same port, some time after it was killed."""

    folder: Path
    port: int = field(default_factory=lambda: free_ports(1)[0])
    _child: asyncio.subprocess.Process | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"nats://127.0.0.1:{self.port}"

    def kill(self) -> bool:
        """Kill it; False where it is not back yet."""
        if self._child is None or self._child.returncode is not None:
            return False
        self._child.kill()
        return True

    async def keep(self) -> None:
        """Run it, again and again, until cancelled."""
        program = Path(sys.executable).with_name("nats-server")
        command = [str(program), "-a", "127.0.0.1", "-p", str(self.port)]
        with (self.folder / "nats.log").open("ab") as log:
            try:
                while True:
                    self._child = await asyncio.create_subprocess_exec(
                        *command, stdin=subprocess.DEVNULL, stdout=log, stderr=log
                    )
                    await self._child.wait()
                    await asyncio.sleep(BACK_SECONDS)
            finally:
                if self.kill() and self._child is not None:
                    await self._child.wait()

    async def wait(self) -> None:
        """Until it takes connections. Raises Unavailable."""
        give_up = stopwatch() + START_SECONDS
        while stopwatch() < give_up:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            await asyncio.sleep(LOOK_SECONDS)
        raise Unavailable("The NATS server does not start.", f"See {self.folder / 'nats.log'}.")


@contextlib.asynccontextmanager
async def open_nats(folder: Path) -> AsyncIterator[Nats]:
    """One server, until the block ends."""
    nats = Nats(folder)
    keeping = asyncio.create_task(nats.keep())
    try:
        await nats.wait()
        yield nats
    finally:
        keeping.cancel()
        await asyncio.gather(keeping, return_exceptions=True)


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True


def _is_ours(pid: int) -> bool:
    above: int | None = pid
    while above is not None and above > 1:
        above = _parent(above)
        if above == os.getpid():
            return True
    return False


def _pids() -> Iterator[int]:
    return (int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit())


def _parent(pid: int) -> int | None:
    fields = _read(pid, "stat").rpartition(b")")[2].split()
    return int(fields[1]) if fields and fields[0] != b"Z" else None


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""
