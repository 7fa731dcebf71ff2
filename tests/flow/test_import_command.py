"""`tidewire import`, as a person at a shell uses it."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from tidewire.app.commands import importing
from tidewire.store.database import Database

HEADER = "outside_id,name,country,languages,outlet_kind,interest\n"
GOOD, BAD = "d1,Desk 1,KR,ko,terminal,\n", "d2,Desk 2,XX,ko,terminal,\n"


async def write(file: Path, rows: str) -> None:
    await asyncio.to_thread(file.write_text, HEADER + rows)


async def run(file: Path) -> Result:
    return await asyncio.to_thread(CliRunner().invoke, importing.app, ["desktops", str(file)])


@pytest.fixture
def file(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TIDEWIRE_DATABASE_URL", database.url)
    monkeypatch.setenv("TIDEWIRE_HOME", str(tmp_path))
    return tmp_path / "desktops.csv"


async def test_rejected_rows_are_told_where_others_are_kept(file: Path) -> None:
    await write(file, GOOD + BAD)
    result = await run(file)
    assert result.exit_code == 0
    assert "line 3: country 'XX'" in result.stderr
    assert f"1 new, 0 renewed, 1 rejected, see {file.with_suffix('.rejected.csv')}" in result.stdout


async def test_an_import_that_keeps_nothing_fails(file: Path) -> None:
    await write(file, BAD)
    result = await run(file)
    assert result.exit_code == importing.NOTHING_KEPT
    assert "0 new, 0 renewed, 1 rejected" in result.stdout
    assert "No row was kept." in result.stderr
