"""The lanes: who waits for whom, with hosts that are slow and hosts that are not."""

import asyncio

import pytest

from tidewire.channels.posting import lanes
from tidewire.channels.posting.lanes import Lanes


async def test_places_are_given_in_the_order_they_were_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 60.0)
    both, order = Lanes(1, 1), []

    async def one(number: int) -> None:
        async with both.turn(f"h{number}"):
            order.append(number)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        for number in range(5):
            tasks.create_task(one(number))
    assert order == [0, 1, 2, 3, 4]


async def test_a_place_given_to_one_who_is_cancelled_goes_to_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 60.0)
    both = Lanes(1, 1)
    got = asyncio.Event()

    async def one() -> None:
        async with both.turn("h"):
            got.set()

    async with both.turn("first"):
        waiting = [asyncio.create_task(one()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()  # before the place is handed on
    waiting[1].cancel()  # just as it has been
    async with asyncio.timeout(10):
        await got.wait()
        await waiting[2]


async def test_a_slow_turn_frees_its_place_and_its_host_takes_the_slow_lane_after(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 0.01)
    both = Lanes(1, 1)
    # The second waits until patience with the first is over.
    async with asyncio.timeout(10), both.turn("silent"), both.turn("quick"):
        assert both.is_slow("silent")
    async with asyncio.timeout(10), both.turn("silent"):
        monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 60.0)
        async with both.turn("other"):
            pass
    async with both.turn("silent"):
        pass
    assert not both.is_slow("silent")


async def test_no_more_go_beside_the_lanes_than_the_slow_lane_holds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "PATIENCE_SECONDS", 0.0)
    both = Lanes(1, 1)
    held = asyncio.Event()
    async with both.turn("a"):
        async with asyncio.timeout(10), both.turn("b"):
            while not both.is_slow("b"):  # noqa: ASYNC110 - the lane says so nowhere else
                await asyncio.sleep(0)
            waiting = asyncio.create_task(_hold(both, held))
            for _ in range(50):
                await asyncio.sleep(0)
            assert not held.is_set()
        async with asyncio.timeout(10):
            await waiting


async def _hold(both: Lanes, held: asyncio.Event) -> None:
    async with both.turn("c"):
        held.set()
