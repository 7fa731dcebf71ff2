"""How each part of the world behaves: pure functions of the seed and a number."""

import hashlib
import re
from collections.abc import Sequence
from enum import StrEnum
from functools import cache
from typing import TypeVar

# Steps of the golden ratio fill [0, 1) evenly, so that a small world holds every temper too.
GOLDEN = 0.6180339887498949
SILVER = 0.41421356237309515  # another such step, so that habits do not follow mailboxes

T = TypeVar("T")

_NUMBER = re.compile(r"-(\d+)@")


class WebTemper(StrEnum):
    """What an HTTPS endpoint does with a webhook."""

    FAST = "fast"
    SLOW = "slow"
    BUSY = "busy"  # 429 with Retry-After at the first try, then 204
    SHAKY = "shaky"  # 500 at the first try, then 204
    BROKEN = "broken"  # always 500
    GONE = "gone"  # always 410
    SILENT = "silent"  # takes the request and never answers


class MailTemper(StrEnum):
    """What a mailbox's server does with a mail."""

    OPEN = "open"
    GREYLISTED = "greylisted"  # 451 at the first try, then 250
    FULL = "full"  # always 452
    UNKNOWN = "unknown"  # always 550
    PICKY = "picky"  # 554 once it has seen the text
    BOUNCING = "bouncing"  # 250, and a bounce later


class Habit(StrEnum):
    """What a person does with a mail that has come."""

    NOTHING = "nothing"
    CLICKS = "clicks"
    UNSUBSCRIBES = "unsubscribes"
    COMPLAINS = "complains"


WEB_SHARES: Sequence[tuple[WebTemper, float]] = (
    (WebTemper.FAST, 0.64),
    (WebTemper.SLOW, 0.12),
    (WebTemper.BUSY, 0.05),
    (WebTemper.SHAKY, 0.07),
    (WebTemper.BROKEN, 0.04),
    (WebTemper.GONE, 0.04),
    (WebTemper.SILENT, 0.04),
)

MAIL_SHARES: Sequence[tuple[MailTemper, float]] = (
    (MailTemper.OPEN, 0.895),
    (MailTemper.GREYLISTED, 0.05),
    (MailTemper.FULL, 0.01),
    (MailTemper.UNKNOWN, 0.02),
    (MailTemper.PICKY, 0.005),
    (MailTemper.BOUNCING, 0.02),
)

HABIT_SHARES: Sequence[tuple[Habit, float]] = (
    (Habit.NOTHING, 0.87),
    (Habit.CLICKS, 0.11),
    (Habit.UNSUBSCRIBES, 0.015),
    (Habit.COMPLAINS, 0.005),
)

MOST_SLOWNESS = 2.5  # seconds


def web_temper(seed: int, number: int) -> WebTemper:
    """The temper of outlet `number`'s HTTPS endpoint."""
    return _pick(WEB_SHARES, _even(seed, "web", number))


def mail_temper(seed: int, address: str) -> MailTemper:
    """The temper of the mailbox; an address that the world does not know is open."""
    number = number_of(address)
    if number is None:
        return MailTemper.OPEN
    return _pick(MAIL_SHARES, _even(seed, "mail" + address[:1], number))


def habit(seed: int, address: str) -> Habit:
    """What the person behind an address does with a mail; desks of outlets only read."""
    number = number_of(address)
    if number is None or address.startswith("desk-"):
        return Habit.NOTHING
    return _pick(HABIT_SHARES, _even(seed, "habit", number, step=SILVER))


def slowness(seed: int, number: int) -> float:
    """Seconds that a slow endpoint takes to answer."""
    return 0.3 + chance(seed, "slowness", number) * (MOST_SLOWNESS - 0.3)


def number_of(address: str) -> int | None:
    """The number in an address of this world ("j-00042@..."), None for any other."""
    found = _NUMBER.search(address)
    return int(found[1]) if found else None


def chance(seed: int, what: str, number: int) -> float:
    """A fraction in [0, 1) that hangs on its arguments alone."""
    digest = hashlib.blake2b(f"{seed} {what} {number}".encode(), digest_size=6).digest()
    return int.from_bytes(digest) / 2**48


def _even(seed: int, what: str, number: int, step: float = GOLDEN) -> float:
    return (_start(seed, what) + number * step) % 1.0


@cache
def _start(seed: int, what: str) -> float:
    return chance(seed, what, 0)


def _pick(shares: Sequence[tuple[T, float]], fraction: float) -> T:
    for value, share in shares:
        if fraction < share:
            return value
        fraction -= share
    return shares[0][0]
