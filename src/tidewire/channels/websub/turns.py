"""How often the hub may be asked: by one address, and about one callback's host. Pure."""

from collections import OrderedDict
from datetime import datetime
from math import ceil

from tidewire.model.errors import TooMany

KNOWN = 10_000


class Turns:
    """`most` requests a minute for each key, as a bucket that fills evenly."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._left: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, key: str, now: datetime) -> None:
        """Take a turn. Raises TooMany where there is none left."""
        left, since = self._left.pop(key, (float(self._most), now))
        left = min(self._most, left + (now - since).total_seconds() * self._most / 60)
        if left < 1:
            self._left[key] = (left, now)
            wait = str(max(1, ceil((1 - left) * 60 / self._most)))
            raise TooMany(
                "The hub was asked too often.",
                f"Ask again in {wait} s.",
                headers={"Retry-After": wait},
            )
        self._left[key] = (left - 1, now)
        if len(self._left) > KNOWN:
            self._left.popitem(last=False)
