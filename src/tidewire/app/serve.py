"""Serve: all programs of one machine under one parent, each brought back if it dies."""

import asyncio
import contextlib
import os
import socket
import sys

import structlog

from tidewire.app.assemble import House
from tidewire.app.running import end_with_parent
from tidewire.app.settings import Address, Settings
from tidewire.app.watching import end_when_hung
from tidewire.clock import stopwatch
from tidewire.model.errors import Misconfigured
from tidewire.waiting import within

STOP_SECONDS = 10.0
FIRST_PAUSE = 0.2  # seconds before a program that died is started again; doubles
LONGEST_PAUSE = 10.0
WELL_SECONDS = 30.0  # a program that ran this long starts again without delay

log = structlog.get_logger()


async def run_all(house: House, stopping: asyncio.Event) -> None:
    """Run every program until `stopping` is set, then end them in order.

    `house` is held open here, so that a private PostgreSQL outlives its users.
    """
    _look_at_ports(house.settings)
    log.info("serving", address=house.settings.base_url, stream=house.settings.stream_url)
    keepers = [
        asyncio.create_task(_keep(command, stopping, house.settings, number))
        for number, command in enumerate(_commands(house.settings))
    ]
    await stopping.wait()
    await asyncio.gather(*keepers)


def _commands(settings: Settings) -> list[tuple[str, ...]]:
    """What is run, in words of the command line. One worker stages; the others need no index."""
    more = [("worker", "--no-staging")] * (settings.workers - 1)
    gateways = [("gateway",)] * settings.gateways
    return [("web",), ("worker",), *more, *gateways, ("inbound",)]


def _look_at_ports(settings: Settings) -> None:
    """Raises Misconfigured where an address that we listen on is taken."""
    wanted = {"TIDEWIRE_HTTP_ADDRESS": settings.http, "TIDEWIRE_GATEWAY_ADDRESS": settings.gateway}
    if settings.inbound is not None:
        wanted["TIDEWIRE_INBOUND_ADDRESS"] = settings.inbound
    for name, address in wanted.items():
        try:
            socket.create_server((address.host, address.port)).close()
        except OSError as error:
            raise Misconfigured(
                f"Tidewire cannot listen on {address}: {error.strerror}.",
                f"Stop what listens there, or set {name}.",
            ) from error


async def _keep(
    command: tuple[str, ...], stopping: asyncio.Event, settings: Settings, number: int
) -> None:
    pause = FIRST_PAUSE
    while not stopping.is_set():
        began = stopwatch()
        address = _health_address(settings, number)
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tidewire.app.cli",
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            preexec_fn=end_with_parent,
            env={**os.environ, "TIDEWIRE_METRICS_ADDRESS": str(address)},
        )
        watching = asyncio.create_task(end_when_hung(child, address, settings.hung_seconds))
        ended = await _either(child, stopping)
        watching.cancel()
        if ended is None:
            await _end(child)
            return
        pause = FIRST_PAUSE if stopwatch() - began > WELL_SECONDS else min(pause * 2, LONGEST_PAUSE)
        log.warning("program ended", program=" ".join(command), code=ended, again_in=pause)
        await within(pause, stopping)


def _health_address(settings: Settings, number: int) -> Address:
    """Where a program says how it is: ports from TIDEWIRE_METRICS_ADDRESS on, or a free one."""
    if settings.metrics is not None:
        return Address(settings.metrics.host, settings.metrics.port + number)
    with socket.create_server(("127.0.0.1", 0)) as free:
        return Address("127.0.0.1", free.getsockname()[1])


async def _either(child: asyncio.subprocess.Process, stopping: asyncio.Event) -> int | None:
    """The child's exit code, or None where we are asked to stop first."""
    waits = {asyncio.create_task(child.wait()), asyncio.create_task(stopping.wait())}
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()
    return None if stopping.is_set() and child.returncode is None else child.returncode


async def _end(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await child.wait()
    except TimeoutError:
        child.kill()
        await child.wait()
