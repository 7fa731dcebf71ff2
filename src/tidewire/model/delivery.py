"""A delivery: one release to one endpoint; what can become of it, and what a channel reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

# Every delivery has ended this long after its edition went out: no schedule lasts longer.
DEADLINE = timedelta(hours=96)


class ChannelCode(IntEnum):
    """The channels' numbers in the store."""

    EMAIL = 1
    WEBHOOK = 2
    FEED = 3
    STREAM = 4
    WEBSUB = 8

    @property
    def label(self) -> str:
        """The channel's name as users write it."""
        return self.name.lower()


class DeliveryState(IntEnum):
    """The states of a delivery; the numbers stand in the store.

    ACCEPTED, REFUSED and DEAD are terminal. DEFERRED waits for its next try.
    """

    STAGED = 0
    STARTED = 1
    ACCEPTED = 2
    DEFERRED = 3
    REFUSED = 4
    DEAD = 5


class PageState(IntEnum):
    """The states of a page; the numbers stand in the store."""

    STAGED = 0
    READY = 1
    LEASED = 2
    DONE = 3


class Event(IntEnum):
    """What a ledger entry says; the numbers stand in the store.

    OPENED is of no delivery: sealed text was opened before its moment.
    """

    STARTED = 1
    ACCEPTED = 2
    DEFERRED = 3
    REFUSED = 4
    DEAD = 5
    BOUNCED = 6
    COMPLAINED = 7
    UNSUBSCRIBED = 8
    OPENED = 9


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One delivery as it is handed to a channel.

    `key` names the delivery for good ("42.1.9001": release, version, endpoint) and is
    the same at every try, so that ids built from it are too. `repeat` is true where an
    earlier try may have arrived unseen. `secret` is the endpoint's own signing secret or "".
    """

    endpoint_id: int
    address: str
    key: str
    attempt: int
    language: str
    secret: str = ""
    name: str = ""
    repeat: bool = False


@dataclass(frozen=True, slots=True)
class Accepted:
    """The endpoint took it. `code` is the protocol's own (250, 204 ...)."""

    code: int
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now. `after`: seconds that the endpoint asked us to wait, if it did.

    `blame_host` is true where the fault is the host's (connect, timeout, 5xx), so that
    the breaker counts it. `overloaded` is true where it cannot keep up (429, a timeout):
    it is left alone for longer. `unseen` is true where the try may have arrived although
    no answer came back: the next one is marked as a repeat.
    """

    code: int
    detail: str = ""
    after: float | None = None
    blame_host: bool = True
    overloaded: bool = False
    unseen: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Never. `disable` is true where the endpoint asked not to be sent to again (410).

    `suppress` is true where the address is not there (a hard bounce in the session).
    """

    code: int
    detail: str = ""
    disable: bool = False
    suppress: bool = False


Outcome = Accepted | Deferred | Refused


@dataclass(frozen=True, slots=True)
class Receipt:
    """The evidence of one try: who answered what, when (UTC)."""

    endpoint_id: int
    attempt: int
    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True)
class StreamReceipts:
    """The evidence for many desktops at once: one event of one edition in one language.

    `members` is a serialised roaring bitmap of subscriber ids, `spread` counts them by
    whole milliseconds after T0.
    """

    release_id: int
    version: int
    language: str
    event: Event
    members: bytes
    spread: Mapping[int, int]
    at: datetime


@dataclass(frozen=True, slots=True)
class Feedback:
    """What came back after a delivery: a bounce, a complaint, an unsubscription.

    `permanent` tells a hard bounce from a soft one.
    """

    release_id: int
    version: int
    endpoint_id: int
    event: Event
    code: int = 0
    detail: str = ""
    permanent: bool = True


def delivery_key(release_id: int, version: int, endpoint_id: int) -> str:
    """The name of a delivery, the same at every try: "42.1.9001"."""
    return f"{release_id}.{version}.{endpoint_id}"


def read_delivery_key(key: str) -> tuple[int, int, int]:
    """(release id, version, endpoint id) of a key. Raises ValueError."""
    release_id, version, endpoint_id = key.split(".")
    return int(release_id), int(version), int(endpoint_id)
