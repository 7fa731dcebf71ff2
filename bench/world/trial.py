"""What one trial came to: each delivery of a release, as the world saw it and as it is recorded."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from pyroaring import BitMap

from tidewire.app.demo.verdict import Verdict
from tidewire.formats.feeds import entry_id
from tidewire.languages import KNOWN_15
from tidewire.model.delivery import Event
from tidewire.store.database import Connection
from world.receivers import Came


@dataclass(frozen=True, slots=True)
class Strike:
    """Who was killed together, when (seconds since the epoch), with so much in flight."""

    who: str
    at: float
    in_flight: int


@dataclass(frozen=True, slots=True)
class Screens:
    """What desktops saw of one edition: how many did, and how often one came again."""

    served: int
    again: int
    keys: Sequence[str]
    faults: Sequence[str]


@dataclass(frozen=True, slots=True)
class Trial:
    """One release, and what was killed while it went out. Times in seconds since the epoch.

    `marked` were sent again in case they had not arrived; `duplicates` had. `stray` ones were
    not in flight when anything was killed.
    """

    number: int
    bell: str
    soon: bool
    t0: float
    strikes: Sequence[Strike]
    settled: float
    times: Sequence[float]
    deliveries: int
    lost: int
    duplicates: int
    marked: int
    unmarked: int
    stray: int
    missed: int
    again: int
    differences: Sequence[str]

    @property
    def who(self) -> str:
        """What was killed, one after the other."""
        return ", ".join(strike.who for strike in self.strikes) or "nobody"

    @property
    def first(self) -> float | None:
        """Seconds from the last kill to the next acceptance; None where all were over."""
        later = self.times[bisect_right(self.times, self._last) :]
        return later[0] - self._last if later and self.strikes else None

    @property
    def recovered(self) -> float:
        """Seconds from the last kill until nothing was open any more."""
        return max(0.0, self.settled - self._last)

    @property
    def well(self) -> bool:
        """Nothing lost, nothing unmarked, nothing that is told otherwise."""
        wrong = self.lost, self.unmarked, self.stray, self.missed, self.again
        return not any(wrong) and not self.differences

    @property
    def _last(self) -> float:
        return self.strikes[-1].at if self.strikes else self.t0


@dataclass(frozen=True, slots=True)
class Marks:
    """What the ledger says of one release: who was marked a repeat, and when each try began."""

    repeats: frozenset[int]
    started: Sequence[tuple[datetime, BitMap]]

    def stray(self, endpoint: int, strikes: Sequence[Strike]) -> bool:
        """Whether two tries of a delivery follow each other with no kill between them."""
        tries = sorted(at.timestamp() for at, members in self.started if endpoint in members)
        kills = [strike.at for strike in strikes]
        pairs = pairwise(tries)
        return any(bisect_left(kills, one) == bisect_left(kills, next_) for one, next_ in pairs)


async def read_marks(tx: Connection, release: int) -> Marks:
    """The ledger's marks of one release."""
    marked = await tx.execute(
        "SELECT DISTINCT endpoint_id FROM ledger_batch b JOIN ledger_entry e ON e.batch_id = b.id"
        " WHERE b.release_id = %s AND e.repeat",
        (release,),
    )
    repeats = frozenset(row[0] for row in await marked.fetchall())
    begun = await tx.execute(
        "SELECT at, members FROM ledger_batch WHERE release_id = %s AND event = %s",
        (release, Event.STARTED),
    )
    started = [(at, BitMap.deserialize(members)) for at, members in await begun.fetchall()]
    return Marks(repeats, started)


def truth_of(ref: str, came: Came, screens: Screens, feeds: Iterable[str]) -> dict[str, Any]:
    """The world's truth about one release, as the verdict reads it."""
    entries = {entry_id(ref, language) for language in KNOWN_15}
    return {
        "accepted": {
            "email": list(came.keys["email"]),
            "webhook": list(came.keys["webhook"]),
            "feed": [key for key in feeds if key.partition(" ")[2].rpartition(".")[0] in entries],
            "stream": screens.keys,
        },
        "refused": {},
        "feedback": {"bounced": (), "complained": (), "unsubscribed": ()},
        "faults": [*came.faults, *screens.faults],
    }


def endpoints(came: Came, ref: str, release: int) -> tuple[Counter[int], int]:
    """How often each endpoint was reached by this release, and how often by another one."""
    reached: Counter[int] = Counter()
    others = 0
    for key, count in came.keys["email"].items():
        own, _, endpoint = key.partition(" ")[2].split(".")[:3]
        if int(own) == release:
            reached[int(endpoint)] += count
        else:
            others += count
    for key, count in came.keys["webhook"].items():
        if f"msg_{ref}_" in key:
            reached[int(key.rpartition("_")[2])] += count
        else:
            others += count
    return reached, others


def screens_of(ref: str, truths: Sequence[Mapping[str, Any]]) -> Screens:
    """What the desktops' processes say of one release."""
    keys = [key for truth in truths for key in truth["accepted"]["stream"] if ref in key]
    again = sum(
        count for truth in truths for key, count in truth["repeats"]["stream"].items() if ref in key
    )
    return Screens(len(keys), again, keys, [one for truth in truths for one in truth["faults"]])


def differences(verdict: Verdict) -> list[str]:
    """Where report and world do not say the same."""
    return [*verdict.agreement.lines(3), *verdict.faults]
