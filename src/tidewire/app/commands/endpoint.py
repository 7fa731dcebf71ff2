"""`tidewire endpoint`: where outlets are pushed to, what is held back, how it comes back."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tidewire.app.assemble import open_house
from tidewire.app.pushing import LONGEST_SECRET, add_endpoint, bare_secret, code_of, read_secret
from tidewire.app.running import run
from tidewire.model.delivery import ChannelCode
from tidewire.model.errors import Conflict, NotFound
from tidewire.model.subscriber import EndpointState
from tidewire.store import deliveries, endpoints, health, subscriptions

REPLAY = timedelta(days=7)  # what a returning endpoint is sent after all

app = typer.Typer(help="Addresses: where to push to, which are held back, how one comes back.")


@app.callback()
def group() -> None:
    """Addresses: where to push to, which are held back, how one comes back."""


@app.command()
def add(
    channel: Annotated[str, typer.Argument(help="sftp, ftps or wordpress")],
    outlet: Annotated[str, typer.Argument(help="The outlet's outside_id, as it was imported.")],
    address: Annotated[str, typer.Argument(help="Where to: see docs/guides/push.md.")],
    secret_file: Annotated[
        str, typer.Option(help="A file with the password or private key; - reads it from stdin.")
    ],
) -> None:
    """Push to an outlet from now on; once more, with a new secret, replaces that."""
    code, secret = code_of(channel), _secret(secret_file)
    number, new = run(_add(code, outlet, address, secret))
    said = "It is pushed to" if new else "It has a new secret"
    typer.echo(f"{said}: endpoint {number}.")


@app.command()
def disable(endpoint_id: int) -> None:
    """Send nothing more to an endpoint."""
    run(_disable(endpoint_id))
    typer.echo("It is not sent to any more.")


@app.command("list")
def list_held() -> None:
    """Endpoints that are paused or disabled."""
    run(_list())


@app.command()
def enable(endpoint_id: int) -> None:
    """Send to an endpoint again, and replay what it missed in the last seven days."""
    typer.echo(f"It is sent to again; {run(_enable(endpoint_id))} deliveries are replayed.")


def _secret(file: str) -> str:
    if file == "-":
        return bare_secret(sys.stdin.read(LONGEST_SECRET + 1))
    return read_secret(Path(file))


async def _add(code: ChannelCode, outlet: str, address: str, secret: str) -> tuple[int, bool]:
    async with open_house() as house:
        return await add_endpoint(house, code, outlet, address, secret)


async def _disable(endpoint_id: int) -> None:
    async with open_house() as house, house.database.transaction() as tx:
        found = await endpoints.by_id(tx, endpoint_id)
        if found is None:
            raise NotFound(f"There is no endpoint {endpoint_id}.", "See: tidewire endpoint list.")
        if found.state is not EndpointState.SUPPRESSED:
            await endpoints.set_state(tx, endpoint_id, EndpointState.DISABLED)


async def _list() -> None:
    async with open_house() as house, house.database.transaction() as tx:
        held = await endpoints.held_back(tx)
    table = Table("id", "channel", "state", "address")
    for one in held:
        table.add_row(str(one.id), one.channel.label, one.state.name.lower(), one.address)
    Console().print(table)


async def _enable(endpoint_id: int) -> int:
    async with open_house() as house, house.database.transaction() as tx:
        found = await endpoints.by_id(tx, endpoint_id)
        if found is None:
            raise NotFound(f"There is no endpoint {endpoint_id}.", "See: tidewire endpoint list.")
        if found.state is EndpointState.SUPPRESSED:
            raise Conflict("This address is suppressed.", "Only its owner can ask for mail again.")
        if found.channel is ChannelCode.WEBSUB and not await subscriptions.holds(tx, endpoint_id):
            raise Conflict("This subscription has ended.", "Its subscriber can ask the hub again.")
        now = house.clock.now()
        await endpoints.set_state(tx, endpoint_id, EndpointState.ACTIVE)
        await health.forget(tx, endpoint_id)
        return await deliveries.revive(tx, endpoint_id, since=now - REPLAY, now=now)
