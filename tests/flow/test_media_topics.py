"""Media topics on the real database: imported as a whole, known to checks, widened in matching."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from editions import an_edition
from tidewire.app.cli import command_line
from tidewire.audience.index import AudienceIndex
from tidewire.audience.interest import parse
from tidewire.audience.media_topics import read_export, take_in
from tidewire.clock import FixedClock
from tidewire.intake.submit import examine
from tidewire.model.media_topics import SHIPPED
from tidewire.model.release import Edition
from tidewire.model.subscriber import Kind
from tidewire.store import media_topics
from tidewire.store.database import Database
from wire import SilentBell, add_subscriber

BASE = "http://cv.iptc.org/newscodes/mediatopic/"


def topic(code: str, broader: str = "", **more: Any) -> dict[str, Any]:
    above = [f"{BASE}{broader}"] if broader else []
    return {"uri": BASE + code, "prefLabel": {"en-GB": f"label {code}"}, "broader": above, **more}


EXPORT = {
    "dateReleased": "2026-07-02T12:00:00+00:00",
    "conceptSet": [
        topic("04000000"),
        topic("20000209", "04000000"),
        topic("06000000"),
        topic("20000430", "06000000"),
        topic("20000436", "20000430"),
        topic(
            "20000271",
            "20000209",
            retired="2023-03-31T12:00:00+00:00",
            changeNote={"en-GB": "Retired. Use medtop:20000436 instead."},
        ),
        topic("20000320", "20000209", retired="2023-03-31T12:00:00+00:00"),
    ],
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "topics.json"
    path.write_text(json.dumps(EXPORT), "utf-8")
    return path


def about(*subjects: str) -> Edition:
    edition = an_edition()
    return replace(edition, release=replace(edition.release, sectors=(), subjects=subjects))


async def found(database: Database, clock: FixedClock, *subjects: str) -> list[tuple[str, str]]:
    problems = await examine(database, clock, about(*subjects).release)
    return [(p.code, p.advice) for p in problems if p.pointer.startswith("/subjects")]


async def test_an_import_takes_the_place_of_the_one_before(
    database: Database, clock: FixedClock, file: Path
) -> None:
    for _ in range(2):
        await take_in(database, SilentBell(), clock, read_export(file).topics)
    async with database.transaction() as tx:
        known = await media_topics.every(tx, labels=True)
    assert known.complete
    assert set(known.by_code) == {*SHIPPED.by_code, "medtop:20000436"}
    assert known.by_code["medtop:20000436"].labels == {"en-GB": "label 20000436"}
    assert known.by_code["medtop:20000271"].replaced_by == ("medtop:20000436",)
    await take_in(database, SilentBell(), clock, read_export(file).topics[:1])
    async with database.transaction() as tx:
        assert "medtop:20000436" not in (await media_topics.every(tx)).by_code


async def test_an_import_that_breaks_leaves_what_was_there(
    database: Database, clock: FixedClock, file: Path
) -> None:
    topics = read_export(file).topics
    await take_in(database, SilentBell(), clock, topics)
    with pytest.raises(Exception, match="media_topic_pkey"):
        await take_in(database, SilentBell(), clock, [*topics[:2], topics[0]])
    async with database.transaction() as tx:
        assert "medtop:20000436" in (await media_topics.every(tx)).by_code


async def test_the_checks_know_every_topic_once_they_are_imported(
    database: Database, clock: FixedClock, file: Path
) -> None:
    assert await found(database, clock, "medtop:20000436", "medtop:29999999") == []
    await take_in(database, SilentBell(), clock, read_export(file).topics)
    assert await found(database, clock, "medtop:20000436", "medtop:04000000") == []
    [(code, _)] = await found(database, clock, "medtop:29999999")
    assert code == "subject-unknown"
    assert await found(database, clock, "medtop:20000271", "medtop:20000320") == [
        ("subject-retired", "Use medtop:20000436."),
        ("subject-retired", "Use medtop:20000209."),
    ]


async def test_a_sectors_own_topic_is_never_held_against_an_issuer(
    database: Database, clock: FixedClock, file: Path
) -> None:
    rows = [
        *EXPORT["conceptSet"],
        topic("20000256", "20000209", retired="2026-01-01T00:00:00+00:00"),
    ]
    await asyncio.to_thread(file.write_text, json.dumps({"conceptSet": rows}), "utf-8")
    await take_in(database, SilentBell(), clock, read_export(file).topics)
    release = replace(about("medtop:20000256").release, sectors=("energy",))
    problems = await examine(database, clock, release)
    assert not [p for p in problems if p.pointer.startswith("/subjects")]


async def test_who_wants_a_topic_gets_what_is_about_one_below_it(
    database: Database, clock: FixedClock, file: Path
) -> None:
    wishes = {
        "environment": "subject:06000000",
        "resources": "subject:20000430",
        "power": f"subject:{BASE}20000436",
        "economy": "subject:04000000",
        "no environment": "-subject:06000000",
    }
    names: dict[int, str] = {}
    async with database.transaction() as tx:
        for name, text in wishes.items():
            [clause] = parse(text)
            number, _ = await add_subscriber(tx, clock.now(), kind=Kind.DESKTOP, clause=clause)
            names[number] = name
    index = await AudienceIndex.load(database)

    def match(*subjects: str) -> set[str]:
        return {names[number] for number in index.match(about(*subjects))}

    assert match("medtop:20000430") == {"environment", "resources"}
    assert match("medtop:20000436") == {"power", "no environment"}  # deeper than what ships
    assert match("medtop:20000209") == {"economy", "no environment"}
    await take_in(database, SilentBell(), clock, read_export(file).topics)
    await index.refresh(database)
    assert match("medtop:20000436") == {"environment", "resources", "power"}
    # A retired topic is its heir, and stands where it stood.
    assert match("medtop:20000271") == {"environment", "resources", "power", "economy"}


async def test_the_command_says_what_it_did_and_lists_what_there_is(
    database: Database, file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIDEWIRE_DATABASE_URL", database.url)
    monkeypatch.setenv("TIDEWIRE_HOME", str(tmp_path))

    async def run(*words: str) -> str:
        result = await asyncio.to_thread(CliRunner().invoke, command_line(), list(words))
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    told = await run("subjects", "umwelt", "--language", "de")
    assert "medtop:06000000" in told
    said = await run("import", "mediatopics", str(file))
    assert said.startswith("media topics of 2026-07-02: 5 in use, 2 retired\n")
    assert "CC BY 4.0" in said
    told = await run("subjects", "label 2000043")
    assert "medtop:20000436" in told
    assert "CC BY 4.0" in told
    assert "20000271" not in await run("subjects")
