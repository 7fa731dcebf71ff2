"""`./dev bench [NAME] [--json FILE]`: run a benchmark, print it, and keep what it saw.

A benchmark is a module in this folder with `run() -> Result`, or `run(arguments)` where it has
options of its own. Its peer runs in the same call,
in turns with it: only the ratio of one run means anything.
"""

import argparse
import importlib
import inspect
import json
import os
import platform
import sys
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from result import Result
from tidewire.clock import SystemClock

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
OWN = {"run", "result", "plants"}


def main() -> int:
    """Run what is asked for; without a name, list what there is."""
    parser = argparse.ArgumentParser(prog="./dev bench")
    parser.add_argument("name", nargs="?", help="without it: what there is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures here")
    asked, more = parser.parse_known_args()
    known = sorted(file.stem for file in HERE.glob("*.py") if file.stem not in OWN)
    if asked.name is None:
        for name in known:
            print(f"{name:<8}{(importlib.import_module(name).__doc__ or '').splitlines()[0]}")
        return 0
    if asked.name not in known:
        print(
            f"There is no benchmark {asked.name}. There are: {', '.join(known)}.", file=sys.stderr
        )
        return 2
    bench = importlib.import_module(asked.name)
    found: Result = bench.run(more) if takes(bench.run) else bench.run()
    show(found)
    if asked.json:
        asked.json.write_text(json.dumps(found.document(), indent=2) + "\n", "utf-8")
    keep(found)
    return 0


def takes(run: Callable[..., Result]) -> bool:
    """Whether a benchmark has arguments of its own."""
    return bool(inspect.signature(run).parameters)


def show(found: Result) -> None:
    """The figures and ratios, as a table."""
    table = Table("what", "seen", title=found.bench, title_justify="left")
    for name, value in {**found.figures, **found.ratios}.items():
        table.add_row(name, f"{value:,.2f}")
    table.add_row("meets", "yes" if found.meets else "no")
    Console().print(table)


def _short(value: float) -> str:
    """Three digits at least, and no more after the point than they need: 86,000 or 0.057."""
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def keep(found: Result) -> None:
    """Append the run to docs/benchmarks.md, with machine and date."""
    figures = ", ".join(f"{name} {_short(value)}" for name, value in found.figures.items())
    ratios = ", ".join(f"{name} {value:.2f}" for name, value in found.ratios.items())
    now = SystemClock().now()
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    with PAGE.open("a", encoding="utf-8") as page:
        page.write(
            f"| {now:%Y-%m-%d} | {found.bench} | {figures} | {ratios} |"
            f" {'yes' if found.meets else 'no'} | {machine} |\n"
        )


if __name__ == "__main__":
    sys.exit(main())
