"""Waiting with an end, and tasks that end whatever they make of being cancelled."""

import asyncio
from contextlib import suppress

from tidewire.waiting import end_tasks, within


async def test_an_event_is_waited_for_so_long_and_no_longer() -> None:
    event = asyncio.Event()
    assert not await within(0.01, event)
    event.set()
    assert await within(60, event)
    assert await within(0, event)


async def test_a_cancellation_that_comes_with_the_event_is_not_lost() -> None:
    event = asyncio.Event()

    async def wait_again_and_again() -> None:
        while True:
            await within(60, event)
            event.clear()

    task = asyncio.create_task(wait_again_and_again())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    event.set()
    task.cancel()
    async with asyncio.timeout(5):
        with suppress(asyncio.CancelledError):
            await task
    assert task.cancelled()


async def test_a_task_that_loses_a_cancellation_is_cancelled_again() -> None:
    begun = asyncio.Event()

    async def stubborn() -> None:
        begun.set()
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(60)
        await asyncio.sleep(60)

    task = asyncio.create_task(stubborn())
    await begun.wait()
    async with asyncio.timeout(10):
        await end_tasks([task])
    assert task.cancelled()


async def test_what_a_task_raises_when_it_ends_is_dropped() -> None:
    async def falls() -> None:
        raise ValueError

    task = asyncio.create_task(falls())
    await asyncio.sleep(0)
    await end_tasks([task])
    await end_tasks([])
    assert task.done()
