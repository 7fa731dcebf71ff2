"""`tidewire simulate`: a world to send to."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tidewire.app.running import run, stop_on_signal
from tidewire.clock import SystemClock
from tidewire.model.errors import BadInput
from tidewire.simulator.run import Ports, Simulation, Wire, simulation
from tidewire.simulator.world import Size, World


def simulate(
    world: Annotated[Path, typer.Option(help="The folder for the world's files.")] = Path("world"),
    *,
    seed: Annotated[int, typer.Option(help="The same seed makes the same world.")] = 1,
    scale: Annotated[float, typer.Option(help="1.0 is the full size.")] = 0.01,
    connected: Annotated[
        int | None, typer.Option(help="Desktops on line.", show_default="30,000 x scale")
    ] = None,
    base_url: Annotated[str, typer.Option(help="The wire's address: its feeds are read.")] = "",
    stream_url: Annotated[str, typer.Option(help="The wire's stream, for desktops.")] = "",
    inbound: Annotated[str, typer.Option(help="Where the wire takes bounces: HOST:PORT.")] = "",
    smtp_port: Annotated[int, typer.Option(help="0 takes a free port.")] = 0,
    https_port: Annotated[int, typer.Option(help="0 takes a free port.")] = 0,
    control_port: Annotated[int, typer.Option(help="0 takes a free port.")] = 0,
    ssh_port: Annotated[int, typer.Option(help="0 takes a free port.")] = 0,
) -> None:
    """Run a world to send to: mailboxes, HTTPS endpoints, file servers, sites, desktops, people."""
    if not 0 < scale <= 10:
        raise BadInput(f"A scale of {scale} makes no world.", "Give one above 0, at most 10.")
    folder = world.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    wire = Wire(base_url.rstrip("/") or None, stream_url or None, _address(inbound))
    ports = Ports(smtp_port, https_port, control_port, ssh_port)
    size = Size().scaled(scale)
    size = replace(size, connected=min(connected or size.connected, size.desktops))
    run(_simulate(folder, World(seed, size), wire, ports))


async def _simulate(folder: Path, world: World, wire: Wire, ports: Ports) -> None:
    """Run until asked to end, also while the world is still being made."""
    stopping = stop_on_signal()
    living = asyncio.create_task(_live(folder, world, wire, ports))
    asked = asyncio.create_task(stopping.wait())
    await asyncio.wait({living, asked}, return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    living.cancel()
    with suppress(asyncio.CancelledError):
        await living


async def _live(folder: Path, world: World, wire: Wire, ports: Ports) -> None:
    async with simulation(folder, world, SystemClock(), wire=wire, ports=ports) as running:
        _tell(running)
        await asyncio.Event().wait()


def _tell(running: Simulation) -> None:
    console = Console(highlight=False, soft_wrap=True)
    size, ports = running.size, running.ports
    console.print(
        f"A world of {size.outlets:,} outlets, {size.journalists:,} journalists and"
        f" {size.desktops:,} desktops ({size.connected:,} of them on line) is up."
    )
    console.print(
        f"  its files   {running.folder} (.csv of outlets, journalists, desktops, endpoints)"
    )
    console.print(f"  mail        127.0.0.1:{ports.smtp}")
    console.print(f"  HTTPS       *.sim.localhost:{ports.https}")
    console.print(f"  SFTP        *.sim.localhost:{ports.ssh}")
    console.print(f"  the truth   http://127.0.0.1:{ports.control}/truth and /progress")
    console.print("Start the wire with:")
    for name, value in running.settings().items():
        console.print(f"  export {name}={value}", markup=False)
    console.print(
        f"Write the desktops' keys to {running.keys} (OUTSIDE_ID<TAB>KEY), then bring them"
        f" on line: curl -X POST http://127.0.0.1:{ports.control}/connect"
    )


def _address(text: str) -> tuple[str, int] | None:
    host, _, port = text.rpartition(":")
    if not text:
        return None
    if not host or not port.isdigit():
        raise BadInput(f"{text!r} is no address.", "Write it as 127.0.0.1:8025.")
    return host, int(port)
