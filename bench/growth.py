"""`moment` at 1 %, 10 % and 100 %: time grows no faster than recipients, memory stays flat.

Memory is what the release adds to the workers above what they hold at rest, where the audience
index is: pages in flight, whatever the number of recipients.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import moment
from result import Result

PARTS = (0.01, 0.1, 1.0)
FLAT = 1.5  # the largest may add so many times what the middle one adds
STEADY = 10.0  # times the time, for ten times the recipients
FIXED_SECONDS = 1.0  # what a moment takes however few it is for: no fair measure of growth


def run(arguments: Sequence[str] = ()) -> Result:
    """Run the three, the smallest first; `--home DIR` keeps the loaded worlds under it."""
    parser = argparse.ArgumentParser(prog="./dev bench growth")
    parser.add_argument("--scale", type=float, default=1.0, help="of the largest")
    parser.add_argument("--home", type=Path, help="kept, and used again by the next run")
    asked = parser.parse_args(arguments)
    seconds: list[float] = []
    added: list[float] = []
    figures: dict[str, float] = {}
    complete = True
    for part in PARTS:
        scale = part * asked.scale
        home = asked.home / f"{scale:g}" if asked.home else None
        seen = moment.measure(scale, home)
        moment.show(seen)
        found = moment.result(seen, scale)
        complete = complete and bool(found.ratios["complete"])
        seconds.append(seen.last)
        added.append(found.figures["worker adds MB"])
        figures |= {
            f"{part:.0%} last ms": 1000 * seconds[-1],
            f"{part:.0%} worker adds MB": added[-1],
            f"{part:.0%} of it connections MB": found.figures["of it connections MB"],
            f"{part:.0%} of it sending MB": found.figures["of it sending MB"],
        }
    ratios = {
        "time 10 %/1 %": _growth(seconds[0], seconds[1]),
        "time 100 %/10 %": _growth(seconds[1], seconds[2]),
        "memory 100 %/10 %": added[2] / max(added[1], 1.0),
        "complete": float(complete),
    }
    steady = max(ratios["time 10 %/1 %"], ratios["time 100 %/10 %"]) <= STEADY
    return Result(
        "growth", figures, ratios, complete and steady and ratios["memory 100 %/10 %"] <= FLAT
    )


def _growth(smaller: float, larger: float) -> float:
    """How many times the time of the smaller one the larger one took, for ten times as many."""
    return larger / max(smaller, FIXED_SECONDS)
