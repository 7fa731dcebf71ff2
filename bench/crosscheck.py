"""Errors are planted one by one in every language; what does the cross-check find of them?

Three sets: the texts that it was built on first (samples/lanternfish), those that it was mended
on after they had been held out once (bench/texts), and, where there are any, texts that nobody
looked at while it was built (bench/texts-held-out). Only the last say how it does on others.

A trial is one planted error in one rendition, compared with the English one (the German one where
the English one has it). It is found where a warning or an error names its place; whatever else is
raised in that trial is a false alarm.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from plants import Planted, plants
from result import Result
from tidewire.crosscheck.compare import Finding, compare_facts
from tidewire.crosscheck.facts import Facts, read
from tidewire.crosscheck.match import Weight
from tidewire.crosscheck.within import within
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission, sanitised
from tidewire.languages import KNOWN_15
from tidewire.model.rendition import Rendition

HERE = Path(__file__).parent
BUILT_ON = [HERE.parent / "samples" / "lanternfish"]
THEN = sorted(folder for folder in (HERE / "texts").iterdir() if folder.is_dir())
UNSEEN = HERE / "texts-held-out"
HELD_OUT = sorted(UNSEEN.iterdir()) if UNSEEN.is_dir() else []
TARGET = 0.95


class Score:
    """Found, missed and false alarms."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.found, self.missed, self.false = 0, 0, 0

    @property
    def precision(self) -> float:
        """Of all that was raised, how much was planted."""
        return self.found / max(self.found + self.false, 1)

    @property
    def recall(self) -> float:
        """Of all that was planted, how much was found."""
        return self.found / max(self.found + self.missed, 1)


def run() -> Result:
    """All sets, all languages."""
    figures: dict[str, float] = {}
    meets = True
    for label, folders in (("built on", BUILT_ON), ("mended on", THEN), ("held out", HELD_OUT)):
        if not folders:
            continue
        scores, clean, missed = measure(folders)
        table = Table("language", "precision", "recall", "planted", "false", title=label)
        total = Score()
        for tag in KNOWN_15:
            score = scores[tag]
            total.found += score.found
            total.missed += score.missed
            total.false += score.false
            table.add_row(tag, f"{score.precision:.3f}", f"{score.recall:.3f}",
                          str(score.found + score.missed), str(score.false))  # fmt: skip
            figures[f"{label} {tag} precision"] = score.precision
            figures[f"{label} {tag} recall"] = score.recall
        Console().print(table, "missed:", dict(missed), "false alarms on texts as they are:", clean)
        figures[f"{label} planted"] = total.found + total.missed
        figures[f"{label} false alarms on texts as they are"] = clean
        figures[f"{label} precision"] = total.precision
        figures[f"{label} recall"] = total.recall
        meets = meets and total.precision >= TARGET and total.recall >= TARGET
    return Result("crosscheck", figures, {}, meets)


def measure(folders: list[Path]) -> tuple[dict[str, Score], int, Counter[str]]:
    """By language; with false alarms on the texts as they are, and what kinds were missed."""
    scores = {tag: Score() for tag in KNOWN_15}
    missed: Counter[str] = Counter()
    clean = 0
    for folder in filter(Path.is_dir, folders):
        files = [next(folder.glob(f"*.{tag}.md")) for tag in KNOWN_15]
        release = sanitised(raw_release(read_submission(read_files(files, {}))))
        facts = {r.language: read(r) for r in release.renditions}
        for rendition in release.renditions:
            tag = rendition.language
            base = facts["de" if tag == "en" else "en"]
            clean += len(_raised(rendition, base, facts[tag]))
            for planted in plants(rendition, facts[tag]):
                twin = release.rendition(base.language)
                _trial(planted, base, twin, scores[tag], missed)
    return scores, clean, missed


def _trial(
    planted: Planted, base: Facts, twin: Rendition, score: Score, missed: Counter[str]
) -> None:
    raised = _raised(planted.rendition, base, read(planted.rendition))
    hits = [finding for finding in raised if planted.is_meant(finding, twin)]
    score.false += len(raised) - len(hits)
    if hits:
        score.found += 1
    else:
        score.missed += 1
        missed[planted.what] += 1


def _raised(rendition: Rendition, base: Facts, facts: Facts) -> list[Finding]:
    """Warnings and errors of one rendition against another."""
    day = rendition.dateline.date if rendition.dateline else None
    assert day is not None
    found = [*compare_facts([base, facts]).findings, *within(1, facts, day)]
    found = [replace(f, at=1) for f in found if f.weight is not Weight.NOTE]
    return list(dict.fromkeys(found))
