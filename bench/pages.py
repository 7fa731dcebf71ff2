"""Release pages for each second of one web process, beside nginx; and a rush right after T0.

Both answer wrk in turns, over 64 connections, for 20 pages of an ordinary length: ours as the web
program answers them, with a look at the wire for whoever asks, nginx (one worker) the same bytes
from disk. In the rush 2,000 requests a second come for a release before, at and after its T0,
whether answered or not; the first byte is timed from when a request was due. `stale` are requests
sent after the moment's commit and answered with the state before.
"""

import os
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import ExitStack
from pathlib import Path

from reading.nginx import Nginx, install
from reading.wire import Wire, a_release
from result import Result
from tidewire.clock import pause

TURNS = int(os.environ.get("TIDEWIRE_BENCH_TURNS", "3"))
SECONDS = float(os.environ.get("TIDEWIRE_BENCH_SECONDS", "8"))
PAGES, LINES = 20, 64
RUSHES, RATE, BEFORE, AFTER = 5, 2_000, 1.0, 3.0
MUST_REACH, MOST_P99 = 1_500, 0.1
RUSH = Path(__file__).parent / "reading" / "rush.py"


def run() -> Result:
    """Measure in turns; the medians of the turns are compared."""
    install()
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        wire = Wire(folder / "wire")
        stack.callback(wire.stop)
        wire.start()
        waiting = [wire.wait_with(a_release()) for _ in range(PAGES)]
        wire.publish([one for _, one in waiting])
        paths = [f"/releases/{ref}/en" for ref, _ in waiting]
        pages = {path: _get(f"{wire.base_url}{path}") for path in paths}
        (folder / "nginx").mkdir()
        nginx = Nginx(folder / "nginx", pages)
        stack.callback(nginx.stop)
        nginx.start()
        script = _script(folder, paths)
        rates: dict[str, list[float]] = {wire.name: [], nginx.name: []}
        for turn in range(TURNS):
            for engine in (wire, nginx) if turn % 2 == 0 else (nginx, wire):
                rates[engine.name].append(_rate(engine.port, script))
                print(engine.name, f"{rates[engine.name][-1]:,.0f}/s", file=sys.stderr)
        seen = _rushes(wire, folder)
    ours, theirs = (statistics.median(rates[name]) for name in ("tidewire", "nginx"))
    length = statistics.mean(map(len, pages.values()))
    figures = {"pages/s": ours, "nginx pages/s": theirs, "bytes": length, **seen}
    good = seen["rush stale"] == seen["rush lost"] == 0 and seen["rush p99 s"] <= MOST_P99
    return Result("pages", figures, {"rate": ours / theirs}, ours >= MUST_REACH and good)


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        body: bytes = answer.read()
    return body


def _script(folder: Path, paths: list[str]) -> Path:
    """wrk's way of asking for one page after another."""
    file = folder / "pages.lua"
    listed = ", ".join(f'"{path}"' for path in paths)
    file.write_text(
        f"local paths = {{{listed}}}\nlocal n = 0\n"
        'function request() n = n % #paths + 1 return wrk.format("GET", paths[n]) end\n'
    )
    return file


def _rate(port: int, script: Path) -> float:
    command = ["wrk", "-t1", f"-c{LINES}", f"-d{SECONDS:.0f}s", "-s", str(script)]
    said = subprocess.run(
        [*command, f"http://127.0.0.1:{port}"], check=True, capture_output=True, text=True
    ).stdout
    assert "Non-2xx" not in said and "Socket errors" not in said, said
    found = re.search(r"Requests/sec:\s+([0-9.]+)", said)
    assert found, said
    return float(found[1])


def _rushes(wire: Wire, folder: Path) -> dict[str, float]:
    """One release after another goes out under the rush."""
    p99s, worst, stale, lost = [], 0.0, 0, 0  # lost: not answered, or not with a page
    for number in range(RUSHES):
        ref, waiting = wire.wait_with(a_release())
        file = folder / f"rush-{number}"
        command = [sys.executable, str(RUSH), str(wire.port), f"/releases/{ref}/en"]
        child = subprocess.Popen(
            [*command, str(RATE), str(BEFORE + AFTER), str(file)], stdout=subprocess.PIPE
        )
        assert child.stdout is not None and child.stdout.readline() == b"ready\n"
        pause(BEFORE)
        committed = wire.publish([waiting])
        try:
            child.wait(60)
        finally:
            child.kill()
        total, *rows = file.read_text().splitlines()
        answers = [tuple(map(float, row.split())) for row in rows]
        lost += int(total) - sum(status in (200, 404) for *_, status in answers)
        after = [one for one in answers if one[0] > committed]
        stale += sum(sent > committed and status == 404 for _, sent, _, status in answers)
        waits = sorted(first - due for due, _, first, _ in after if due < committed + 1.0)
        p99s.append(waits[int(len(waits) * 0.99)])
        worst = max(worst, *waits)
        print(f"rush: p99 {p99s[-1]:.4f} s of {len(waits)}", file=sys.stderr)
    return {
        "rush p99 s": statistics.median(p99s),
        "rush most s": worst,
        "rush stale": stale,
        "rush lost": lost,
    }
