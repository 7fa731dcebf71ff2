"""Compare what the ledger says with what the world got: to the last delivery, by name."""

from collections.abc import Mapping, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agreement:
    """Per channel: what only the ledger has, and what only the world has."""

    missing_in_world: Mapping[str, tuple[str, ...]]
    missing_in_ledger: Mapping[str, tuple[str, ...]]

    @property
    def agree(self) -> bool:
        """True where neither side has anything that the other has not."""
        return not self.missing_in_world and not self.missing_in_ledger

    def lines(self, most: int = 10) -> list[str]:
        """One line per difference, at most `most` of each channel and side."""
        found = []
        for side, what in (("world", self.missing_in_world), ("ledger", self.missing_in_ledger)):
            for channel, names in what.items():
                found += [f"{channel}: {name} is not in the {side}" for name in names[:most]]
                if len(names) > most:
                    found.append(f"{channel}: {len(names) - most} more are not in the {side}")
        return found


def compare(ledger: Mapping[str, Set[str]], world: Mapping[str, Set[str]]) -> Agreement:
    """Set each channel of the ledger against the same of the world; names sorted."""
    channels = sorted({*ledger, *world})
    none: frozenset[str] = frozenset()
    return Agreement(
        _without({c: ledger.get(c, none) - world.get(c, none) for c in channels}),
        _without({c: world.get(c, none) - ledger.get(c, none) for c in channels}),
    )


def _without(differences: Mapping[str, Set[str]]) -> dict[str, tuple[str, ...]]:
    return {channel: tuple(sorted(names)) for channel, names in differences.items() if names}
