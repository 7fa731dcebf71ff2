"""A worker without an index: all but staging."""

import asyncio
from datetime import timedelta
from pathlib import Path

from tidewire.access.tokens import Signer
from tidewire.app.assemble import House
from tidewire.app.settings import read_settings
from tidewire.app.worker import run_worker
from tidewire.audience.index import AudienceIndex
from tidewire.bus.postgres import PostgresBell
from tidewire.clock import SystemClock
from tidewire.newsroom.search import answer, read_question
from tidewire.publish.stage import Stage, stage_waiting
from tidewire.store.database import Database
from wire import SilentBell, a_reading, a_vault, add_release


async def _states(database: Database) -> list[tuple[bool, bool, int]]:
    """(staged, public, deliveries that are accepted) of each release."""
    async with database.transaction() as tx:
        rows = await tx.execute(
            "SELECT staged_at IS NOT NULL, sequence IS NOT NULL, (SELECT count(*) FROM delivery d"
            " WHERE d.release_id = v.release_id AND d.state = 2)"
            " FROM release_version v ORDER BY release_id"
        )
        return [(row[0], row[1], row[2]) for row in await rows.fetchall()]


async def test_it_publishes_and_delivers_what_another_has_staged(
    database: Database, tmp_path: Path
) -> None:
    clock = SystemClock()
    bell = PostgresBell(database)
    settings = read_settings({"TIDEWIRE_HOME": str(tmp_path)})
    house = House(settings, database, clock, Signer(b"s" * 32), bell, a_vault(database, clock))
    await add_release(database, clock.now())
    index = await AudienceIndex.load(database)
    await stage_waiting(
        Stage(database, clock, SilentBell(), index, a_reading(a_vault(database, clock)))
    )
    await add_release(database, clock.now())  # nobody stages this one
    stopping = asyncio.Event()
    working = asyncio.create_task(run_worker(house, stopping, stages=False))
    async with asyncio.timeout(60):
        while (await _states(database))[0][2] < 1:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    stopping.set()
    await working
    await bell.close()
    (staged, public, _), other = await _states(database)
    assert staged
    assert public
    assert other == (False, False, 0)
    assert house.meters.breakers is not None
    assert house.meters.breakers() == 0


async def test_what_it_publishes_is_found_within_a_second_of_its_moment(
    database: Database, tmp_path: Path
) -> None:
    clock = SystemClock()
    bell = PostgresBell(database)
    settings = read_settings({"TIDEWIRE_HOME": str(tmp_path)})
    house = House(settings, database, clock, Signer(b"s" * 32), bell, a_vault(database, clock))
    t0 = clock.now() + timedelta(seconds=3)
    await add_release(database, clock.now(), t0=t0)
    stopping = asyncio.Event()
    working = asyncio.create_task(run_worker(house, stopping))
    question = read_question(words="Jellytower", language="en")
    async with asyncio.timeout(60):
        while (await answer(database, question, ())).count == 0:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    found_at = clock.now()
    stopping.set()
    await working
    await bell.close()
    assert timedelta(0) <= found_at - t0 < timedelta(seconds=1)
