"""`tidewire import`: subscribers and endpoints from CSV files, subjects from IPTC's export."""

from pathlib import Path

import typer
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TimeRemainingColumn

from tidewire.app.assemble import open_house
from tidewire.app.pushing import COLUMNS, import_endpoints
from tidewire.app.running import run
from tidewire.audience.admit import Admission
from tidewire.audience.media_topics import Export, read_export, take_in
from tidewire.audience.rejects import SHOWN, Summary
from tidewire.audience.rows import FORMS
from tidewire.model.media_topics import ATTRIBUTION
from tidewire.model.subscriber import Kind

NOTHING_KEPT = 2

app = typer.Typer(
    help="Take subscribers and endpoints in from CSV files, subjects from IPTC's.",
    no_args_is_help=True,
)


@app.command(help=f"Media that republish. Columns: {','.join(FORMS[Kind.OUTLET].columns)}")
def outlets(file: Path) -> None:
    """Import outlets."""
    _import(Kind.OUTLET, file)


@app.command(help=f"People who get mail. Columns: {','.join(FORMS[Kind.JOURNALIST].columns)}")
def journalists(file: Path) -> None:
    """Import journalists."""
    _import(Kind.JOURNALIST, file)


@app.command(help=f"Screens that are fed live. Columns: {','.join(FORMS[Kind.DESKTOP].columns)}")
def desktops(file: Path) -> None:
    """Import desktops."""
    _import(Kind.DESKTOP, file)


@app.command(help=f"Where outlets are pushed to. Columns: {','.join(COLUMNS)}")
def endpoints(file: Path) -> None:
    """Import endpoints."""
    _tell("endpoints", run(_push(file)))


@app.command()
def mediatopics(file: Path) -> None:
    """Import IPTC's Media Topics (JSON): they take the place of those imported before."""
    export = read_export(file)
    run(_take_in(export))
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for place, reason in export.faults[:SHOWN]:
        console.print(f"{place}: {reason}", markup=False)
    if len(export.faults) > SHOWN:
        console.print(f"... and {len(export.faults) - SHOWN:,} more")
    retired = sum(topic.retired is not None for topic in export.topics)
    of = f" of {export.released}" if export.released else ""
    text = f"media topics{of}: {len(export.topics) - retired:,} in use, {retired:,} retired"
    faults = f", {len(export.faults):,} faults" if export.faults else ""
    told = Console(highlight=False, soft_wrap=True)
    told.print(text + faults, markup=False)
    told.print(ATTRIBUTION, markup=False)


def _import(kind: Kind, file: Path) -> None:
    size = file.stat().st_size if file.is_file() else None
    _tell(f"{kind.name.lower()}s", run(_admit(kind, file, size)))


def _tell(what: str, summary: Summary) -> None:
    """Say what became of a file. Ends with NOTHING_KEPT where none of its rows was taken."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    for line, reason in summary.first:
        console.print(f"line {line}: {reason}", markup=False)
    if summary.rejected > len(summary.first):
        console.print(f"... and {summary.rejected - len(summary.first):,} more")
    told = f", {summary.rejected:,} rejected, see {summary.written_to}" if summary.rejected else ""
    text = f"{what}: {summary.new:,} new, {summary.renewed:,} renewed{told}"
    Console(highlight=False, soft_wrap=True).print(text, markup=False)
    if summary.silent:
        console.print(
            f"{summary.silent:,} of them have neither webhook nor mail: push to them (tidewire"
            " endpoint add), or let them pull (tidewire outlet key)."
        )
    if not summary.kept:
        console.print("No row was kept.")
        raise typer.Exit(NOTHING_KEPT)


async def _take_in(export: Export) -> None:
    async with open_house() as house:
        await take_in(house.database, house.bell, house.clock, export.topics)


async def _push(file: Path) -> Summary:
    async with open_house() as house:
        return await import_endpoints(house, file)


async def _admit(kind: Kind, file: Path, size: int | None) -> Summary:
    async with open_house() as house:
        admission = Admission(house.database, house.bell, house.clock)
        columns = (BarColumn(), DownloadColumn(), TimeRemainingColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
            task = progress.add_task("import", total=size)
            return await admission.admit(
                kind, file, lambda done: progress.update(task, completed=done)
            )
