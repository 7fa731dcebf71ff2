"""How often a reader may ask: a bucket of tokens for each, in the memory of one web program."""

import math
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from tidewire.clock import Clock
from tidewire.model.errors import TooMany

MOST_BUCKETS = 10_000
WINDOW = 60  # seconds


@dataclass(frozen=True, slots=True)
class Rate:
    """`quota` requests in a minute; as many at once, after a quiet minute."""

    name: str
    quota: int


OUTLET = Rate("outlet", 600)
PUBLIC = Rate("public", 120)


class Limits:
    """Takes a token for each request. Several web programs count each for themselves."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, who: str, rate: Rate) -> dict[str, str]:
        """The headers that say what is left (RateLimit header fields, IETF draft 10).

        Raises TooMany with Retry-After where nothing is.
        """
        now = self._clock.now()
        left, since = self._buckets.pop(who, (float(rate.quota), now))
        per_second = rate.quota / WINDOW
        left = min(rate.quota, left + max(0.0, (now - since).total_seconds()) * per_second)
        enough = left >= 1
        left -= 1 if enough else 0
        self._buckets[who] = (left, now)
        while len(self._buckets) > MOST_BUCKETS:
            self._buckets.popitem(last=False)
        full = math.ceil((rate.quota - left) / per_second)
        headers = {
            "RateLimit-Policy": f'"{rate.name}";q={rate.quota};w={WINDOW}',
            "RateLimit": f'"{rate.name}";r={int(left)};t={full}',
        }
        if enough:
            return headers
        wait = str(max(1, math.ceil((1 - left) / per_second)))
        raise TooMany(
            f"Over {rate.quota} requests in {WINDOW} seconds.",
            f"Ask again in {wait} s, or with wait= instead of often.",
            headers=headers | {"Retry-After": wait},
        )
