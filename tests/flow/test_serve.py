"""`tidewire serve`: what it starts ends with it, and what it cannot have it says."""

import os
import signal
import tempfile
from pathlib import Path

import pytest

from programs import Installation
from tidewire import clock


@pytest.fixture
def installation():
    with tempfile.TemporaryDirectory(prefix="a wire ", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        yield Installation(Path(folder))


def children(parent: int) -> set[int]:
    """The programs that a process has started."""
    found = set()
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] != "Z":
            found.add(int(folder.name))
    return found


def alive(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rpartition(")")[2][1] != "Z"
    except OSError:
        return False


def test_what_it_started_ends_with_it_even_by_sigkill(installation):
    with installation.running("serve") as serve:
        installation.wait_for_pages()
        started = children(serve.pid)
        assert len(started) == 4
        os.kill(serve.pid, signal.SIGKILL)
        until = clock.stopwatch() + 20
        while any(map(alive, started)) and clock.stopwatch() < until:
            clock.pause(0.1)
        assert not [process for process in started if alive(process)]


def test_an_address_that_is_taken_is_told_in_one_sentence(installation):
    with installation.running("serve"):
        installation.wait_for_pages()
        second = installation.command("serve")
    assert second.returncode == 2
    assert "TIDEWIRE_HTTP_ADDRESS" in second.stderr
    assert "Traceback" not in second.stderr
    assert "serving" not in second.stderr


def test_a_program_that_dies_is_brought_back(installation):
    with installation.running("serve") as serve:
        installation.wait_for_pages()
        before = children(serve.pid)
        os.kill(min(before), signal.SIGKILL)
        until = clock.stopwatch() + 20
        while len(children(serve.pid) - before) < 1 and clock.stopwatch() < until:
            clock.pause(0.1)
        assert len(children(serve.pid) - before) == 1


def test_of_several_workers_one_stages(installation):
    installation.environment["TIDEWIRE_WORKERS"] = "3"
    with installation.running("serve") as serve:
        installation.wait_for_pages()
        assert len(children(serve.pid)) == 6
        log = installation.home / "serve.log"
        until = clock.stopwatch() + 20
        while log.read_text().count("worker ready") < 3 and clock.stopwatch() < until:
            clock.pause(0.1)
        ready = [line for line in log.read_text().splitlines() if "worker ready" in line]
        assert sorted('"stages": true' in line for line in ready) == [False, False, True]
