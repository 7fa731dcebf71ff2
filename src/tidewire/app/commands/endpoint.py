"""`tidewire endpoint`: addresses that are not sent to, and how one comes back."""

from datetime import timedelta

import typer
from rich.console import Console
from rich.table import Table

from tidewire.app.assemble import open_house
from tidewire.app.running import run
from tidewire.model.delivery import ChannelCode
from tidewire.model.errors import Conflict, NotFound
from tidewire.model.subscriber import EndpointState
from tidewire.store import deliveries, endpoints, health, subscriptions

REPLAY = timedelta(days=7)  # what a returning endpoint is sent after all

app = typer.Typer(help="Addresses: which are held back, and how one comes back.")


@app.callback()
def group() -> None:
    """Addresses: which are held back, and how one comes back."""


@app.command("list")
def list_held() -> None:
    """Endpoints that are paused or disabled."""
    run(_list())


@app.command()
def enable(endpoint_id: int) -> None:
    """Send to an endpoint again, and replay what it missed in the last seven days."""
    typer.echo(f"It is sent to again; {run(_enable(endpoint_id))} deliveries are replayed.")


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
