"""What processes use: CPU and memory from /proc, sampled ten times a second."""

import os
import threading
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tidewire.clock import SystemClock

EVERY_SECONDS = 0.1
LOOK_AROUND = 20  # samples between two looks for new processes
LOOK_DEEP = 20  # samples between two of PSS: the kernel walks every page for it
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
OURS = ("serve", "web", "worker", "gateway", "inbound")

Sample = tuple[float, dict[str, float], dict[str, int]]  # at, CPU seconds, RSS bytes


class Meter:
    """Samples the descendants of this process, and PostgreSQL in `data`, until the block ends.

    `extra` names processes by their command line where the name of the program says too little.
    """

    def __init__(self, data: Path, extra: Mapping[str, str]) -> None:
        self._data = str(data).encode()
        self._extra = extra
        self._names: dict[int, str] = {}
        self._ended = defaultdict[str, float](float)  # CPU seconds of processes that are gone
        self._last: dict[int, float] = {}
        self._servers: dict[int, str] = {}
        self._strangers: set[int] = set()  # processes that are none of ours
        self.samples: list[Sample] = []
        self.pss: list[tuple[float, dict[str, int]]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def cpu(self, begin: float, end: float) -> dict[str, float]:
        """CPU seconds by program between two moments (seconds since the epoch)."""
        first, last = self._at(begin)[1], self._at(end)[1]
        used = {name: seconds - first.get(name, 0.0) for name, seconds in last.items()}
        return {name: seconds for name, seconds in used.items() if seconds >= 0.005}

    def peak(self, begin: float, end: float, names: tuple[str, ...] = OURS) -> float:
        """The most that these programs held together, in MB of RSS (shared pages count often)."""
        sums = [
            sum(held.get(name, 0) for name in names)
            for at, _, held in self.samples
            if begin <= at <= end
        ]
        return max(sums, default=0) / 1e6

    def peak_pss(self, begin: float, end: float, names: tuple[str, ...] = OURS) -> float:
        """The same in PSS (each page once), looked at every few seconds."""
        sums = [
            sum(held.get(name, 0) for name in names) for at, held in self.pss if begin <= at <= end
        ]
        return max(sums, default=0) / 1e6

    def _at(self, moment: float) -> Sample:
        place = bisect_right(self.samples, moment, key=lambda sample: sample[0])
        return self.samples[max(0, place - 1)]

    def _run(self) -> None:
        clock, number = SystemClock(), 0
        while not self._stop.wait(EVERY_SECONDS):
            if number % LOOK_AROUND == 0:
                self._look_around()
            at = clock.now().timestamp()
            cpu, held = defaultdict[str, float](float, self._ended), defaultdict[str, int](int)
            for pid, name in list(self._names.items()):
                found = _usage(pid)
                if found is None:
                    self._ended[name] += self._last.pop(pid, 0.0)
                    cpu[name] = self._ended[name]
                    del self._names[pid]
                    continue
                self._last[pid] = found[0]
                cpu[name] += found[0]
                held[name] += found[1]
            self.samples.append((at, dict(cpu), dict(held)))
            if number % LOOK_DEEP == 0:
                self.pss.append((at, self._pss()))
            number += 1

    def _pss(self) -> dict[str, int]:
        sums = defaultdict[str, int](int)
        for pid, name in self._names.items():
            sums[name] += _pss(pid)
        return dict(sums)

    def _look_around(self) -> None:
        """Name every descendant of ours, and the server whose data is `data` with its own."""
        there = set(_pids())
        self._strangers &= there
        parents, roots = {}, {os.getpid(): "bench"} | self._servers
        for pid in there - self._strangers:
            parent = _parent(pid)
            if parent is None:
                continue
            parents[pid] = parent
            if pid not in self._names:
                command = _read(pid, "cmdline")
                if self._data in command and b"postgres" in command.split(b"\0")[0]:
                    roots[pid] = self._servers[pid] = "postgresql"
        for pid in parents:
            line: Callable[[int], str | None] = roots.get
            above = pid
            while above in parents and line(above) is None:
                above = parents[above]
            root = line(above)
            if root is None:
                self._strangers.add(pid)
            elif pid not in self._names:
                self._names[pid] = root if root == "postgresql" else self._name(pid)

    def _name(self, pid: int) -> str:
        if pid == os.getpid():
            return "bench"
        parts = _read(pid, "cmdline").decode(errors="replace").split("\0")
        for words, name in self._extra.items():
            if words in " ".join(parts):
                return name
        if parts[1:3] == ["-m", "tidewire.app.cli"]:
            return parts[3]
        return parts[0].split(":")[0].rpartition("/")[2] or "other"


def _pids() -> Iterator[int]:
    return (int(one.name) for one in Path("/proc").iterdir() if one.name.isdigit())


def _read(pid: int, what: str) -> bytes:
    try:
        return Path(f"/proc/{pid}/{what}").read_bytes()
    except OSError:
        return b""


def _stat(pid: int) -> list[bytes]:
    return _read(pid, "stat").rpartition(b")")[2].split()


def _parent(pid: int) -> int | None:
    fields = _stat(pid)
    return int(fields[1]) if fields else None


def _usage(pid: int) -> tuple[float, int] | None:
    """CPU seconds and RSS in bytes; None where the process is gone."""
    fields = _stat(pid)
    if not fields or fields[0] == b"Z":
        return None
    return (int(fields[11]) + int(fields[12])) / TICKS, int(fields[21]) * PAGE_BYTES


def _pss(pid: int) -> int:
    for line in _read(pid, "smaps_rollup").splitlines():
        if line.startswith(b"Pss:"):
            return int(line.split()[1]) * 1024
    return 0
