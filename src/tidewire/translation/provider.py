"""What translates by machine: the protocol, and what all providers share: waits, errors, limits."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from tidewire.languages import best, canonical
from tidewire.model.errors import BadInput, Unavailable

T = TypeVar("T")
Pause = Callable[[float], Awaitable[None]]

TRIES = 4
MOST_WAIT = 30.0  # seconds; who asks us to wait longer is asked again by a person
WAITS = (1.0, 2.0, 4.0)  # seconds, where a provider does not say how long
SECONDS = 60.0  # for one request with its answer
MOST_TEXTS = 50  # in one request
MOST_CHARACTERS = 30_000  # in one request


class Provider(Protocol):
    """Translates texts. One object for each program; calls may overlap."""

    @property
    def name(self) -> str:
        """Its name as readers see it: "DeepL"."""
        ...

    async def languages(self) -> tuple[str, ...]:
        """What it translates into, as BCP 47 tags. Raises Unavailable."""
        ...

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """Fragments of inline HTML in another language, one for one and in the same order.

        `source` and `target` are BCP 47 tags. Raises BadInput for a language that it does not
        translate into, QuotaUsed, and Unavailable for whatever else goes wrong.
        """
        ...


class QuotaUsed(Unavailable):
    """The provider's account has no characters left."""


class Busy(Exception):
    """A provider asks to be tried later; `after` is in seconds, None where it does not say."""

    def __init__(self, after: float | None = None) -> None:
        super().__init__("busy")
        self.after = after


async def retried(name: str, call: Callable[[], Awaitable[T]], pause: Pause = asyncio.sleep) -> T:
    """What `call` gives, tried again while it is Busy: at most TRIES times. Raises Unavailable."""
    for attempt in range(TRIES):
        try:
            return await call()
        except Busy as busy:
            last = attempt == TRIES - 1
            wait = WAITS[min(attempt, len(WAITS) - 1)] if busy.after is None else busy.after
            if last or wait > MOST_WAIT:
                raise Unavailable(
                    f"{name} is busy.", f"Ask again in {max(int(wait), 60)} seconds."
                ) from None
        await pause(wait)
    raise AssertionError("the last try returns or raises")


def batches(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in runs that one request may carry, in order."""
    run: list[str] = []
    size = 0
    for text in texts:
        if run and (len(run) == MOST_TEXTS or size + len(text) > MOST_CHARACTERS):
            yield run
            run, size = [], 0
        run.append(text)
        size += len(text)
    if run:
        yield run


def chosen(name: str, offered: Sequence[str], wanted: str) -> str:
    """The one of the offered languages that serves `wanted`. Raises BadInput."""
    tags = {canonical(tag) or tag: tag for tag in offered}
    found = best(tuple(tags), wanted)
    if found is None:
        raise BadInput(
            f'{name} does not translate "{wanted[:40]}".', "Choose one of its languages."
        )
    return tags[found]


def quota_used(name: str) -> QuotaUsed:
    """The answer where an account is used up."""
    return QuotaUsed(
        f"The quota of {name} is used up.",
        "Wait for the next billing period, raise it, or translate by hand.",
    )


def no_answer(name: str) -> Unavailable:
    """The answer where it cannot be reached, or not in time."""
    return Unavailable(f"{name} did not answer.", "Ask again later, or translate by hand.")


def no_entry(name: str) -> Unavailable:
    """The answer where it does not take our key."""
    return Unavailable(
        f"{name} does not take the key.", "The operator sets TIDEWIRE_TRANSLATION_KEY_FILE."
    )


def nonsense(name: str) -> Unavailable:
    """The answer where what came is no translation."""
    return Unavailable(
        f"{name} answered with something that is no translation.",
        "Ask again; if it stays so, check TIDEWIRE_TRANSLATION_URL.",
    )
