"""The desktops of a world, in as many processes as they need."""

import asyncio
import contextlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PER_CROWD = 7_000  # connections of one process, which may hold 20,000 files or fewer
LONGEST_ANSWER = 1 << 27
LOOK_SECONDS = 0.2
STOP_SECONDS = 10.0


@dataclass(slots=True)
class Crowds:
    """All desktops that are on line; each process of them comes from an address of its own."""

    seed: int
    url: str
    total: int = 0
    _crowds: list["_Crowd"] = field(default_factory=list)

    async def connect(self, keys: Path) -> None:
        """Bring the desktops of a keys file (lines "OUTSIDE_ID<TAB>KEY") on line."""
        lines = (await asyncio.to_thread(keys.read_text, "ascii")).splitlines(keepends=True)
        for number, first in enumerate(range(0, len(lines), PER_CROWD)):
            own = keys.with_name(f"{keys.name}.{number}")
            await asyncio.to_thread(_write, own, "".join(lines[first : first + PER_CROWD]))
            child = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tidewire.simulator.crowd",
                *(str(self.seed), self.url, str(own), str(first), f"127.0.1.{number + 1}"),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=LONGEST_ANSWER,
            )
            self._crowds.append(_Crowd(child))
        self.total = len(lines)

    async def progress(self) -> dict[str, Any]:
        """Counts over all: what truth.progress() has of the stream, and how many are on line."""
        found = [said["progress"] for said in await self._ask("progress")]
        return {
            "accepted": sum(one["accepted"]["stream"] for one in found),
            "answers": _added(one["answers"]["stream"] for one in found),
            "faults": sum(one["faults"] for one in found),
            **{name: sum(one[name] for one in found) for name in ("connected", "came", "drops")},
            "at_rest": all(one["at_rest"] for one in found),
        }

    async def rest(self) -> None:
        """Stop dropping; returns once every desktop is on line."""
        while True:
            if all(said["progress"]["at_rest"] for said in await self._ask("rest")):
                return
            await asyncio.sleep(LOOK_SECONDS)

    async def truths(self) -> list[dict[str, Any]]:
        """Everything that each process saw, as truth.document() has it."""
        return await self._ask("truth")

    async def close(self) -> None:
        """Take all off line."""
        await asyncio.gather(*(crowd.close() for crowd in self._crowds))

    async def _ask(self, what: str) -> list[dict[str, Any]]:
        return list(await asyncio.gather(*(crowd.ask(what) for crowd in self._crowds)))


class _Crowd:
    """One process, asked one thing at a time."""

    def __init__(self, child: asyncio.subprocess.Process) -> None:
        self._child = child
        self._turn = asyncio.Lock()

    async def ask(self, what: str) -> dict[str, Any]:
        """Its answer. Raises ConnectionError where it has ended."""
        assert self._child.stdin is not None
        assert self._child.stdout is not None
        async with self._turn:
            self._child.stdin.write(f"{what}\n".encode())
            line = await self._child.stdout.readline()
        if not line:
            raise ConnectionError(f"desktops ended with {self._child.returncode}")
        said: dict[str, Any] = json.loads(line)
        return said

    async def close(self) -> None:
        """End it; what it was asked and has not answered is let go."""
        assert self._child.stdin is not None
        self._child.stdin.close()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await self._child.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                self._child.kill()
            await self._child.wait()


def merged(own: Mapping[str, Any], others: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """One truth out of several; what is said of one channel is said by one of them alone."""
    truth = {name: value for name, value in own.items() if name != "faults"}
    for name in ("accepted", "refused", "repeats", "answers"):
        truth[name] = {**own[name]}
        for channel in own[name]:
            parts = [other[name].get(channel, ()) for other in others]
            if name in ("accepted", "refused"):
                truth[name][channel] = [
                    *own[name][channel],
                    *(key for part in parts for key in part),
                ]
            else:
                truth[name][channel] = _added([own[name].get(channel, {}), *parts])
    truth["faults"] = [*own["faults"], *(fault for other in others for fault in other["faults"])]
    return truth


def _added(counts: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total = Counter[str]()
    for one in counts:
        total.update(one)
    return dict(total)


def _write(file: Path, text: str) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as out:
        out.write(text)
