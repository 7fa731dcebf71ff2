"""`tidewire xliff`: a release out to a translator's tool, and the translation back in."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tidewire.access.refs import must_be_ref, unknown_release
from tidewire.app.assemble import House, open_house
from tidewire.app.commands.submit import issuer_account, print_problems
from tidewire.app.running import run
from tidewire.formats.xliff.names import MOST_BYTES
from tidewire.intake.add_rendition import Added
from tidewire.intake.give_out import give_out, no_machine
from tidewire.intake.strings import line
from tidewire.intake.submit import Intake
from tidewire.intake.take_back import take_xliff
from tidewire.model.errors import BadInput, Unreadable
from tidewire.model.issuer import Caller
from tidewire.store import releases
from tidewire.translation.settings import open_provider

app = typer.Typer(help="Translations as XLIFF 2.1: out, in.", no_args_is_help=True)

Ref = Annotated[str, typer.Argument(help="The release's ref.")]
Issuer = Annotated[str, typer.Option(help="In whose name, by slug; else the release's issuer.")]


@app.command("out")
def give(
    ref: Ref,
    to: Annotated[str, typer.Option(help="The language wanted, BCP 47.")],
    machine: Annotated[
        bool, typer.Option("--machine", help="Filled in by machine, for a human to go through.")
    ] = False,
    issuer: Issuer = "",
) -> None:
    """Write the rendition that prevails as XLIFF to standard output."""
    typer.echo(run(_give(ref, to, issuer, machine=machine)), nl=False)


@app.command("in")
def take(
    ref: Ref,
    file: Annotated[Path, typer.Argument(help="The XLIFF, translated.")],
    translator: Annotated[str, typer.Option(help="Who translated it.")] = "",
    issuer: Issuer = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check.")] = False,
) -> None:
    """Hand a whole translation in; it waits for the desk."""
    added = run(_take(ref, _read(file), _name(translator), issuer, dry_run=dry_run))
    print_problems(added.problems, Console(stderr=True, markup=False))
    waits = f"waits for the desk, beside {ref}" if added.ref else "was only checked"
    typer.echo(f"The rendition in {added.language} {waits}.")


async def _give(ref: str, to: str, issuer: str, *, machine: bool) -> bytes:
    async with open_house() as house:
        provider = open_provider(house.settings.environment) if machine else None
        if machine and provider is None:
            raise no_machine()
        caller = await _caller(house, ref, issuer)
        return await give_out(_intake(house), caller, ref, to, provider)


async def _take(ref: str, raw: bytes, translator: str, issuer: str, *, dry_run: bool) -> Added:
    async with open_house() as house:
        caller = await _caller(house, ref, issuer)
        return await take_xliff(
            _intake(house), caller, ref, raw, translator=translator, dry_run=dry_run
        )


def _intake(house: House) -> Intake:
    return Intake(house.database, house.clock, house.bell, house.vault)


async def _caller(house: House, ref: str, issuer: str) -> Caller:
    """The account of `issuer`, "" for the one whose release it is. Raises NotFound."""
    if issuer:
        return await issuer_account(house, issuer)
    must_be_ref(ref)
    async with house.database.transaction() as tx:
        rows = await releases.queue(tx, ref=ref)
    if not rows:
        raise unknown_release()
    return await issuer_account(house, rows[0].issuer)


def _read(file: Path) -> bytes:
    """At most one byte more than is taken, which is enough to refuse it."""
    try:
        with file.open("rb") as opened:
            return opened.read(MOST_BYTES + 1)
    except OSError:
        raise Unreadable(f"{file} cannot be read.", "Check the name of the file.") from None


def _name(translator: str) -> str:
    try:
        name = line(translator)
    except ValueError as error:
        raise BadInput(f"The translator's name {error}.", "") from None
    if len(name) > 200:
        raise BadInput("The translator's name is too long.", "It has 200 characters at most.")
    return name
