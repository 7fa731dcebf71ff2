"""18,000 server-sent event streams from one gateway process, beside nchan in nginx (one worker).

Both feed the same counting client in turns, with the same item of 1.3 KB (the shortest release has
that much) in each frame. `rate` is
frames that arrived for each second of a burst of 20 releases, from before the first is published
to the last arrival; ages are from publication to arrival, one release after another. Ours come
out of a real store through the moment, with receipts; nchan's by POST, without.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path

from desktops.engine import Engine, cpu_seconds, forget_peak, memory
from desktops.nchan import Nchan
from desktops.wire import Wire, a_release, item_of
from result import Result
from tidewire.clock import pause, stopwatch

LINES = int(os.environ.get("TIDEWIRE_BENCH_LINES", "18000"))
TURNS = int(os.environ.get("TIDEWIRE_BENCH_TURNS", "3"))
SINGLE, BURST = 8, 20
APART_SECONDS = 1.2
COUNT_SECONDS = 120.0
CHURN_RATE, CHURN_SECONDS = 1000, 10.0
MUST_REACH, MOST_MEMORY, MOST_AGE = 1.2, 0.5, 0.6
CLIENT = Path(__file__).parent / "desktops" / "lines.py"


class Client:
    """The counting client, told what to do."""

    def __init__(self) -> None:
        folder = Path(__file__).parent
        self.child = subprocess.Popen(
            [sys.executable, str(CLIENT)],
            env=dict(os.environ, PYTHONPATH=str(folder)),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def tell(self, do: str, **order: object) -> None:
        """Give an order."""
        assert self.child.stdin is not None
        self.child.stdin.write(json.dumps({"do": do, **order}).encode() + b"\n")
        self.child.stdin.flush()

    def hear(self) -> dict[str, float]:
        """The answer to the oldest order that is open."""
        assert self.child.stdout is not None
        said: dict[str, float] = json.loads(self.child.stdout.readline())
        return said

    def do(self, what: str, **order: object) -> dict[str, float]:
        """Give an order and wait for its answer."""
        self.tell(what, **order)
        return self.hear()

    def close(self) -> None:
        """End it."""
        assert self.child.stdin is not None
        self.child.stdin.close()
        self.child.wait(30)


def run() -> Result:
    """Measure in turns; the medians of the turns are compared."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        wire = Wire(folder / "wire", LINES)
        stack.callback(wire.close)
        nchan = Nchan(folder / "nchan", LINES, item_of(a_release()))
        stack.callback(nchan.stop)
        seen: dict[str, list[dict[str, float]]] = {wire.name: [], nchan.name: []}
        for turn in range(TURNS):
            for engine in (wire, nchan) if turn % 2 == 0 else (nchan, wire):
                churn = engine is wire and turn == TURNS - 1
                seen[engine.name].append(_turn(engine, turn, churn=churn))
                print(engine.name, _short(seen[engine.name][-1]), file=sys.stderr)
        squeezed = _squeezed(wire)
    ours, theirs = _medians(seen[wire.name]), _medians(seen[nchan.name])
    return _result({**ours, **squeezed}, theirs)


def _turn(engine: Engine, turn: int, *, churn: bool) -> dict[str, float]:
    client = Client()
    try:
        engine.start()
        before, _ = memory(engine.pid)
        source = f"127.0.0.{2 + 2 * turn}"
        asked = {"port": engine.port, "requests": str(engine.requests), "source": source}
        opened = client.do("open", **asked)
        assert opened["open"] == LINES, opened
        pause(1.0)
        seen = {"connects/s": LINES / opened["seconds"], "grown MB": memory(engine.pid)[0] - before}
        forget_peak(engine.pid)
        seen |= _singles(engine, client)
        seen |= _burst(engine, client)
        seen["peak MB"] = memory(engine.pid)[1]
        seen["burst grown MB"] = seen["peak MB"] - before
        if churn:
            seen |= _churn(engine, client, turn)
        return seen
    finally:
        client.close()
        engine.stop()


def _squeezed(wire: Wire) -> dict[str, float]:
    """The same to clients that accept gzip: every frame compressed once for all."""
    client = Client()
    try:
        wire.start()
        asked = {"port": wire.port, "requests": str(wire.squeezed), "source": "127.0.0.200"}
        opened = client.do("open", gzip=True, **asked)
        assert opened["open"] == LINES, opened
        pause(1.0)
        return {f"gzip {name}": value for name, value in _singles(wire, client).items()}
    finally:
        client.close()
        wire.stop()


def _singles(engine: Engine, client: Client, frames: int = SINGLE) -> dict[str, float]:
    """One frame after another: how old it is when it arrives, and what it costs."""
    engine.prepare(frames)
    client.do("expect", frames=frames)
    used = cpu_seconds(engine.pid)
    client.tell("count", seconds=COUNT_SECONDS)
    published = []
    for _ in range(frames):
        began = stopwatch()
        published.append(began)
        engine.publish()
        pause(max(0.0, began + APART_SECONDS - stopwatch()))
    came = client.hear()
    assert came["came"] == LINES * frames, came
    used = cpu_seconds(engine.pid) - used
    ages = client.do("ages", published=published)
    return {
        "p50 s": ages["p50"],
        "p99 s": ages["p99"],
        "most s": ages["most"],
        "us/frame alone": used / came["came"] * 1e6,
        "bytes/frame": came["bytes"] / came["came"],
    }


def _burst(engine: Engine, client: Client) -> dict[str, float]:
    """Frames as fast as they can be published."""
    engine.prepare(BURST)
    client.do("expect", frames=BURST)
    used = cpu_seconds(engine.pid)
    client.tell("count", seconds=COUNT_SECONDS)
    began = stopwatch()
    engine.publish_all()
    came = client.hear()
    assert came["came"] == LINES * BURST, came
    took = came["last"] - began
    used = cpu_seconds(engine.pid) - used
    return {
        "rate/s": came["came"] / took,
        "us/frame": used / came["came"] * 1e6,
        "core in burst": used / took,
    }


def _churn(engine: Engine, client: Client, turn: int) -> dict[str, float]:
    """Ages while others come and go."""
    crowd = Client()
    try:
        asked = {"port": engine.port, "requests": str(engine.requests)}
        source = f"127.0.0.{3 + 2 * turn}"
        crowd.tell("churn", source=source, rate=CHURN_RATE, seconds=CHURN_SECONDS, **asked)
        pause(2.0)
        ages = _singles(engine, client, frames=int((CHURN_SECONDS - 4) / APART_SECONDS))
        gone = crowd.hear()
        return {
            "churn connects/s": gone["opened"] / gone["seconds"],
            "churn lost": gone["lost"],
            "churn p99 s": ages["p99 s"],
        }
    finally:
        crowd.close()


def _result(ours: Mapping[str, float], theirs: Mapping[str, float]) -> Result:
    ratios = {
        "rate": ours["rate/s"] / theirs["rate/s"],
        "memory": ours["grown MB"] / theirs["grown MB"],
        "peak memory": ours["peak MB"] / theirs["peak MB"],
    }
    meets = (
        ratios["rate"] >= MUST_REACH
        and max(ratios["memory"], ratios["peak memory"]) <= MOST_MEMORY
        and ours["p99 s"] <= MOST_AGE
    )
    figures = {f"ours {name}": value for name, value in ours.items()}
    figures |= {f"nchan {name}": value for name, value in theirs.items()}
    return Result("stream", figures, ratios, meets)


def _medians(turns: list[dict[str, float]]) -> dict[str, float]:
    names = {name: None for turn in turns for name in turn}
    return {name: statistics.median(turn[name] for turn in turns if name in turn) for name in names}


def _short(seen: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in seen.items())
