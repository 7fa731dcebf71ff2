"""One trial: publish, kill at random moments, wait until all is settled, compare."""

import asyncio
import contextlib
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import aiohttp
import psycopg

from tidewire.app.demo.verdict import Verdict, judge
from tidewire.clock import stopwatch
from tidewire.languages import KNOWN_15
from tidewire.model.delivery import DeliveryState
from tidewire.model.errors import Unavailable
from tidewire.simulator.crowds import Crowds
from tidewire.simulator.feed_readers import FeedReaders
from tidewire.simulator.truth import Truth
from tidewire.simulator.world import Size
from tidewire.store import claims, version_facts
from tidewire.store.database import Connection
from tidewire.store.embedded import choose_place
from world.casualties import Nats, kill_postgresql, kill_program, programs
from world.receivers import Came, Receivers
from world.release import document
from world.trial import (
    Screens,
    Strike,
    Trial,
    differences,
    endpoints,
    read_marks,
    screens_of,
    truth_of,
)
from world.wire import Wire

Plan = tuple[tuple[str, ...], ...]
Found = TypeVar("Found")

SOON = 0.5  # seconds from approval to T0 where it goes at once: staging comes after it
AHEAD_SECONDS = (4.0, 60.0)  # and where it is scheduled: always, and for a whole world
BEFORE_SECONDS = 1.0  # kills begin so long before T0
PATIENCE_SECONDS = (120.0, 600.0)
AGREE_SECONDS = 60.0
LOOK_SECONDS = 0.2
OPEN = (DeliveryState.STAGED, DeliveryState.STARTED, DeliveryState.DEFERRED)
WORKERS = ("worker", "worker --no-staging")


@dataclass(slots=True)
class Stage:
    """The world, the wire in it, and how long a fan-out takes: at once, and scheduled."""

    wire: Wire
    receivers: Receivers
    crowds: Crowds
    size: Size
    dice: random.Random
    nats: Nats | None
    lasts: dict[bool, float]
    feeds: Truth = field(default_factory=Truth)

    @property
    def patience(self) -> float:
        """Seconds that a step may take."""
        return PATIENCE_SECONDS[0] + PATIENCE_SECONDS[1] * self.wire.home.scale

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.wire.house.clock.now().timestamp()

    @property
    def data(self) -> Path:
        """The folder of the PostgreSQL cluster."""
        return choose_place(self.wire.home.folder).data


async def play(stage: Stage, number: int, plan: Plan, *, soon: bool) -> Trial:
    """One release while `plan` is carried out. Raises Unavailable where a step never ends."""
    await _until(stage, "up", lambda: _up(stage))
    ahead = SOON if soon else AHEAD_SECONDS[0] + AHEAD_SECONDS[1] * stage.wire.home.scale
    ref, t0 = await stage.wire.publish(document(), ahead)
    release = (await ask(stage, lambda tx: version_facts.versions(tx, ref)))[0].release_id
    moments = _moments(stage, len(plan), t0.timestamp(), stage.lasts.get(soon, 0.0))
    strikes = [
        await _strike(stage, group, at, release)
        for group, at in zip(_named(stage.dice, plan), moments, strict=True)
    ]
    await _until(stage, "settled", lambda: _settled(stage, release))
    settled, came = stage.now(), Came()
    await _until(stage, "up again", lambda: _up(stage))
    verdict, screens = await _compare(stage, ref, came)
    marks = await ask(stage, lambda tx: read_marks(tx, release))
    reached, others = endpoints(came, ref, release)
    twice = {endpoint for endpoint, count in reached.items() if count > 1}
    return Trial(
        number=number,
        bell="NATS" if stage.nats else "PostgreSQL",
        soon=soon,
        t0=t0.timestamp(),
        strikes=strikes,
        settled=settled,
        times=sorted(came.times),
        deliveries=len(reached),
        lost=stage.size.journalists + stage.size.outlets - len(reached),
        duplicates=sum(reached.values()) - len(reached),
        marked=len(marks.repeats),
        unmarked=len(twice - marks.repeats) + others,
        stray=sum(marks.stray(endpoint, strikes) for endpoint in twice),
        missed=stage.size.connected - screens.served,
        again=screens.again,
        differences=differences(verdict),
    )


async def ask(stage: Stage, work: Callable[[Connection], Awaitable[Found]]) -> Found:
    """What the store answers, as soon as there is one."""
    give_up = stopwatch() + stage.patience
    while True:
        try:
            async with stage.wire.house.database.transaction() as tx:
                return await work(tx)
        except psycopg.OperationalError:
            if stopwatch() > give_up:
                raise
            await asyncio.sleep(LOOK_SECONDS)


def _moments(stage: Stage, count: int, t0: float, last: float) -> list[float]:
    """When to kill: anywhere between a second before T0 and the end of an undisturbed run."""
    return sorted(t0 + stage.dice.uniform(-BEFORE_SECONDS, last) for _ in range(count))


def _named(dice: random.Random, plan: Plan) -> Plan:
    """The plan with "worker" made one of the two, the same throughout."""
    one = dice.choice(WORKERS)
    return tuple(tuple(one if who == "a worker" else who for who in group) for group in plan)


async def _strike(stage: Stage, group: Sequence[str], at: float, release: int) -> Strike:
    """Wait for the moment, and until who is to be killed is there; then kill."""
    await asyncio.sleep(max(0.0, at - stage.now()))
    in_flight = await ask(stage, lambda tx: _in_flight(tx, release))
    moment = stage.now()
    left = [who for who in group if not _kill(stage, who)]
    give_up = stopwatch() + stage.patience
    while left and stopwatch() < give_up:
        await asyncio.sleep(LOOK_SECONDS / 4)
        moment = stage.now()
        left = [who for who in left if not _kill(stage, who)]
    return Strike(" + ".join(group), moment, in_flight)


def _kill(stage: Stage, who: str) -> bool:
    if who == "nats":
        return stage.nats is not None and stage.nats.kill()
    return kill_postgresql(stage.data) if who == "postgresql" else kill_program(who)


async def _in_flight(tx: Connection, release: int) -> int:
    found = await claims.standings(tx, release, datetime.max.replace(tzinfo=UTC))
    return sum(one.count for one in found if one.state is DeliveryState.STARTED)


async def _settled(stage: Stage, release: int) -> bool:
    """Whether the release is out and none of its deliveries is open."""

    async def look(tx: Connection) -> bool:
        found = await claims.standings(tx, release, stage.wire.house.clock.now())
        public = await claims.planned(tx, release)
        return public and not any(one.count for one in found if one.state in OPEN)

    return await ask(stage, look)


async def _up(stage: Stage) -> bool:
    """Whether pages are served, both workers work, and every desktop is on line."""
    said = stage.wire.programs.log("serve").read_text("utf-8", "replace").splitlines()
    ready = "".join(line for line in said if "worker ready" in line)
    running = programs()
    workers = [pid for pid, words in running.items() if words in WORKERS]
    names = Counter(running.values())
    if len(workers) < len(WORKERS) or not all(f'.{pid}"' in ready for pid in workers):
        return False
    if names["gateway"] < 2 or (await stage.crowds.progress())["connected"] < stage.crowds.total:
        return False
    with contextlib.suppress(aiohttp.ClientError, TimeoutError):
        async with stage.wire.web.get(stage.wire.house.settings.base_url) as answer:
            return answer.status == 200
    return False


async def _compare(stage: Stage, ref: str, came: Came) -> tuple[Verdict, Screens]:
    """Hold the report against the world; what is written late is looked at again."""
    give_up = stopwatch() + AGREE_SECONDS
    feeds = FeedReaders(stage.feeds, stage.wire.house.settings.base_url, KNOWN_15)
    while True:
        await stage.receivers.gather(came)
        await feeds.read_all()
        screens = screens_of(ref, await stage.crowds.truths())
        truth = truth_of(ref, came, screens, stage.feeds.accepted["feed"])
        now = stage.wire.house.clock.now()
        verdict = await ask(stage, lambda tx: judge(tx, ref, truth, now))  # noqa: B023
        if (verdict.agree and screens.served >= stage.size.connected) or stopwatch() > give_up:
            return verdict, screens
        await asyncio.sleep(1.0)


async def _until(stage: Stage, what: str, there: Callable[[], Awaitable[bool]]) -> None:
    give_up = stopwatch() + stage.patience
    while not await there():
        stage.wire.programs.check()
        if stopwatch() > give_up:
            raise Unavailable(f"The wire is not {what} after {stage.patience:.0f} s.")
        await asyncio.sleep(LOOK_SECONDS)
