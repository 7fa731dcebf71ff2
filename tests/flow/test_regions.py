"""A region stands for its countries: in interests, and in circuits."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from editions import an_edition
from tidewire.audience.admit import Admission
from tidewire.audience.index import AudienceIndex
from tidewire.clock import FixedClock
from tidewire.model.rendition import Rendition
from tidewire.model.subscriber import Circuit, Kind
from tidewire.store.database import Database
from wire import SilentBell

HEADER = "outside_id,name,country,languages,outlet_kind,interest\n"


async def imported(
    database: Database, clock: FixedClock, folder: Path, rows: Sequence[str]
) -> tuple[AudienceIndex, dict[int, str]]:
    """The index of these desktops, and their names by id."""
    file = folder / "desktops.csv"
    await asyncio.to_thread(file.write_text, HEADER + "".join(f"{row}\n" for row in rows), "utf-8")
    summary = await Admission(database, SilentBell(), clock).admit(Kind.DESKTOP, file)
    assert summary.new == len(rows), summary.first
    async with database.transaction() as tx:
        found = await (await tx.execute("SELECT id, name FROM subscriber")).fetchall()
    return await AudienceIndex.load(database), dict(found)


@pytest.mark.parametrize(
    ("countries", "matched"),
    [
        (["DE"], {"Europe", "West", "not Asia"}),
        (["DK"], {"Europe", "not Asia"}),
        (["TR"], {"Asia", "Near East"}),
        (["DK", "JP"], {"Europe", "Asia"}),
        (["MX"], {"not Asia", "Latin"}),
        ([], {"not Asia"}),
    ],
)
async def test_who_wants_a_region_gets_what_concerns_a_country_in_it(
    database: Database, clock: FixedClock, tmp_path: Path, countries: list[str], matched: set[str]
) -> None:
    rows = [
        "d-1,Europe,DE,de,,country:150",
        'd-2,West,DE,de,,"country:""Western Europe"""',
        "d-3,Asia,DE,de,,country:asia",
        "d-4,Near East,DE,de,,country:145",
        "d-5,not Asia,DE,de,,-country:142",
        'd-6,Latin,DE,de,,"country:""latin america"",FR OR country:419"',
    ]
    index, names = await imported(database, clock, tmp_path, rows)
    plain = Rendition("de", "Nachricht", "<p>Text</p>")
    release = replace(
        an_edition().release, sectors=(), countries=tuple(countries), renditions=(plain,)
    )
    found = index.match(replace(an_edition(), release=release))
    assert {names[number] for number in found} == matched


async def test_a_circuit_of_a_region_holds_who_is_in_its_countries(
    database: Database, clock: FixedClock, tmp_path: Path
) -> None:
    rows = [
        "d-1,Berlin,DE,de,,",
        "d-2,Oslo,NO,de,,",
        "d-3,Seoul,KR,de,,",
        "d-4,all of Europe,Europe,de,,",
        "d-5,the north,154,de,,",
        "d-6,nowhere,,de,,",
    ]
    index, names = await imported(database, clock, tmp_path, rows)

    def members(*countries: str) -> set[str]:
        circuit = Circuit("some", countries=frozenset(countries))
        return {names[number] for number in index.match(an_edition(), [circuit])}

    assert members("150") == {"Berlin", "Oslo", "all of Europe", "the north"}
    assert members("154") == {"Oslo", "the north"}
    assert members("DE") == {"Berlin"}
    assert members("142", "DE") == {"Berlin", "Seoul"}
    assert members("001") == {"Berlin", "Oslo", "Seoul", "all of Europe", "the north"}
