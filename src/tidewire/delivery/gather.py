"""Gather receipts into batches, so that the ledger is written often but not one by one."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator

import structlog

from tidewire.clock import stopwatch
from tidewire.model.delivery import Receipt

log = structlog.get_logger()


async def in_batches(
    receipts: AsyncGenerator[Receipt, None], size: int, seconds: float
) -> AsyncGenerator[list[Receipt], None]:
    """Lists of at most `size` receipts, none held back longer than `seconds`.

    Whatever the channel raises ends the batches; what has no receipt then is the caller's.
    """
    queue: asyncio.Queue[Receipt | None] = asyncio.Queue()  # a page bounds it
    pump = asyncio.create_task(_pump(receipts, queue))
    try:
        done = False
        while not done:
            first = await queue.get()
            if first is None:
                break
            batch = [first]
            until = stopwatch() + seconds
            while len(batch) < size and (left := until - stopwatch()) > 0:
                try:
                    item = await asyncio.wait_for(queue.get(), left)
                except TimeoutError:
                    break
                if item is None:
                    done = True
                    break
                batch.append(item)
            yield batch
    finally:
        pump.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await pump


async def _pump(
    receipts: AsyncGenerator[Receipt, None], queue: asyncio.Queue[Receipt | None]
) -> None:
    try:
        async with contextlib.aclosing(receipts):
            async for receipt in receipts:
                queue.put_nowait(receipt)
    except Exception as error:  # a fault of one channel must not stop the worker
        log.error("channel failed", error=type(error).__name__)
    finally:
        queue.put_nowait(None)
