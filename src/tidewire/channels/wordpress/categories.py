"""The categories of sites, found by name and remembered for a while."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidewire.channels.wordpress.address import Site
from tidewire.channels.wordpress.api import Api
from tidewire.clock import stopwatch

KNOWN_SECONDS = 600.0
KNOWN_NAMES = 20_000


@dataclass(frozen=True, slots=True)
class Found:
    """Ids of categories, and what the receipt says of those that the site does not have."""

    found: list[int]
    missing: str


class Categories:
    """What was found holds for ten minutes; what was not is looked for again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[float, int]] = {}

    async def of(self, api: Api, site: Site, wanted: Sequence[tuple[str, ...]]) -> Found:
        """One category for each of `wanted`: the first of its names that the site knows."""
        found: list[int] = []
        missing: list[str] = []
        for names in wanted:
            for name in names:
                number = await self._one(api, site, name)
                if number is not None:
                    found.append(number)
                    break
            else:
                missing.append(names[0])
        said = f"; no category {', '.join(missing)}" if missing else ""
        return Found(list(dict.fromkeys(found)), said)

    async def _one(self, api: Api, site: Site, name: str) -> int | None:
        until, number = self._known.get((site.api, name), (0.0, 0))
        if stopwatch() < until:
            return number
        found = await api.category(name)
        if found is not None:
            if len(self._known) >= KNOWN_NAMES:
                self._known.clear()
            self._known[site.api, name] = (stopwatch() + KNOWN_SECONDS, found)
        return found
