"""The breaker: leaves a host alone for a while when most tries to it fail."""

from collections import OrderedDict, deque
from dataclasses import dataclass, field
from datetime import datetime

WINDOW_SECONDS = 300.0
SLICE_SECONDS = 30.0
LEAST_TRIES = 10
FAILED_SHARE = 0.7
OPEN_SECONDS = 30.0
LAST_TRIP = 10
HOSTS = 20_000


@dataclass(slots=True)
class _Slice:
    """What was seen in thirty seconds: the number of the slice, tries, failures."""

    number: int
    tries: int = 0
    failed: int = 0


@dataclass(slots=True)
class _Host:
    """One host: what was seen of it, and until when it is left alone."""

    slices: deque[_Slice] = field(default_factory=deque)
    open_until: float | None = None  # None: closed
    probe_until: float = 0.0  # a half-open try is under way until then at most
    trips: int = 0


class Breaker:
    """A breaker for every host, in memory; at most `hosts` of them, the least used go first.

    Closed: every try may go. Of at least ten tries in five minutes seventy per cent failed:
    open for thirty seconds. Then half-open: one try may go, and what becomes of it closes
    the breaker or opens it again. The host "" is never held back.
    """

    def __init__(self, *, hosts: int = HOSTS) -> None:
        self._most = hosts
        self._hosts: OrderedDict[str, _Host] = OrderedDict()

    def allows(self, host: str, now: datetime) -> bool:
        """May a try go to `host` now? In the half-open state the one who asks takes the try."""
        known = self._hosts.get(host)
        if known is None or known.open_until is None:
            return True
        moment = now.timestamp()
        if moment < max(known.open_until, known.probe_until):
            return False
        # A try that never reports back (a crash, a cancellation) blocks no longer than a trip.
        known.probe_until = moment + OPEN_SECONDS
        return True

    def wait(self, host: str, now: datetime) -> float:
        """Seconds until it is worth asking again; 0.0 where a try may go."""
        known = self._hosts.get(host)
        if known is None or known.open_until is None:
            return 0.0
        return max(0.0, max(known.open_until, known.probe_until) - now.timestamp())

    def saw(self, host: str, ok: bool, now: datetime, times: int = 1) -> None:
        """Take in that `times` tries to `host` ended; `ok` is false where it was to blame."""
        if not host:
            return
        known = self._at(host)
        moment = now.timestamp()
        if known.open_until is not None:
            self._saw_while_open(known, ok, moment)
            return
        if self._count(known, ok, moment, times):
            self._trip(known, moment)

    def tripped_out(self, host: str) -> bool:
        """True after ten trips in a row: who owns the host's endpoints has to act."""
        known = self._hosts.get(host)
        return known is not None and known.trips >= LAST_TRIP

    def open_hosts(self) -> int:
        """How many hosts are left alone now."""
        return sum(known.open_until is not None for known in self._hosts.values())

    def forget(self, host: str) -> None:
        """Start afresh with `host`: its owner mended it."""
        self._hosts.pop(host, None)

    def _at(self, host: str) -> _Host:
        known = self._hosts.setdefault(host, _Host())
        self._hosts.move_to_end(host)
        if len(self._hosts) > self._most:
            self._hosts.popitem(last=False)
        return known

    def _saw_while_open(self, known: _Host, ok: bool, moment: float) -> None:
        if ok:  # also a try that set out before the trip: the host lives
            known.open_until, known.probe_until, known.trips = None, 0.0, 0
            known.slices.clear()
        elif known.probe_until or moment >= (known.open_until or 0.0):
            self._trip(known, moment)  # a failure while open is of a try that set out before

    def _trip(self, known: _Host, moment: float) -> None:
        known.open_until, known.probe_until = moment + OPEN_SECONDS, 0.0
        known.trips += 1
        known.slices.clear()

    def _count(self, known: _Host, ok: bool, moment: float, times: int) -> bool:
        """Count tries; True where the window now says that the host is down."""
        number = int(moment // SLICE_SECONDS)
        slices = known.slices
        if not slices or slices[-1].number < number:
            slices.append(_Slice(number))
        while slices[0].number <= number - WINDOW_SECONDS / SLICE_SECONDS:
            slices.popleft()
        slices[-1].tries += times
        slices[-1].failed += 0 if ok else times
        tries = sum(one.tries for one in slices)
        return tries >= LEAST_TRIES and sum(one.failed for one in slices) >= FAILED_SHARE * tries
