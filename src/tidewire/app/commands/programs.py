"""The programs that stay up: serve (all of them), web, worker, gateway, inbound."""

import asyncio
import resource
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated

import structlog
import typer

from tidewire.app.assemble import House, open_house
from tidewire.app.running import run, start_log, stop_on_signal
from tidewire.vault.settle import seal_what_waits

log = structlog.get_logger()

Program = Callable[[House, asyncio.Event], Awaitable[None]]


def serve() -> None:
    """Run web, worker, gateway and inbound mail together; bring back what dies."""
    from tidewire.app.serve import run_all

    _run("serve", run_all)


def web() -> None:
    """Serve the pages, the feeds and the API."""
    from tidewire.app.web import run_web

    _run("web", run_web)


def worker(
    no_staging: Annotated[
        bool,
        typer.Option("--no-staging", help="Hold no audience index; publish and deliver only."),
    ] = False,
) -> None:
    """Stage, publish and deliver."""
    from tidewire.app.worker import run_worker

    name = "worker --no-staging" if no_staging else "worker"
    _run(name, partial(run_worker, stages=not no_staging))


def gateway() -> None:
    """Feed the desktops that are connected."""
    from tidewire.app.gateway import run_gateway

    _run("gateway", run_gateway)


def inbound() -> None:
    """Take bounces, complaints and unsubscriptions that come by mail."""
    from tidewire.app.inbound import run_inbound

    _run("inbound", run_inbound)


def _run(name: str, program: Program) -> None:
    start_log()
    _raise_open_files()
    # A core dump would hold the master key, and the text that is being sealed.
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    run(_with_house(name, program))


def _raise_open_files() -> None:
    """As many open files as the machine lets us have: each socket is one."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


async def _with_house(name: str, program: Program) -> None:
    stopping = stop_on_signal()
    async with open_house(program=name) as house:
        if name == "serve":  # its programs answer for themselves
            await program(house, stopping)
            return
        from tidewire.app.health import watched

        await _look_at_vault(house)
        async with watched(house, name):
            await program(house, stopping)


async def _look_at_vault(house: House) -> None:
    """Seal what an earlier Tidewire left in the clear, or say that nothing can be sealed."""
    if house.vault.closed:
        log.error(
            "the vault is closed: what waits can be neither read nor sent",
            why=house.vault.closed,
        )
    else:
        await seal_what_waits(house.database, house.vault)
