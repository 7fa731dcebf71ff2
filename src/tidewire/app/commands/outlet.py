"""`tidewire outlet`: the keys that outlets read the wire with."""

from typing import Annotated

import typer

from tidewire.access.tokens import outlet_key
from tidewire.app.assemble import House, open_house
from tidewire.app.running import run
from tidewire.model.errors import NotFound
from tidewire.model.subscriber import Kind, SubscriberState
from tidewire.store import subscribers

app = typer.Typer(help="Keys of outlets.", no_args_is_help=True)


@app.callback()
def outlet() -> None:
    """Keys of outlets."""


@app.command()
def key(
    outlet_id: Annotated[
        str, typer.Argument(help="Its outside_id from the import, or its number.", metavar="ID")
    ],
    renew: Annotated[bool, typer.Option(help="Void the keys that it has had so far.")] = False,
) -> None:
    """Print the key that an outlet reads the wire with."""
    typer.echo(run(_key(outlet_id, renew=renew)))


async def _key(outlet_id: str, *, renew: bool) -> str:
    async with open_house() as house:
        if outlet_id.isascii() and outlet_id.isdigit():
            return await issue(house, int(outlet_id), renew=renew)
        async with house.database.transaction() as tx:
            found = await subscribers.of_outside_id(tx, Kind.OUTLET, outlet_id)
        return await issue(house, found.id, renew=renew)


async def issue(house: House, subscriber_id: int, *, renew: bool = False) -> str:
    """The key of an active outlet; with `renew` all earlier ones are void. Raises NotFound."""
    if not 0 < subscriber_id < 2**31:
        raise NotFound(f"There is no outlet {subscriber_id}.", "Give its number.")
    async with house.database.transaction() as tx:
        found = await subscribers.get(tx, subscriber_id)
        if found.kind is not Kind.OUTLET or found.state is not SubscriberState.ACTIVE:
            raise NotFound(f"Subscriber {subscriber_id} is no active outlet.", "Give another.")
        generation = found.key_generation
        if renew:
            generation = await subscribers.void_key(tx, subscriber_id, house.clock.now())
    return outlet_key(house.signer, subscriber_id, generation)
