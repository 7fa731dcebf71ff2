"""One row of the table: a format before a judge."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Said = Mapping[str, Sequence[str]]  # by document, what its judge says is wrong with it


def nothing() -> str:
    """The version of a judge whose name says it, or that has none."""
    return ""


@dataclass(frozen=True, slots=True)
class Row:
    """`run` has the judge read every document; `note` says what the judge is not asked, and why.

    What `run` takes is said where its rows are collected, in `judges.table`. Where the judge is
    not on this machine, it skips the test, but never in CI.
    """

    format: str
    judge: str
    run: Callable[..., Any]
    version: Callable[[], str] = nothing
    note: str = ""

    def __str__(self) -> str:
        return f"{self.format} by {self.judge}"
