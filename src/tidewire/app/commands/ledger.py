"""`tidewire ledger`: prove that nothing in it was changed, and see who opened what early."""

import sys
from datetime import UTC
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tidewire.access.refs import must_be_ref, unknown_release
from tidewire.app.assemble import open_house
from tidewire.app.running import run
from tidewire.ledger.openings import Opened, openings
from tidewire.ledger.verify import Verdict, verify
from tidewire.store import version_facts

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


@app.command("openings")
def list_openings(
    ref: Annotated[str, typer.Argument(help="The release's ref.")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Who opened a release before its moment, and why."""
    must_be_ref(ref)
    found = run(_openings(ref))
    if as_json:
        sys.stdout.buffer.write(msgspec.json.encode(found) + b"\n")
        return
    table = Table("at (UTC)", "version", "who, and why", box=SIMPLE, pad_edge=False)
    for one in found:
        at = f"{one.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        table.add_row(at, str(one.version or ""), one.who_and_why)
    Console(markup=False).print(table)


async def _openings(ref: str) -> list[Opened]:
    async with open_house() as house, house.database.transaction() as tx:
        versions = await version_facts.versions(tx, ref)
        if not versions:
            raise unknown_release()
        return await openings(tx, versions[0].release_id)


async def _verify() -> Verdict:
    async with open_house() as house, house.database.transaction() as tx:
        return await verify(tx)
