"""One scheduled release in 15 languages to everyone at once: webhooks, mails, desktops.

At full scale 6,500 TLS webhooks, 86,000 mails and 20,000 connected desktops out of 3.5 million
profiles; everybody answers at once. All of it, sinks too, runs on this machine.
"""

import argparse
import asyncio
import signal
import tempfile
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import uvloop
from rich.console import Console
from rich.table import Table

from result import Result
from tidewire.app.demo.programs import free_ports
from tidewire.channels.channel import WARM_SECONDS
from tidewire.clock import stopwatch
from tidewire.model.delivery import DeliveryState
from tidewire.reports.distribution import Distribution, distribution
from tidewire.store import claims, version_facts
from tidewire.store.embedded import choose_place
from world.home import FULL, Home, open_home
from world.meter import Meter
from world.release import document
from world.sinks import Sinks, open_sinks
from world.wire import Screens, Wire, open_screens, open_wire

MOST_SECONDS = 15.0
MOST_MB = 1_500.0
AHEAD_SECONDS = (30.0, 150.0)  # T0 lies so far ahead: always, and for each whole world
PATIENCE_SECONDS = (60.0, 540.0)  # after T0, the same
LOOK_SECONDS = 1.0
OPEN = (DeliveryState.STAGED, DeliveryState.STARTED, DeliveryState.DEFERRED)


@dataclass(frozen=True, slots=True)
class Seen:
    """A moment as it went: the ledger's report, what the sinks counted, what it cost."""

    report: Distribution
    t0: datetime
    prepared: float  # seconds from approval until audience and pages were there
    mails: int
    hooks: int
    repeats: int  # webhooks that came more than once
    connected: int
    screens: Sequence[Mapping[str, Any]]
    meter: Meter
    handed_in: float  # seconds since the epoch

    @property
    def last(self) -> float:
        """Seconds from T0 to the last acceptance, over all channels."""
        return max(one.times.last_ms for one in self.report.channels if one.times) / 1000

    def of(self, channel: str) -> Any:
        """The report's lines on one channel."""
        return next(one for one in self.report.channels if one.channel == channel)


def run(arguments: Sequence[str] = ()) -> Result:
    """Run one moment; `--scale F` for a smaller world, `--home DIR` keeps it loaded."""
    parser = argparse.ArgumentParser(prog="./dev bench moment")
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--home", type=Path, help="kept, and used again by the next run")
    parser.add_argument("--ahead", type=float, help="seconds from approval to T0")
    asked = parser.parse_args(arguments)
    seen = measure(asked.scale, asked.home, asked.ahead)
    show(seen)
    return result(seen, asked.scale)


def measure(scale: float, home: Path | None, ahead: float | None = None) -> Seen:
    """One moment in the home given, or in one of its own."""
    if home is not None:
        return _moment(home.absolute(), scale, ahead)
    with tempfile.TemporaryDirectory(prefix="tidewire-moment-") as folder:
        Path(folder).chmod(0o755)
        return _moment(Path(folder) / "home", scale, ahead)


def _moment(folder: Path, scale: float, ahead: float | None) -> Seen:
    home = open_home(folder, scale)
    logs = folder / "sinks"
    logs.mkdir(exist_ok=True)
    for old in logs.glob("*.log"):
        old.unlink()
    if ahead is None:
        ahead = AHEAD_SECONDS[0] + AHEAD_SECONDS[1] * scale
    return uvloop.run(_stage(home, logs, ahead))


async def _stage(home: Home, logs: Path, ahead: float) -> Seen:
    """Everything that listens and sends, and the moment itself; SIGTERM ends all of it."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with open_sinks(logs, home.https, free_ports(1)[0]) as sinks:
        print("the wire starts, the desktops connect ...", flush=True)
        data = choose_place(home.folder).data
        async with open_wire(home, sinks.smtp, sinks.authority) as wire, open_screens(wire) as many:
            with Meter(data, {"screens.py": "desktops"}) as meter:
                await asyncio.sleep(1.5)  # some samples of the wire at rest
                return await _watch(wire, many, sinks, meter, ahead=ahead)


async def _watch(wire: Wire, many: Screens, sinks: Sinks, meter: Meter, *, ahead: float) -> Seen:
    """Publish, and look on until everything is settled."""
    clock, began = wire.house.clock, stopwatch()
    handed_in = clock.now().timestamp()
    ref, t0 = await wire.publish(document(), ahead)
    print(f"{ref} is approved; it goes out in {ahead:.0f} s", flush=True)
    release = await _release(wire, ref)
    ahead_of = stopwatch() + (t0 - clock.now()).total_seconds()
    await _until(lambda: _planned(wire, release), ahead_of, LOOK_SECONDS / 4)
    prepared = stopwatch() - began
    print(f"audience and pages: {prepared:.1f} s", flush=True)
    await asyncio.sleep((t0 - clock.now()).total_seconds())
    patience = PATIENCE_SECONDS[0] + PATIENCE_SECONDS[1] * wire.home.scale
    await _until(lambda: _settled(wire, release, t0), stopwatch() + patience, LOOK_SECONDS)
    await asyncio.sleep(3 * LOOK_SECONDS)  # stream receipts and nginx's log are written late
    async with wire.house.database.transaction() as tx:
        report = await distribution(tx, ref, now=clock.now())
    hooks = Counter(sinks.hooks())
    repeats = sum(hooks.values()) - len(hooks)
    screens = await many.look()
    return Seen(
        report=report,
        t0=t0,
        prepared=prepared,
        mails=sinks.mails(),
        hooks=len(hooks),
        repeats=repeats,
        connected=many.connected,
        screens=screens,
        meter=meter,
        handed_in=handed_in,
    )


async def _until(there: Callable[[], Awaitable[bool]], give_up: float, every: float) -> None:
    """Look until it is so, or until the stopwatch says `give_up`."""
    while stopwatch() < give_up:
        if await there():
            return
        await asyncio.sleep(every)


async def _release(wire: Wire, ref: str) -> int:
    async with wire.house.database.transaction() as tx:
        return (await version_facts.versions(tx, ref))[0].release_id


async def _planned(wire: Wire, release: int) -> bool:
    """Whether every page is written; the release need not be out."""
    async with wire.house.database.transaction() as tx:
        return await claims.paged(tx, release)


async def _settled(wire: Wire, release: int, t0: datetime) -> bool:
    async with wire.house.database.transaction() as tx:
        found = await claims.standings(tx, release, t0)
        public = await claims.planned(tx, release)
    left = sum(one.count for one in found if one.state in OPEN)
    print(
        f"  T0 + {(wire.house.clock.now() - t0).total_seconds():.1f} s: {left:,} left", flush=True
    )
    return public and not left


def show(seen: Seen) -> None:
    """Who used how much CPU between T0 and the last acceptance, and how much memory at most."""
    t0, end = seen.t0.timestamp(), seen.t0.timestamp() + seen.last
    table = Table("program", title=f"T0 to the last acceptance: {seen.last:.2f} s")
    for name in ("CPU s", "of one core", "peak RSS MB", "peak PSS MB"):
        table.add_column(name, justify="right")
    used = seen.meter.cpu(t0, end)
    for name, seconds in sorted(used.items(), key=lambda item: -item[1]):
        rss = seen.meter.peak(t0, end, (name,))
        pss = seen.meter.peak_pss(t0, end + 1, (name,))
        table.add_row(
            name, f"{seconds:.2f}", f"{seconds / seen.last:.0%}", f"{rss:,.0f}", f"{pss:,.0f}"
        )
    table.add_row("all", f"{sum(used.values()):.2f}", f"{sum(used.values()) / seen.last:.0%}")
    Console().print(table)


def result(seen: Seen, scale: float) -> Result:
    """Figures, and whether all of it was reached: in time, in memory, and to the last one due."""
    t0, size = seen.t0.timestamp(), FULL.scaled(scale)
    figures: dict[str, float] = {
        "scale %": 100 * scale,
        "last ms": seen.last * 1000,
        "planned after s": seen.prepared,
    }
    for channel in ("email", "webhook", "stream"):
        one = seen.of(channel)
        figures[f"{channel} accepted"] = one.counts.accepted
        if one.times:
            figures |= {
                f"{channel} p50 ms": one.times.p50_ms,
                f"{channel} p99 ms": one.times.p99_ms,
                f"{channel} last ms": one.times.last_ms,
            }
    came = sorted((at - t0) * 1000 for one in seen.screens for at in one["times"])
    served = sum(one["served"] for one in seen.screens)
    figures |= {"mails seen": seen.mails, "hooks seen": seen.hooks, "desktops seen": served}
    if came:
        figures |= {"frame p50 ms": came[len(came) // 2], "frame last ms": came[-1]}
    figures |= memory(seen)
    complete = (
        seen.of("email").counts.accepted == seen.mails == size.journalists
        and seen.of("webhook").counts.accepted == seen.hooks == size.outlets
        and seen.of("stream").counts.accepted == served == len(came) == seen.connected
        and not seen.repeats
    )
    in_time = seen.last <= MOST_SECONDS and figures["ours peak MB"] <= MOST_MB
    return Result("moment", figures, {"complete": float(complete)}, complete and in_time)


def memory(seen: Seen) -> dict[str, float]:
    """Peaks in MB from hand-in to the end: ours (web, workers, gateways, inbound, serve) as the
    sum of RSS, in which shared pages count for each; PostgreSQL in PSS, where they count once.

    "worker adds" is what the release added to the workers: their index is there before. Of it
    "staged" was there before connections were opened, "connections" came with these, "sending"
    after T0.
    """
    meter, begin, t0 = seen.meter, seen.handed_in, seen.t0.timestamp()
    end, warm = t0 + seen.last + 1, t0 - WARM_SECONDS - 1
    rest, staged, ready, most = (
        meter.peak(since, until, ("worker",))
        for since, until in ((begin - 1, begin), (begin, warm), (begin, t0), (begin, end))
    )
    return {
        "ours peak MB": meter.peak(begin, end),
        "ours peak PSS MB": meter.peak_pss(begin, end),
        "postgresql peak PSS MB": meter.peak_pss(begin, end, ("postgresql",)),
        "worker peak MB": most,
        "worker adds MB": most - rest,
        "of it staged MB": max(staged, rest) - rest,
        "of it connections MB": ready - max(staged, rest),
        "of it sending MB": most - ready,
    }
