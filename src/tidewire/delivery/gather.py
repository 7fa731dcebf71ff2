"""Gather receipts into batches, so that the ledger is written often but not one by one."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import structlog

from tidewire.model.delivery import Receipt
from tidewire.waiting import end_tasks

log = structlog.get_logger()


class _Basket:
    """Receipts that wait for their batch. Putting one in wakes nobody for nothing."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.waiting: list[Receipt] = []
        self.ended = False
        self.some = asyncio.Event()
        self.full = asyncio.Event()

    def put(self, receipt: Receipt) -> None:
        self.waiting.append(receipt)
        self.some.set()
        if len(self.waiting) >= self.size:
            self.full.set()

    def end(self) -> None:
        self.ended = True
        self.some.set()
        self.full.set()

    def take(self) -> list[Receipt]:
        batch, self.waiting = self.waiting[: self.size], self.waiting[self.size :]
        if not self.ended:
            if not self.waiting:
                self.some.clear()
            if len(self.waiting) < self.size:
                self.full.clear()
        return batch


async def in_batches(
    receipts: AsyncGenerator[Receipt, None], size: int, seconds: float
) -> AsyncGenerator[list[Receipt], None]:
    """Lists of at most `size` receipts, none held back longer than `seconds`.

    Whatever the channel raises ends the batches; what has no receipt then is the caller's.
    """
    basket = _Basket(size)  # a page bounds it
    pump = asyncio.create_task(_pump(receipts, basket))
    try:
        while not basket.ended or basket.waiting:
            await basket.some.wait()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await basket.full.wait()
            if batch := basket.take():
                yield batch
    finally:
        await end_tasks([pump])
        with contextlib.suppress(asyncio.CancelledError):
            await pump  # raises what is no fault of the channel's


async def _pump(receipts: AsyncGenerator[Receipt, None], basket: _Basket) -> None:
    try:
        async with contextlib.aclosing(receipts):
            async for receipt in receipts:
                basket.put(receipt)
    except Exception as error:  # a fault of one channel must not stop the worker
        log.error("channel failed", error=type(error).__name__)
    finally:
        basket.end()
