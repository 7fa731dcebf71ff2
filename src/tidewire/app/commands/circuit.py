"""`tidewire circuit`: the named audiences that an issuer can choose."""

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tidewire.app.assemble import open_house
from tidewire.app.running import run
from tidewire.audience.interest import normal
from tidewire.model.errors import BadInput, NotFound
from tidewire.model.subscriber import Circuit, Facet, Kind
from tidewire.store import circuits

app = typer.Typer(help="Named audiences that an issuer can choose.", no_args_is_help=True)

LONGEST_NAME = 100
Values = Annotated[list[str], typer.Option(help="Repeat it for several; none means any.")]


@app.command("add")
def add(
    name: str,
    *,
    kind: Values = [],  # noqa: B006 (typer makes a new list for each call)
    country: Values = [],  # noqa: B006
    language: Values = [],  # noqa: B006
    sector: Values = [],  # noqa: B006
    outlet_kind: Values = [],  # noqa: B006
) -> None:
    """Store a circuit; one of the same name is replaced."""
    name = name.strip()
    if not name.isprintable() or not 0 < len(name) <= LONGEST_NAME:
        raise BadInput(f"A circuit's name has 1 to {LONGEST_NAME} printable characters.")
    circuit = Circuit(
        name,
        kinds=frozenset(_kind(text) for text in kind),
        countries=_values(Facet.COUNTRY, country),
        languages=_values(Facet.LANGUAGE, language),
        sectors=_values(Facet.SECTOR, sector),
        outlet_kinds=_values(Facet.OUTLET_KIND, outlet_kind),
    )
    run(_add(circuit))
    Console(highlight=False).print(f"circuit {name} is stored", markup=False)


@app.command("list")
def show() -> None:
    """List all circuits."""
    table = Table("circuit", "kinds", "countries", "languages", "sectors", "kinds of outlet")
    for circuit in run(_every()):
        table.add_row(
            circuit.name,
            _joined(kind.name.lower() for kind in circuit.kinds),
            _joined(circuit.countries),
            _joined(circuit.languages),
            _joined(circuit.sectors),
            _joined(circuit.outlet_kinds),
        )
    Console().print(table)


@app.command("remove")
def remove(name: str) -> None:
    """Take a circuit away; what has gone out to it stays as it is."""
    if not run(_remove(name)):
        raise NotFound(f"There is no circuit {name!r}.", "See them with: tidewire circuit list")


async def _add(circuit: Circuit) -> None:
    async with open_house() as house, house.database.transaction() as tx:
        await circuits.add(tx, circuit)


async def _every() -> list[Circuit]:
    async with open_house() as house, house.database.transaction() as tx:
        return await circuits.every(tx)


async def _remove(name: str) -> bool:
    async with open_house() as house, house.database.transaction() as tx:
        return await circuits.remove(tx, name)


def _kind(text: str) -> Kind:
    try:
        return Kind[text.upper()]
    except KeyError:
        kinds = ", ".join(kind.name.lower() for kind in Kind)
        raise BadInput(f"{text!r} is no kind of subscriber.", f"The kinds are {kinds}.") from None


def _values(facet: Facet, texts: Iterable[str]) -> frozenset[str]:
    try:
        return frozenset(normal(facet, text) for text in texts)
    except ValueError as error:
        message, advice = error.args
        raise BadInput(message, advice) from None


def _joined(values: Iterable[str]) -> str:
    return ", ".join(sorted(values)) or "any"
