"""`tidewire ledger`: prove that nothing in it was changed."""

import typer
from rich.console import Console

from tidewire.app.assemble import open_house
from tidewire.app.running import run
from tidewire.ledger.verify import Verdict, verify

app = typer.Typer(help="The ledger of what was delivered.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The ledger of what was delivered."""


@app.command("verify")
def verify_chain() -> None:
    """Recompute the digest of every batch; exit code 1 where one does not fit."""
    verdict = run(_verify())
    console = Console()
    if verdict.fault:
        console.print(f"The ledger was tampered with: {verdict.fault}.")
        raise typer.Exit(1)
    console.print(f"The ledger is whole: {verdict.batches} batches, {verdict.rows} rows.")


async def _verify() -> Verdict:
    async with open_house() as house, house.database.transaction() as tx:
        return await verify(tx)
