"""Receipts in batches: none lost, none twice, none held back."""

import asyncio
from datetime import UTC, datetime

import pytest

from tidewire.delivery.gather import in_batches
from tidewire.model.delivery import Accepted, Receipt

AT = datetime(2026, 3, 3, 12, tzinfo=UTC)
LONG = 3600.0  # seconds that no test waits


def receipt(number: int) -> Receipt:
    return Receipt(number, 1, Accepted(250), AT)


async def count_to(number: int, then: Exception | None = None):
    for one in range(number):
        yield receipt(one)
    if then is not None:
        raise then


async def numbers(batches) -> list[list[int]]:
    return [[one.endpoint_id for one in batch] async for batch in batches]


@pytest.mark.parametrize("number", [0, 1, 9, 10, 11, 35])
async def test_every_receipt_is_in_one_batch_and_in_order(number):
    found = await numbers(in_batches(count_to(number), 10, LONG))
    assert [one for batch in found for one in batch] == list(range(number))
    assert all(1 <= len(batch) <= 10 for batch in found)
    assert len(found) == -(-number // 10)


async def test_what_came_before_a_fault_of_the_channel_is_kept():
    found = await numbers(in_batches(count_to(13, RuntimeError("a fault")), 10, LONG))
    assert [len(batch) for batch in found] == [10, 3]


async def test_a_full_batch_does_not_wait_and_a_lone_receipt_does_not_wait_for_others():
    more, end = asyncio.Event(), asyncio.Event()

    async def slow():
        yield receipt(0)
        await more.wait()
        for one in range(1, 5):
            yield receipt(one)
        await end.wait()

    batches = in_batches(slow(), 4, 0.01)
    assert [one.endpoint_id for one in await anext(batches)] == [0]
    more.set()
    assert [one.endpoint_id for one in await anext(batches)] == [1, 2, 3, 4]
    end.set()
    assert await numbers(batches) == []


async def test_whoever_stops_listening_ends_the_channel():
    ended = asyncio.Event()

    async def endless():
        try:
            yield receipt(0)
            await asyncio.Event().wait()
        finally:
            ended.set()

    batches = in_batches(endless(), 10, 0.0)
    await anext(batches)
    await batches.aclose()
    assert ended.is_set()
