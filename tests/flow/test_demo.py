"""The demo as a user runs it: ledger and world agree, also when programs are killed."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tidewire import clock
from tidewire.clock import SystemClock
from tidewire.languages import KNOWN_15

ROOT = Path(__file__).parents[2]
ARTICLE = ROOT.parent / "shared" / "samples" / "article.de.txt"
SCALE = "0.004"


@pytest.fixture
def home():
    with tempfile.TemporaryDirectory(prefix="tidewire-demo-") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


def start(home: Path, *arguments: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-u", "-m", "tidewire.app.cli", "demo", "--exit", "--scale", SCALE]
    return subprocess.Popen(
        [*command, "--json", str(home / "out.json"), *arguments],
        env=dict(os.environ, TIDEWIRE_HOME=str(home)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def finish(demo: "subprocess.Popen[str]", home: Path) -> tuple[str, dict]:
    """What it printed and its JSON; fails where it disagrees."""
    printed, _ = demo.communicate(timeout=280)
    assert demo.returncode == 0, printed[-4000:]
    return printed, json.loads((home / "out.json").read_text("utf-8"))


def programs(home: Path, name: str) -> list[int]:
    """The process ids of `tidewire NAME` that belong to this demo."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            environment = (folder / "environ").read_bytes()
        except OSError:
            continue
        if command[1:4] == [b"-m", b"tidewire.app.cli", name.encode()] and (
            f"TIDEWIRE_HOME={home}/".encode() in environment
        ):
            found.append(int(folder.name))
    return found


def test_ledger_and_world_agree_to_the_last_delivery(home):
    printed, said = finish(start(home), home)
    assert said["agree"] is True
    assert "agree" in printed
    channels = {"email", "webhook", "feed", "stream", "websub", "sftp", "wordpress"}
    assert set(said["channels"]) == channels
    # A login that is turned down, a callback that is gone: the world says so, and the ledger.
    assert all(said["channels"][name]["refused"] for name in ("websub", "sftp", "wordpress"))
    for channel in said["channels"].values():
        counts = [channel[state] for state in ("accepted", "deferred", "refused", "dead")]
        assert channel["due"] == sum(counts) > 0
        assert channel["seen_by_world"] == channel["accepted"] > 0
        assert 0 <= channel["p50_ms"] <= channel["p99_ms"] <= channel["last_ms"]
    assert set(said["languages"]) <= set(KNOWN_15)
    assert len(said["languages"]) > 10  # in a world of this size some languages have no readers
    for name, channel in said["channels"].items():
        parts = [one[name] for one in said["languages"].values() if name in one]
        for state in ("due", "accepted", "refused"):
            assert sum(part[state] for part in parts) == channel[state]
    for tag in said["languages"]:
        assert f"({tag})" in printed
    assert datetime.fromisoformat(said["t0"]).utcoffset() is not None


@pytest.mark.samples
def test_an_article_as_it_went_over_a_wire_reaches_the_world(home):
    if not ARTICLE.exists():
        pytest.skip(f"{ARTICLE.name} is not beside the repository")
    headline = "Nordkorea und Russland vor weiterem Treffen"
    demo = start(home, "--release", str(ARTICLE), "--headline", headline)
    _, said = finish(demo, home)
    assert said["agree"] is True
    assert said["channels"]["email"]["accepted"] > 0


def test_programs_killed_in_the_middle_lose_nothing(home):
    """kill -9 of worker, gateway and web just after T0; `serve` brings them back."""
    demo = start(home, "--keep")
    assert demo.stdout
    lines: list[str] = []
    killed: list[int] = []

    def watch() -> None:
        for line in demo.stdout or ():
            lines.append(line)
            if moment := re.search(r"goes out at (\d\d):(\d\d):([\d.]+) UTC", line):
                kill_after(*moment.groups())

    def kill_after(hour: str, minute: str, second: str) -> None:
        now = SystemClock().now()
        whole, _, part = second.partition(".")
        t0 = datetime(
            now.year, now.month, now.day, int(hour), int(minute), int(whole), int(part), tzinfo=UTC
        )
        for after, name in ((0.15, "worker"), (0.3, "gateway"), (0.5, "web")):
            clock.pause(max(0.0, (t0 - SystemClock().now()).total_seconds() + after))
            for process in programs(home, name):
                os.kill(process, signal.SIGKILL)
                killed.append(process)

    watching = threading.Thread(target=watch)
    watching.start()
    demo.wait(280)
    watching.join()
    demo.stdout.close()
    printed = "".join(lines)
    assert len(killed) == 3, printed
    assert demo.returncode == 0, printed[-4000:]
    said = json.loads((home / "out.json").read_text("utf-8"))
    assert said["agree"] is True
    assert said["channels"]["email"]["seen_by_world"] == said["channels"]["email"]["accepted"]
    # What the dead worker had in hand was sent again, and says so.
    assert said["channels"]["email"]["repeats"] + said["channels"]["webhook"]["repeats"] > 0


def test_an_interrupt_while_the_world_is_made_leaves_nothing_behind(home):
    """At a scale whose files take a while to write."""
    demo = start(home, "--scale", "0.2")
    assert demo.stdout
    first = demo.stdout.readline()
    assert "making a world" in first
    demo.send_signal(signal.SIGINT)
    printed, _ = demo.communicate(timeout=120)
    assert demo.returncode == 130, first + printed
    assert programs(home, "simulate") == []
    assert list(home.glob("demo-*")) == []
