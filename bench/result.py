"""What a benchmark saw."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """`figures` are absolute, `ratios` against the peer of the same run; `meets` the target."""

    bench: str
    figures: Mapping[str, float]
    ratios: Mapping[str, float]
    meets: bool

    def document(self) -> dict[str, Any]:
        """For --json."""
        return {
            "bench": self.bench,
            "figures": dict(self.figures),
            "ratios": dict(self.ratios),
            "meets": self.meets,
        }
