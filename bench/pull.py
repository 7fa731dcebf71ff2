"""GET /api/v1/wire of one web process: pages of 50 renditions a second, and how long polls wake.

Outlets with keys of their own ask in turns, over 16 connections, for one page of 25 releases in two
languages, as JSON and as NewsML-G2, compressed. Then 300 of them, as many as may wait in one web
program, wait for the next release; each is timed from the commit of the moment to its whole answer.
"""

import asyncio
import os
import statistics
import tempfile
from contextlib import ExitStack
from itertools import cycle
from pathlib import Path

import aiohttp

from reading.wire import Wire, a_release
from result import Result
from tidewire.clock import stopwatch
from tidewire.outlets.waiting import MOST_WAITERS

SECONDS = float(os.environ.get("TIDEWIRE_BENCH_SECONDS", "6"))
RELEASES, LINES, OUTLETS = 25, 16, 400
ROUNDS = 3
MUST_REACH, MOST_WAKE = 50, 1.0  # JSON pages a second; seconds to the last of those that wait


def run() -> Result:
    """Measure both formats, then the waking."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        wire = Wire(folder)
        stack.callback(wire.stop)
        wire.start()
        wire.publish([wire.wait_with(a_release())[1] for _ in range(RELEASES)])
        keys = wire.outlet_keys(OUTLETS)
        url = f"{wire.base_url}/api/v1/wire"
        figures: dict[str, float] = {}
        for form in ("json", "newsml-g2"):
            rate, size = asyncio.run(_rate(url, keys, form))
            figures |= {f"{form} pages/s": rate, f"{form} bytes": size}
        waits: list[float] = []
        for number in range(ROUNDS):
            waits += _waked(wire, url, keys, RELEASES + number)
    waits.sort()
    figures |= {
        "polls": len(waits),
        "wake p50 s": statistics.median(waits),
        "wake p99 s": waits[int(len(waits) * 0.99)],
        "wake last s": waits[-1],
    }
    good = figures["json pages/s"] >= MUST_REACH and waits[-1] <= MOST_WAKE
    return Result("pull", figures, {}, good)


async def _rate(url: str, keys: list[str], form: str) -> tuple[float, int]:
    """(answers a second, bytes of one as it is sent)."""
    turns, count, size = cycle(keys), 0, 0
    connector = aiohttp.TCPConnector(limit=LINES)
    async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as session:
        end = stopwatch() + SECONDS

        async def ask() -> None:
            nonlocal count, size
            while stopwatch() < end:
                headers = {"Authorization": f"Bearer {next(turns)}", "Accept-Encoding": "gzip"}
                query = {"after": "0", "limit": str(RELEASES), "format": form}
                async with session.get(url, params=query, headers=headers) as answer:
                    assert answer.status == 200, answer.status
                    size = len(await answer.read())
                    count += 1

        begin = stopwatch()
        await asyncio.gather(*(ask() for _ in range(LINES)))
        return count / (stopwatch() - begin), size


def _waked(wire: Wire, url: str, keys: list[str], head: int) -> list[float]:
    """Seconds from the commit to each answer, for one release."""
    _, waiting = wire.wait_with(a_release())

    async def poll(session: aiohttp.ClientSession, key: str) -> float:
        headers = {"Authorization": f"Bearer {key}"}
        query = {"after": str(head), "wait": "60"}
        async with session.get(url, params=query, headers=headers) as answer:
            run = await answer.json()
            assert answer.status == 200 and len(run["items"]) == 1, answer.status
            return stopwatch()

    async def all_of_them() -> list[float]:
        connector = aiohttp.TCPConnector(limit=0)
        async with aiohttp.ClientSession(connector=connector) as session:
            polls = [asyncio.create_task(poll(session, k)) for k in keys[:MOST_WAITERS]]
            _, pending = await asyncio.wait(polls, timeout=5)  # all of them wait by then
            assert len(pending) == len(polls)
            committed = await asyncio.to_thread(wire.publish, [waiting])
            return [at - committed for at in await asyncio.gather(*polls)]

    return asyncio.run(all_of_them())
