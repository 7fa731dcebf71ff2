"""The worker: stages, publishes, plans, delivers, retries; any number may run at once."""

import asyncio
import os
import random
import socket
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial

import structlog

from tidewire.app.assemble import House
from tidewire.app.running import repeat
from tidewire.app.watching import look_for_progress
from tidewire.audience.index import AudienceIndex
from tidewire.bus.bell import Topic
from tidewire.channels.channel import Channel
from tidewire.channels.email.settings import relay_notice
from tidewire.channels.websub.intents import Intents
from tidewire.delivery.attempt import Dispatch, attempt_page
from tidewire.delivery.collect import collect_retries
from tidewire.delivery.feedback import resume_paused
from tidewire.delivery.plan import Plan, plan_waiting
from tidewire.delivery.prepare import Prepare, prepare_coming, warm_coming
from tidewire.model.delivery import ChannelCode
from tidewire.model.opening import Opening, Why
from tidewire.newsroom.indexing import index_wire, pack_index
from tidewire.publish.moment import Press, next_moment, publish_due
from tidewire.publish.stage import Stage, stage_waiting
from tidewire.store import deliveries
from tidewire.vault.reading import Reading
from tidewire.watch.progress import Watchdog

POLL_SECONDS = 1.0  # how late a fact is seen where its ring was lost
RARELY_SECONDS = 600.0
WATCH_SECONDS = 5.0
OVERDUE_SECONDS = 0.05  # what is due but cannot go yet is looked at again so soon

# Pages that one worker has in hand at once: this bounds memory. A page of webhooks is in hand
# as long as its slowest host, and must not keep others from their turn.
PAGES_AT_ONCE = {
    ChannelCode.EMAIL: 3,
    ChannelCode.WEBHOOK: 16,
    ChannelCode.WEBSUB: 8,
    ChannelCode.SFTP: 4,
    ChannelCode.FTPS: 4,
    ChannelCode.WORDPRESS: 4,
}

# Which loops a ring wakes.
WAKES = {
    Topic.DECIDED: ("stage", "publish"),
    Topic.STAGED: ("publish", "plan"),
    Topic.PLANNED: ("prepare", "deliver"),
    Topic.PUBLISHED: ("plan", "deliver", "index"),
}

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Loops:
    """The worker's loops and what wakes them, by name."""

    tasks: asyncio.TaskGroup
    wakes: dict[str, list[asyncio.Event]] = field(default_factory=dict)
    busy: dict[asyncio.Event, float] = field(default_factory=dict)

    def start(
        self,
        name: str,
        step: Callable[[], Awaitable[object]],
        every: Callable[[], Awaitable[float]],
    ) -> None:
        """Begin a loop that does `step` when `name` is woken, or after `every()` seconds."""
        wake = asyncio.Event()
        self.wakes.setdefault(name, []).append(wake)
        self.tasks.create_task(repeat(name, step, wake, every=every, busy=self.busy))

    def wake(self, name: str) -> None:
        """Let every loop of this name take a turn."""
        for event in self.wakes.get(name, ()):
            event.set()

    def busy_since(self, name: str) -> float | None:
        """Since when (stopwatch) one of the loops of this name has been in one step."""
        found = [self.busy[wake] for wake in self.wakes.get(name, ()) if wake in self.busy]
        return min(found, default=None)


async def run_worker(house: House, stopping: asyncio.Event, *, stages: bool = True) -> None:
    """Work until `stopping` is set; what is in hand then is left to the lease.

    One that does not stage holds no audience index; it does all the rest.
    """
    owner = f"{socket.gethostname()}.{os.getpid()}"
    if stages:
        house.loading["index"] = "The audience index is being loaded."
    index = await AudienceIndex.load(house.database) if stages else None
    house.loading.pop("index", None)
    channels = house.open_channels()
    notice = relay_notice(house.settings.environment)
    if notice:
        log.warning("no mail leaves", why=notice)
    log.info("worker ready", owner=owner, stages=stages)
    try:
        async with asyncio.TaskGroup() as tasks:
            loops = Loops(tasks)
            _start_publishing(house, loops, index)
            _start_delivering(house, loops, channels, owner)
            rings = tasks.create_task(_follow_bell(house, loops))
            await stopping.wait()
            rings.cancel()
            raise _Stop
    except* _Stop:
        log.info("worker stopped", owner=owner)
    finally:
        for channel in channels.values():
            await channel.close()


class _Stop(Exception):
    """Ends the task group; every loop is cancelled."""


def _start_publishing(house: House, loops: Loops, index: AudienceIndex | None) -> None:
    press = Press(house.database, house.clock, house.bell, house.vault)
    plan = Plan(house.database, house.clock, house.bell, house.vault)
    if index is not None:
        reading = Reading(house.vault, Opening("stage", Why.STAGE))
        stage = Stage(house.database, house.clock, house.bell, index, reading)
        loops.start("stage", lambda: stage_waiting(stage), _poll)
        loops.start("audience", partial(index.refresh, house.database), _often)
    loops.start("publish", lambda: publish_due(press), lambda: _until_moment(house, press))
    loops.start("plan", lambda: plan_waiting(plan), _poll)
    loops.start("index", lambda: index_wire(house.database), _poll)
    loops.start("pack", lambda: pack_index(house.database), _rarely)


def _start_delivering(
    house: House, loops: Loops, channels: Mapping[ChannelCode, Channel], owner: str
) -> None:
    dice = random.SystemRandom()
    dispatch = Dispatch(
        house.database,
        house.clock,
        channels,
        house.vault,
        owner,
        jitter=lambda: dice.uniform(-1, 1),
        meters=house.meters,
    )
    house.meters.breakers = dispatch.breaker.open_hosts
    watchdog = Watchdog(house.meters)
    reading = Reading(house.vault, Opening("prepare", Why.RENDER))
    prepare = Prepare(house.database, house.clock, channels, house.vault, reading, owner)
    loops.start("prepare", lambda: prepare_coming(prepare), _poll)
    loops.start("warm", lambda: warm_coming(prepare), _poll)

    async def collect() -> None:
        if await collect_retries(house.database, house.clock):
            loops.wake("deliver")

    loops.start("collect", collect, lambda: _until_retry(house))
    intents = Intents(house.channel_context())
    loops.start("intents", intents.turn, _poll)
    loops.start("resume", lambda: resume_paused(house.database, house.clock), _rarely)
    loops.start("watch", lambda: look_for_progress(house, watchdog, loops.busy_since), _watch)
    for code in channels:
        for _ in range(PAGES_AT_ONCE.get(code, 1)):
            loops.start("deliver", partial(_drain, dispatch, code), _poll)


async def _drain(dispatch: Dispatch, code: ChannelCode) -> None:
    while await attempt_page(dispatch, code):
        pass


async def _follow_bell(house: House, loops: Loops) -> None:
    async with house.bell.listen(*WAKES) as rings:
        async for topic, _ in rings:
            for name in WAKES[topic]:
                loops.wake(name)


async def _poll() -> float:
    return POLL_SECONDS


async def _watch() -> float:
    return WATCH_SECONDS


async def _often() -> float:
    return POLL_SECONDS / 2


async def _rarely() -> float:
    return RARELY_SECONDS


async def _until_moment(house: House, press: Press) -> float:
    """Seconds to the next moment, so that it is met and not polled for."""
    at = await next_moment(press)
    return _seconds_until(house, at)


async def _until_retry(house: House) -> float:
    async with house.database.transaction() as tx:
        at = await deliveries.waiting_until(tx)
    return _seconds_until(house, at)


def _seconds_until(house: House, at: datetime | None) -> float:
    if at is None:
        return POLL_SECONDS
    left = (at - house.clock.now()).total_seconds()
    return min(left, POLL_SECONDS) if left > 0 else OVERDUE_SECONDS
