"""The programs of a demo: started, watched, and ended in order."""

import asyncio
import contextlib
import os
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tidewire.app.running import end_with_parent
from tidewire.app.settings import PREFIX
from tidewire.model.errors import Unavailable

STOP_SECONDS = 20.0
TAIL_LINES = 15


class Programs:
    """Child processes, each with a log file of its own; leaving the context ends them all."""

    def __init__(self, logs: Path, environment: Mapping[str, str]) -> None:
        """`environment` holds TIDEWIRE_ variables; others of ours are not passed on."""
        self._logs = logs
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(PREFIX)}
        self._environment = {**inherited, **environment}
        self._children: list[tuple[str, asyncio.subprocess.Process]] = []

    async def start(
        self, name: str, arguments: Sequence[str] = (), more: Mapping[str, str] | None = None
    ) -> None:
        """Start `tidewire NAME ARGUMENTS`."""
        with self.log(name).open("ab") as log:
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tidewire.app.cli",
                name,
                *arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**self._environment, **(more or {})},
                preexec_fn=end_with_parent,
            )
        self._children.append((name, child))

    def check(self) -> None:
        """Raises Unavailable, with the end of its log, where a program has ended."""
        for name, child in self._children:
            if child.returncode is not None:
                raise Unavailable(
                    f"`tidewire {name}` ended with {child.returncode}.", f"\n{self.tail(name)}"
                )

    def log(self, name: str) -> Path:
        """The log file of a program."""
        return self._logs / f"{name}.log"

    def has_said(self, name: str, words: str) -> int:
        """How often a program's log holds these words."""
        try:
            return self.log(name).read_text(encoding="utf-8", errors="replace").count(words)
        except OSError:
            return 0

    def tail(self, name: str) -> str:
        """The last lines of a program's log."""
        try:
            lines = self.log(name).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            lines = []
        return "\n".join([f"The end of {self.log(name)}:", *lines[-TAIL_LINES:]])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _, child in reversed(self._children):
            await _end(child)


def free_ports(count: int) -> list[int]:
    """Ports on 127.0.0.1 that nobody listens on now."""
    doors = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [int(door.getsockname()[1]) for door in doors]
    for door in doors:
        door.close()
    return ports


async def _end(child: asyncio.subprocess.Process) -> None:
    if child.returncode is not None:
        return
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
