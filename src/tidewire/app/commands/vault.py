"""`tidewire vault`: which master key is in use, and how to change it."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tidewire.app.assemble import House, open_house
from tidewire.app.running import run
from tidewire.model.errors import BadInput
from tidewire.vault.keys import MasterKey, make_master_key, read_master_key
from tidewire.vault.rewrap import begin_anew, rewrap, wrapped_by

app = typer.Typer(help="The vault: what waits is sealed in it.", no_args_is_help=True)
console = Console(markup=False, highlight=False, soft_wrap=True)


@app.callback()
def group() -> None:
    """The vault: what waits is sealed in it."""


@app.command()
def status() -> None:
    """Say which master key is in use; exit code 1 where the vault is closed."""
    if not run(_status()):
        raise typer.Exit(1)


@app.command("rewrap")
def rewrap_keys(
    old: Annotated[Path, typer.Argument(help="The file of the master key used so far.")],
) -> None:
    """Take all data keys over to the key in TIDEWIRE_MASTER_KEY_FILE, made where it is missing.

    Programs that run keep the old key: start them again afterwards.
    """
    run(_rewrap(old))


@app.command("renew")
def renew_key(
    yes: Annotated[bool, typer.Option("--yes", help="What waits may stay shut for good.")] = False,
) -> None:
    """Begin anew where the old master key is lost: what waits under it stays shut."""
    if not yes:
        raise BadInput("What waits under the old key could not be opened again.", "Add --yes.")
    run(_renew())


async def _status() -> bool:
    async with open_house() as house:
        async with house.database.transaction() as tx:
            found = await wrapped_by(tx)
        if house.vault.closed:
            console.print(house.vault.closed)
        else:
            key = _own(house)
            console.print(f"Master key {key.id.hex()} in {house.settings.master_key_file}.")
        for key_id, count in sorted(found.items()):
            console.print(f"{key_id} wraps the data keys of {count:,} releases.")
        return not house.vault.closed


async def _rewrap(file: Path) -> None:
    old = read_master_key(file)
    if old is None:
        raise BadInput(f"There is no file {file}.", "Give the file of the old master key.")
    async with open_house() as house:
        new = _own(house)
        if new.id == old.id:
            raise BadInput("Both files hold the same key.", "Move the old one away first.")
        async with house.database.transaction() as tx:
            done = await rewrap(tx, old, new, house.clock.now())
    console.print(
        f"{done:,} data keys are wrapped by {new.id.hex()} now. Start the programs again."
    )


async def _renew() -> None:
    async with open_house() as house:
        new = _own(house)
        async with house.database.transaction() as tx:
            await begin_anew(tx, new, house.clock.now())
    console.print(f"The master key is {new.id.hex()} from now on. Start the programs again.")


def _own(house: House) -> MasterKey:
    file = house.settings.master_key_file
    return read_master_key(file) or make_master_key(file)
