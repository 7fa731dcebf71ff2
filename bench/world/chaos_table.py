"""The trials as tables: at the terminal, and in docs/benchmarks.md in the place of the last."""

import statistics
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from world.trial import Trial

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"
BEGIN, END = "<!-- chaos -->\n", "<!-- end of chaos -->\n"
HEADS = (
    "trial", "bell", "killed", "s after T0", "in flight", "delivered", "lost", "sent again",
    "came twice", "unmarked", "stray", "missed", "again", "next s", "settled s", "well",
)  # fmt: skip
COUNTED = ("deliveries", "lost", "marked", "duplicates", "unmarked", "stray", "missed", "again")


def row(trial: Trial) -> tuple[str, ...]:
    """One trial, in the order of HEADS."""
    return (
        str(trial.number),
        trial.bell,
        trial.who,
        ", ".join(f"{strike.at - trial.t0:.1f}" for strike in trial.strikes) or "-",
        ", ".join(f"{strike.in_flight:,}" for strike in trial.strikes) or "-",
        *(f"{getattr(trial, name):,}" for name in COUNTED),
        "-" if trial.first is None else f"{trial.first:.2f}",
        f"{trial.recovered:.1f}",
        "yes" if trial.well else "NO",
    )


def tell(trial: Trial) -> None:
    """One trial in words, as soon as it is over, and what was wrong with it."""
    words = (f"{name} {value}" for name, value in zip(HEADS, row(trial), strict=True))
    print(", ".join(words), *trial.differences, sep="\n  ", flush=True)


def figures(seen: Sequence[Trial]) -> dict[str, float]:
    """Sums, and how long it took to recover, by what was killed; times in ms."""
    sums: dict[str, float] = {"trials": sum(bool(trial.strikes) for trial in seen)}
    sums |= {name: sum(getattr(trial, name) for trial in seen) for name in COUNTED}
    sums["differences"] = sum(len(trial.differences) for trial in seen)
    for who, times in _recoveries(seen).items():
        sums[f"{who} settled p50 ms"] = 1000 * statistics.median(times)
        sums[f"{who} settled worst ms"] = 1000 * max(times)
    return sums


def _recoveries(seen: Iterable[Trial]) -> dict[str, list[float]]:
    """Seconds until all was settled, of the trials in which one of these was killed."""
    found = defaultdict(list)
    for trial in seen:
        for who in ("worker", "postgresql", "gateway", "web", "nats"):
            if any(who in strike.who for strike in trial.strikes):
                found[who].append(trial.recovered)
    return dict(found)


def show(seen: Sequence[Trial]) -> None:
    """Each trial in a line."""
    table = Table(*HEADS)
    for trial in seen:
        table.add_row(*row(trial))
    Console(width=200).print(table)


def keep_table(seen: Sequence[Trial], scale: float, page: Path = PAGE) -> None:
    """Write the table into the page, in the place of the run before."""
    lines = [
        f"The last run of `chaos`, at scale {scale:g}: {len(seen)} releases, one after the other.",
        "`next s` is from the last kill to the next acceptance, `settled s` until nothing is open.",
        "",
        f"| {' | '.join(HEADS)} |",
        f"|{'---|' * len(HEADS)}",
        *(f"| {' | '.join(row(trial))} |" for trial in seen),
        "",
    ]
    said = page.read_text("utf-8")
    block = BEGIN + "\n".join(lines) + END
    if BEGIN in said:
        said = said[: said.index(BEGIN)] + block + said[said.index(END) + len(END) :]
    else:
        place = said.index("| date |")
        said = said[:place] + block + "\n" + said[place:]
    page.write_text(said, "utf-8")
