"""`tidewire issuer` and `tidewire editor`: who may hand in, and who decides."""

from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tidewire.access.keys import issue_key, open_editor, open_issuer
from tidewire.app.assemble import open_house
from tidewire.app.commands.submit import SLUG
from tidewire.app.running import run
from tidewire.intake.checks.people import web_address
from tidewire.intake.strings import line
from tidewire.model.errors import BadInput, NotFound
from tidewire.model.issuer import Issuer, Role
from tidewire.store import accounts

issuer = typer.Typer(help="Organisations that hand in releases.", no_args_is_help=True)
editor = typer.Typer(help="People of the desk.", no_args_is_help=True)


@issuer.command("add")
def add_issuer(
    slug: Annotated[str, typer.Argument(help="Short name, in small letters and hyphens.")],
    name: Annotated[str, typer.Option(help="The organisation's full name.")],
    website: Annotated[str, typer.Option(help="https://...")] = "",
) -> None:
    """Register an issuer and print its key, once."""
    if not SLUG.fullmatch(slug):
        raise BadInput("A slug has small letters, digits and hyphens only.", "Try acme-energy.")
    if website and not web_address(website):
        raise BadInput("The website is not a web address.", "Write it as https://acme.example/.")
    run(_add_issuer(Issuer(0, slug, _name(name), website)))


@issuer.command("list")
def list_issuers() -> None:
    """All issuers."""
    run(_list_issuers())


@issuer.command("key")
def issuer_key(slug: str) -> None:
    """Print a new key for an issuer; the old ones are void from now on."""
    run(_new_key(Role.ISSUER, slug))


@editor.command("add")
def add_editor(name: Annotated[str, typer.Argument(help="It stands on every decision.")]) -> None:
    """Register an editor and print their key, once."""
    run(_add_editor(_name(name)))


@editor.command("key")
def editor_key(name: str) -> None:
    """Print a new key for an editor; the old ones are void from now on."""
    run(_new_key(Role.EDITOR, name))


async def _add_issuer(new: Issuer) -> None:
    async with open_house() as house:
        now = house.clock.now()
        async with house.database.transaction() as tx:
            caller = await open_issuer(tx, new, now)
            key = await issue_key(tx, caller.account_id, now)
    _print_key(f"Issuer {new.slug} ({new.name}) may hand in releases.", key)


async def _add_editor(name: str) -> None:
    async with open_house() as house:
        now = house.clock.now()
        async with house.database.transaction() as tx:
            caller = await open_editor(tx, name, now)
            key = await issue_key(tx, caller.account_id, now)
    _print_key(f"{name} is an editor.", key)


async def _new_key(role: Role, name: str) -> None:
    name = _name(name)
    async with open_house() as house:
        now = house.clock.now()
        async with house.database.transaction() as tx:
            caller = await accounts.find_account(tx, role, name)
            if caller is None:
                raise NotFound(f"There is no {role} {name}.", f"Add one: tidewire {role} add.")
            await accounts.revoke_keys(tx, caller.account_id, now)
            key = await issue_key(tx, caller.account_id, now)
    _print_key(f"The old keys of {name} are void.", key)


async def _list_issuers() -> None:
    async with open_house() as house, house.database.transaction() as tx:
        found = await accounts.list_issuers(tx)
    table = Table("slug", "name", "website")
    for one in found:
        table.add_row(one.slug, one.name, one.website)
    Console().print(table)


def _name(text: str) -> str:
    try:
        name = line(text)
    except ValueError as error:
        raise BadInput(f"The name {error}.", "Write it in plain letters.") from None
    if not 0 < len(name) <= 200:
        raise BadInput("A name has 1 to 200 characters.", "Give one.")
    return name


def _print_key(sentence: str, key: str) -> None:
    """The key goes to stdout alone, so that a script can take it."""
    Console(stderr=True, soft_wrap=True).print(f"{sentence} This key is shown once:", markup=False)
    typer.echo(key)
