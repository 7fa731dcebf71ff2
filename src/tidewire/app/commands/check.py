"""`tidewire check`: what the checks find in files, before they are handed in; needs no database."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tidewire.app.commands.submit import print_problems
from tidewire.clock import SystemClock
from tidewire.crosscheck.compare import Cell, Comparison, Row, compare, said
from tidewire.crosscheck.match import Verdict
from tidewire.intake.beside import files_of
from tidewire.intake.checks.check import check as look
from tidewire.intake.checks.check import stops
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission


def check(
    files: Annotated[list[Path], typer.Argument(help="One file a language; .md .txt .html ...")],
    every: Annotated[bool, typer.Option("--all", help="Show what agrees, too.")] = False,
) -> None:
    """Check a release and compare its languages; nothing is stored. Exit code 2 for an error."""
    document = read_files(files, {})
    beside = {name: picture for name, (picture, _) in files_of(document, files).items()}
    release = raw_release(read_submission(document), beside)
    problems = look(release, SystemClock().now())
    console = Console(markup=False)
    if len(release.renditions) > 1:
        found = compare(release)
        rows = [row for row in found.rows if every or _unlike(row)]
        if rows:
            console.print(table(found, rows))
        agreed = len(found.rows) - sum(map(_unlike, found.rows))
        tongues = len(found.languages)
        console.print(f"{agreed} of {len(found.rows)} facts agree in {tongues} languages.")
    print_problems(problems, console)
    if stops(problems):
        raise typer.Exit(2)


def table(found: Comparison, rows: list[Row]) -> Table:
    """Fact by language, the text that prevails first; of the others those that are not alike."""
    base, *others = found.languages
    unlike = {tag for row in rows for tag, cell in row.cells.items() if cell.weight}
    shown = [tag for tag in others if tag in unlike]
    drawn = Table("fact", base, *shown)
    for row in rows:
        first = said(row.base) if row.base else "–"
        drawn.add_row(row.kind.value, first, *(_cell(row.cells.get(tag)) for tag in shown))
    return drawn


def _unlike(row: Row) -> bool:
    return any(cell.weight is not None for cell in row.cells.values())


def _cell(cell: Cell | None) -> str:
    if cell is None:
        return ""
    words = said(cell.fact) if cell.fact else "in words" if cell.verdict is Verdict.SAME else "–"
    return words if cell.weight is None else f"{words} ({cell.verdict}, {cell.weight})"
