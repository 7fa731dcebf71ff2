"""The release that the benchmarks send: made up, in all of the fifteen languages."""

from pathlib import Path
from typing import Any

from tidewire.intake.beside import without_pictures
from tidewire.intake.read import read_files
from tidewire.intake.submission import read_submission
from tidewire.languages import KNOWN_15

FOLDER = Path(__file__).resolve().parents[2] / "samples" / "lanternfish"


def document() -> dict[str, Any]:
    """The release as the API takes it."""
    files = [FOLDER / f"lanternfish.{language}.md" for language in KNOWN_15]
    given = without_pictures(read_files(files, {}))
    return read_submission(given).model_dump(mode="json", exclude_unset=True)
