"""`tidewire webhook`: the key that signs what is sent to webhooks."""

import typer

from tidewire.app.assemble import open_house
from tidewire.app.running import run
from tidewire.channels.webhook import signature

app = typer.Typer(help="The key that signs webhooks.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The key that signs webhooks."""


@app.command("rotate-key")
def rotate_key() -> None:
    """Make a new key; for 24 hours webhooks carry the old signature as well."""
    run(_rotate())
    typer.echo("Webhooks are signed with a new key; the old one signs beside it for 24 hours.")


async def _rotate() -> None:
    async with open_house() as house:
        signature.rotate(house.settings.keys, house.clock.now())
