"""`tidewire desktop`: the keys that desktops show to the gateway."""

from typing import Annotated

import typer

from tidewire.access.tokens import desktop_key
from tidewire.app.assemble import House, open_house
from tidewire.app.running import run
from tidewire.model.errors import NotFound
from tidewire.model.subscriber import Kind, SubscriberState
from tidewire.store import subscribers

app = typer.Typer(help="Keys of desktops.", no_args_is_help=True)


@app.callback()
def desktop() -> None:
    """Keys of desktops."""


@app.command()
def key(
    desktop_id: Annotated[
        str, typer.Argument(help="Its outside_id from the import, or its number.", metavar="ID")
    ],
    renew: Annotated[bool, typer.Option(help="Void the keys that it has had so far.")] = False,
) -> None:
    """Print the key that a desktop shows to the gateway."""
    typer.echo(run(_key(desktop_id, renew=renew)))


async def _key(desktop_id: str, *, renew: bool) -> str:
    async with open_house() as house:
        if desktop_id.isascii() and desktop_id.isdigit():
            return await issue(house, int(desktop_id), renew=renew)
        async with house.database.transaction() as tx:
            found = await subscribers.of_outside_id(tx, Kind.DESKTOP, desktop_id)
        return await issue(house, found.id, renew=renew)


async def issue(house: House, subscriber_id: int, *, renew: bool = False) -> str:
    """The key of an active desktop; with `renew` all earlier ones are void. Raises NotFound."""
    if not 0 < subscriber_id < 2**31:
        raise NotFound(f"There is no desktop {subscriber_id}.", "Give its number.")
    async with house.database.transaction() as tx:
        found = await subscribers.get(tx, subscriber_id)
        if found.kind is not Kind.DESKTOP or found.state is not SubscriberState.ACTIVE:
            raise NotFound(f"Subscriber {subscriber_id} is no active desktop.", "Give another.")
        generation = found.key_generation
        if renew:
            generation = await subscribers.void_key(tx, subscriber_id, house.clock.now())
    return desktop_key(house.signer, subscriber_id, generation)
