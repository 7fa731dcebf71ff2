"""One engine under measurement: a process that feeds lines, and how to publish to it."""

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol


class Engine(Protocol):
    """A gateway that runs on a port of its own."""

    name: str
    port: int
    requests: Path  # a request for each line, NUL between them

    def start(self) -> None:
        """Start, and listen."""
        ...

    @property
    def pid(self) -> int:
        """The process that holds the connections."""
        ...

    def prepare(self, frames: int) -> None:
        """Do what may be done before the moment."""
        ...

    def publish(self) -> None:
        """One of the prepared frames goes out."""
        ...

    def publish_all(self) -> None:
        """All of the prepared frames go out, as fast as they can."""
        ...

    def stop(self) -> None:
        """End it."""
        ...


def memory(pid: int) -> tuple[float, float]:
    """(resident now, its peak since `forget_peak`) in MB."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines()
    )
    return tuple(int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "VmHWM"))  # type: ignore[return-value]


def forget_peak(pid: int) -> None:
    """Let the peak of resident memory begin anew (proc(5), clear_refs)."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def end(child: "subprocess.Popen[bytes] | None") -> None:
    """Ask a process to end, and wait."""
    if child is not None and child.poll() is None:
        child.terminate()
        try:
            child.wait(30)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def write_requests(file: Path, heads: Sequence[Sequence[str]]) -> None:
    """A request for each of `heads` (its lines)."""
    file.write_bytes(b"\0".join("\r\n".join([*head, "", ""]).encode() for head in heads))
