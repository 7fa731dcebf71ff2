"""Two watchdogs: of a worker's progress, and of programs that hang."""

import asyncio
import contextlib
from collections.abc import Callable

import structlog

from tidewire.app.assemble import House
from tidewire.app.settings import Address
from tidewire.clock import stopwatch
from tidewire.store.standing import due_pages
from tidewire.watch.progress import Watchdog

log = structlog.get_logger()


async def look_for_progress(
    house: House, watchdog: Watchdog, busy_since: Callable[[str], float | None]
) -> None:
    """Compare what is due with what was settled here, and warn where nothing moves."""
    async with house.database.transaction() as tx:
        now = house.clock.now()
        pages = await due_pages(tx, now)
    for found in watchdog.look(pages, now, stopwatch(), busy_since("deliver")):
        log.warning(
            "no progress",
            channel=found.channel.label,
            oldest_seconds=round(found.oldest_seconds),
            why=found.why,
        )


async def end_when_hung(
    child: asyncio.subprocess.Process, address: Address, seconds: float
) -> None:
    """Kill a program whose /healthz has not answered for `seconds`; who keeps it starts it again.

    A program that has never answered has ten times as long: it may be loading.
    """
    last, patience = stopwatch(), 10 * seconds
    while True:
        if await _answers(address, seconds / 4):
            last, patience = stopwatch(), seconds
        elif stopwatch() - last > patience:
            log.error("program hangs", process=child.pid, seconds=round(stopwatch() - last))
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            return
        await asyncio.sleep(seconds / 4)


async def _answers(address: Address, seconds: float) -> bool:
    try:
        async with asyncio.timeout(seconds):
            reader, writer = await asyncio.open_connection(address.host, address.port)
            try:
                writer.write(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                return b" 200 " in await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
