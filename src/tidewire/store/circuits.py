"""Circuits: named audiences that an issuer can choose."""

from collections.abc import Sequence
from typing import Any

from tidewire.model.subscriber import Circuit, Kind
from tidewire.store.database import Connection

_COLUMNS = "name, kinds, countries, languages, sectors, outlet_kinds"


async def add(tx: Connection, circuit: Circuit) -> None:
    """Store a circuit; one of the same name is replaced."""
    await tx.execute(
        f"INSERT INTO circuit ({_COLUMNS}) VALUES (%s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET kinds = excluded.kinds, countries = excluded.countries,"
        " languages = excluded.languages, sectors = excluded.sectors,"
        " outlet_kinds = excluded.outlet_kinds".encode(),
        (
            circuit.name,
            sorted(int(kind) for kind in circuit.kinds),
            sorted(circuit.countries),
            sorted(circuit.languages),
            sorted(circuit.sectors),
            sorted(circuit.outlet_kinds),
        ),
    )


async def find(tx: Connection, name: str) -> Circuit | None:
    """The circuit of this name."""
    query = f"SELECT {_COLUMNS} FROM circuit WHERE name = %s".encode()
    row = await (await tx.execute(query, (name,))).fetchone()
    return _read(row) if row else None


async def every(tx: Connection) -> list[Circuit]:
    """All circuits, by name."""
    found = await tx.execute(f"SELECT {_COLUMNS} FROM circuit ORDER BY name".encode())
    return [_read(row) for row in await found.fetchall()]


async def remove(tx: Connection, name: str) -> bool:
    """Take a circuit away; false where there was none. Past releases keep their audience."""
    return (await tx.execute("DELETE FROM circuit WHERE name = %s", (name,))).rowcount == 1


def _read(row: Sequence[Any]) -> Circuit:
    return Circuit(
        name=row[0],
        kinds=frozenset(Kind(kind) for kind in row[1]),
        countries=frozenset(row[2]),
        languages=frozenset(row[3]),
        sectors=frozenset(row[4]),
        outlet_kinds=frozenset(row[5]),
    )
