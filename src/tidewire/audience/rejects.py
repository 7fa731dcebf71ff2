"""What became of an imported file; rows that were not taken are written to a file beside it."""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from tidewire.audience.sheet import OUR_COLUMNS, Row, Sheet
from tidewire.model.errors import BadInput

SHOWN = 20  # rejected rows that a summary names


@dataclass(frozen=True, slots=True)
class Rejection:
    """A row that was not taken, and why."""

    row: Row
    reason: str


class Rejects:
    """The file beside the one that is imported, with every row that was not taken.

    Corrected, it can be imported itself: its columns "line" and "reason" are passed over.
    """

    def __init__(self, sheet: Sheet) -> None:
        self.path = sheet.path.with_suffix(".rejected.csv")
        self._sheet = sheet
        self._file: TextIO | None = None
        self.path.unlink(missing_ok=True)  # of an earlier run; it would mislead

    def write(self, rejected: Sequence[Rejection]) -> None:
        """Add rows. Raises BadInput where the file cannot be written."""
        if not rejected:
            return
        if self._file is None:
            self._file = self._open()
        writer = csv.writer(self._file, lineterminator="\n")
        for one in rejected:
            writer.writerow([*self._sheet.original(one.row), one.row.line, one.reason])

    def close(self) -> None:
        """Let the file go."""
        if self._file:
            self._file.close()

    def _open(self) -> TextIO:
        try:
            file = self.path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        except OSError as error:
            raise BadInput(
                f"The rejected rows cannot be written to {self.path}.",
                "Import from a folder that you may write to.",
            ) from error
        csv.writer(file, lineterminator="\n").writerow([*self._sheet.header, *OUR_COLUMNS])
        return file


@dataclass(slots=True)
class Summary:
    """What became of a file: rows taken in anew, known ones renewed, rows rejected.

    `silent` are outlets that were taken with neither webhook nor mail. `first` are the first
    rejected rows as (line, reason); `written_to` holds them all.
    """

    new: int = 0
    renewed: int = 0
    rejected: int = 0
    silent: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)
    written_to: Path | None = None

    @property
    def kept(self) -> int:
        """Rows that are in the store now."""
        return self.new + self.renewed

    def reject(self, every: Sequence[Rejection], rejects: Rejects) -> None:
        """Count rows that were not taken, and write them down."""
        rejects.write(every)
        self.rejected += len(every)
        room = SHOWN - len(self.first)
        self.first += [(one.row.line, one.reason) for one in every[:room]]
        self.written_to = rejects.path if self.rejected else None
