"""Releases that go out while worker, web, gateway, PostgreSQL or NATS is killed: what is lost?

One world, one release after the other: at full scale 86,000 mails and 6,500 TLS webhooks each,
and some hundred desktops. Everybody takes everything at once and notes it by name, so that
each delivery can be compared. Nothing may be lost, and nothing come twice without a mark.
"""

import argparse
import contextlib
import logging
import random
import tempfile
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import uvloop

from result import Result
from tidewire.app.demo.programs import free_ports
from tidewire.ledger.verify import verify
from tidewire.simulator.crowds import Crowds
from tidewire.simulator.world import Size
from world.casualties import Nats, open_nats
from world.chaos_table import figures, keep_table, show, tell
from world.home import FULL, SEED, Home, open_home
from world.receivers import Receivers, open_receivers
from world.trial import Trial
from world.trials import Plan, Stage, ask, play
from world.wire import open_wire

TRIALS = 30
PROFILES, DESKTOPS = 4_000, 400
NOT_LOOKED_AT = "not looked at"
LEAST_SECONDS = 1.0  # that a fan-out is said to take

# Who is killed in turn; those in one inner tuple at once. "a worker" is any of the two.
WITHOUT_NATS: tuple[Plan, ...] = (
    (("a worker",),),
    (("postgresql",),),
    (("gateway",),),
    (("a worker", "postgresql"),),
    (("a worker",), ("a worker",), ("a worker",)),
    (("web",),),
    (("a worker", "gateway"),),
    (("postgresql",), ("postgresql",)),
    (("worker", "worker --no-staging"),),
)
WITH_NATS: tuple[Plan, ...] = (
    (("nats",),),
    (("nats", "a worker"),),
    (("postgresql",),),
    (("nats", "gateway"),),
    (("nats", "postgresql"),),
)


def run(arguments: Sequence[str] = ()) -> Result:
    """Run the trials; interrupted, tell what was seen so far."""
    parser = argparse.ArgumentParser(prog="./dev bench chaos")
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--scale", type=float, default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # it is away now and then
    seen: list[Trial] = []
    try:
        chain = measure(asked.trials, asked.scale, asked.seed, seen)
    except KeyboardInterrupt:
        chain = NOT_LOOKED_AT
        print(f"interrupted after {len(seen)} trials", flush=True)
    show(seen)
    keep_table(seen, asked.scale)
    return result(seen, asked.scale, chain)


def result(seen: Sequence[Trial], scale: float, chain: str) -> Result:
    """Sums over all trials; met where nothing was lost, and all that came twice is marked."""
    print(f"the ledger's chain: {chain or 'verifies'}", flush=True)
    found = {"scale": scale, **figures(seen)}
    meets = bool(seen) and all(trial.well for trial in seen) and chain in ("", NOT_LOOKED_AT)
    return Result("chaos", found, {"chain verifies": float(not chain)}, meets)


def measure(trials: int, scale: float, seed: int, seen: list[Trial]) -> str:
    """Add each trial to `seen`; returns the fault of the ledger's chain, "" for none."""
    with tempfile.TemporaryDirectory(prefix="tidewire-chaos-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        size = FULL.scaled(scale)
        few = min(1.0, 20 * scale)
        size = Size(size.outlets, size.journalists, round(PROFILES * few), round(DESKTOPS * few))
        home = open_home(folder / "home", scale, size)
        return uvloop.run(_all(home, size, trials, random.Random(seed), seen))


async def _all(home: Home, size: Size, trials: int, dice: random.Random, seen: list[Trial]) -> str:
    """Two thirds with PostgreSQL's bell, a third with NATS."""
    lasts: dict[bool, float] = {}
    plain = -(-2 * trials // 3)
    folder = home.folder / "receivers"
    folder.mkdir()
    async with open_receivers(folder, free_ports(1)[0], home.https) as receivers:
        async with _stage(home, size, receivers, dice, None, lasts) as stage:
            for soon in (True, False):
                seen.append(await play(stage, len(seen), (), soon=soon))
                tell(seen[-1])
                lasts[soon] = max(LEAST_SECONDS, seen[-1].settled - seen[-1].t0)
            await _several(stage, WITHOUT_NATS, plain, seen)
        async with (
            open_nats(home.folder) as nats,
            _stage(home, size, receivers, dice, nats, lasts) as stage,
        ):
            await _several(stage, WITH_NATS, trials - plain, seen)
            return (await ask(stage, verify)).fault


async def _several(stage: Stage, plans: Sequence[Plan], count: int, seen: list[Trial]) -> None:
    for number in range(count):
        plan = plans[number % len(plans)]
        soon = bool(number // len(plans) % 2)
        seen.append(await play(stage, len(seen), plan, soon=soon))
        tell(seen[-1])


@contextlib.asynccontextmanager
async def _stage(
    home: Home,
    size: Size,
    receivers: Receivers,
    dice: random.Random,
    nats: Nats | None,
    lasts: dict[bool, float],
) -> AsyncIterator[Stage]:
    more = {"TIDEWIRE_WORKERS": "2", "TIDEWIRE_GATEWAYS": "2"}
    more |= {"TIDEWIRE_NATS_URL": nats.url} if nats else {}
    async with open_wire(home, receivers.smtp, receivers.authority, more) as wire:
        crowds = Crowds(SEED, wire.house.settings.stream_url)
        await crowds.connect(home.desktop_keys)
        try:
            await crowds.rest()  # from here on nobody hangs up by itself
            yield Stage(wire, receivers, crowds, size, dice, nats, lasts)
        finally:
            await crowds.close()
