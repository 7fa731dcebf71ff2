"""Wait for an event at most so long, and end tasks for certain.

asyncio.wait_for loses a cancellation that comes together with what it waits for (Python 3.11),
and libraries use it too: whoever cancels once and waits may wait for ever.
"""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

AGAIN_SECONDS = 1.0  # after which a task that has not ended is cancelled again


async def within(seconds: float, event: asyncio.Event) -> bool:
    """True once the event is set; False where `seconds` have passed first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()


async def end_tasks(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel tasks until each has ended. What they raise is theirs, and is dropped."""
    waiting = set(tasks)
    while waiting:
        for task in waiting:
            task.cancel()
        ended, waiting = await asyncio.wait(waiting, timeout=AGAIN_SECONDS)
        for task in ended:
            if not task.cancelled():
                task.exception()  # taken, so that nobody reports it as lost
