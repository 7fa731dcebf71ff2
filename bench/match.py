"""3.5 million interests against 300 releases, beside PostgreSQL with GIN arrays.

Both hold the same interests and take the releases in turns; the peer takes one in 25, and its
answers must be ours to the last subscriber. The index stands in a process of its own, as in a
worker, so that its memory can be seen. MATCH_SCALE=0.1 makes a tenth of it, which meets nothing.
"""

import asyncio
import os
import random
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection as End
from pathlib import Path
from typing import Any

import psycopg
from pyroaring import BitMap

from peers import gin
from result import Result
from tidewire.audience.admit import Admission
from tidewire.audience.index import AudienceIndex
from tidewire.audience.interest import parse
from tidewire.bus.postgres import PostgresBell
from tidewire.clock import SystemClock, stopwatch
from tidewire.languages import KNOWN_15
from tidewire.model.release import Act, Edition, Organisation, Release
from tidewire.model.rendition import Rendition
from tidewire.model.subscriber import Kind
from tidewire.simulator.csv_files import DESKTOPS
from tidewire.simulator.world import COUNTRIES, ORGANISATIONS, SECTOR_DRAWS, SUBJECTS, Size, World
from tidewire.store import interests
from tidewire.store.database import Database
from tidewire.store.embedded import EmbeddedServer
from tidewire.store.migrations import migrate

SCALE = float(os.environ.get("MATCH_SCALE", "1"))
RELEASES, PEER_TAKES = 300, 25
WORDS = tuple(f"word{number}" for number in range(3_000))
WITH_KEYWORDS = 1 / 3
MOST_MS, MOST_MB, MOST_LOAD, MOST_SEEN = 40, 400, 20, 1  # milliseconds, megabytes, seconds
CHANGED = "medtop:20001344"  # a subject that nobody else wants


def run() -> Result:
    """Make the interests, load them, and match in turns."""
    # The server's user must get in, whoever made the folder.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)
        with EmbeddedServer(home) as url:
            return asyncio.run(_run(url, home / "desktops.csv"))


async def _run(url: str, file: Path) -> Result:
    began = stopwatch()
    _make(file)
    made = stopwatch() - began
    database = Database(url)
    await database.open()
    await migrate(database)
    began = stopwatch()
    admission = Admission(database, PostgresBell(database), SystemClock())
    summary = await admission.admit(Kind.DESKTOP, file)
    loaded = stopwatch() - began
    ours, theirs = Pipe()
    holder = get_context("spawn").Process(target=_hold, args=(theirs, url), daemon=True)
    holder.start()
    held: dict[str, float] = ours.recv()
    seen = [await _seen(database, ours, at, summary.new) for at in range(5)]
    await database.close()
    with psycopg.connect(url, autocommit=True) as peer:
        built = gin.build(peer)
        matched, worked, peer_matched, sizes = _in_turns(ours, peer)
    ours.send(None)
    peak: float = ours.recv()
    holder.join()
    p99, cpu_p99 = (statistics.quantiles(each, n=100)[98] for each in (matched, worked))
    peers = statistics.median(peer_matched)
    return Result(
        "match",
        {
            "interests": summary.new,
            "made s": made,
            "loaded s": loaded,
            **held,
            "peak MB": peak,
            "change seen ms": 1_000 * max(seen),
            "match p50 ms": statistics.median(matched),
            "match p99 ms": p99,
            "its CPU p99 ms": cpu_p99,
            "matched on average": statistics.mean(sizes),
            "peer built s": built,
            "peer p50 ms": peers,
        },
        {"peer/ours": peers / statistics.median(matched)},
        SCALE >= 1
        and p99 <= MOST_MS
        and peak <= MOST_MB
        and held["index load s"] <= MOST_LOAD
        and max(seen) <= MOST_SEEN,
    )


def _make(file: Path) -> None:
    world = World(1, Size(desktops=round(Size().desktops * SCALE)))
    with (
        file.open("w", encoding="utf-8") as out,
        ProcessPoolExecutor(mp_context=get_context("spawn")) as makers,
    ):
        out.write(",".join(DESKTOPS) + "\n")
        out.writelines(makers.map(partial(_rows, world), world.desktop_blocks()))


def _rows(world: World, block: range) -> str:
    """Desktops of the simulated world; a third want four keywords in their first clause."""
    dice = random.Random(block.start)
    rows = []
    for reader in world.desktops_of(block):
        wants = reader.interest
        if dice.random() < WITH_KEYWORDS:
            keywords = ",".join(_word(dice) for _ in range(4))
            wants = f"keyword:{keywords} {wants}".strip()
        wants = wants.replace('"', '""')
        languages = ";".join(reader.languages)
        rows.append(
            f"{reader.outside_id},{reader.name},{reader.country},{languages},"
            f'{reader.outlet_kind},"{wants}"\n'
        )
    return "".join(rows)


def _word(dice: random.Random) -> str:
    """One of the words: a few are wanted by many, most by few."""
    return WORDS[int(len(WORDS) ** dice.random()) - 1]


def releases() -> Iterator[Edition]:
    """Releases of all lengths, in one to fifteen languages."""
    dice = random.Random(300)
    for number in range(1, RELEASES + 1):
        text = " ".join(
            _word(dice) if dice.random() < 0.1 else "and" for _ in range(dice.randrange(100, 900))
        )
        languages = dice.sample(sorted(KNOWN_15), dice.choice([1, 2, 5, 15]))
        release = Release(
            "sample",
            tuple(Rendition(tag, "A sample", f"<p>{text}</p>") for tag in languages),
            sectors=tuple({dice.choice(SECTOR_DRAWS) for _ in range(dice.randrange(1, 4))}),
            subjects=(dice.choice(SUBJECTS),),
            countries=tuple(dice.sample(COUNTRIES, dice.randrange(0, 3))),
            organisations=(Organisation(dice.choice(ORGANISATIONS)),),
        )
        yield Edition(number, f"tw{number:06}", 1, Act.PUBLISH, "Tidal", "tidal", "", release)


def _in_turns(ours: End, peer: Any) -> list[list[float]]:
    """Milliseconds that each release takes us, of CPU, and the peer; how many matched."""
    words = gin.keywords(peer)
    matched, worked, peer_matched, sizes = [], [], [], []
    for number, edition in enumerate(releases()):
        ours.send(edition)
        took, of_cpu, raw = ours.recv()
        found = BitMap.deserialize(raw)
        worked.append(of_cpu)
        matched.append(took)
        sizes.append(len(found))
        if number % PEER_TAKES == 0:
            took, theirs = gin.match(peer, edition, words)
            peer_matched.append(took)
            if theirs != found:
                raise AssertionError(
                    f"Release {number}: {len(found - theirs)} are ours alone,"
                    f" {len(theirs - found)} the peer's alone."
                )
    return [matched, worked, peer_matched, sizes]


async def _seen(database: Database, ours: End, at: int, population: int) -> float:
    """Seconds from a change of interest to its being in the index."""
    who = 1 + at * (population // 5)
    async with database.transaction() as tx:
        before = await interests.of_subscriber(tx, who)
        await interests.replace(tx, who, parse(f"subject:{CHANGED}"), SystemClock().now())
    ours.send("refresh")
    took, found = ours.recv()
    if found != [who]:
        raise AssertionError(f"The change of {who} was not seen, but {found}.")
    async with database.transaction() as tx:
        await interests.replace(tx, who, before, SystemClock().now())
    ours.send("refresh")
    ours.recv()
    return float(took)


def _hold(pipe: End, url: str) -> None:
    asyncio.run(_answer(pipe, url))


async def _answer(pipe: End, url: str) -> None:
    """The process that holds the index: answers until it is told None."""
    database = Database(url)
    await database.open()
    before, began, worked = _megabytes(), stopwatch(), resource.getrusage(resource.RUSAGE_SELF)
    index = await AudienceIndex.load(database)
    took, after = stopwatch() - began, resource.getrusage(resource.RUSAGE_SELF)
    pipe.send(
        {
            "index load s": took,
            "our CPU of it s": after.ru_utime - worked.ru_utime,
            "index MB": _megabytes() - before,
            "serialised MB": index.size() / 1e6,
        }
    )
    while (asked := pipe.recv()) is not None:
        began = stopwatch()
        if asked == "refresh":
            await index.refresh(database)
            took = stopwatch() - began
            pipe.send((took, list(index.match(_about(CHANGED)) - index.match(_about()))))
            continue
        cpu = time.thread_time()
        found = index.match(asked)
        index.choose(found, asked.release.languages())
        took, cpu = stopwatch() - began, time.thread_time() - cpu
        pipe.send((1_000 * took, 1_000 * cpu, found.serialize()))
    pipe.send(_peak())
    await database.close()


def _about(*subjects: str) -> Edition:
    release = Release("sample", (Rendition("en", "A sample", ""),), subjects=subjects)
    return Edition(1, "tw000001", 1, Act.PUBLISH, "Tidal", "tidal", "", release)


def _megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak() -> float:
    """The most memory this program has had; getrusage would tell its parent's, too."""
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if line
    )
    return int(status["VmHWM"].split()[0]) * 1_024 / 1e6
