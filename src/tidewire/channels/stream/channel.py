"""The stream as a channel: one edition to desktops that are named, over their open connections."""

import asyncio
from collections.abc import AsyncGenerator, Sequence

from tidewire.channels.at_the_moment import AtTheMoment
from tidewire.channels.stream.frame import Frame, edition_frame
from tidewire.channels.stream.hub import Hub
from tidewire.clock import Clock, stopwatch
from tidewire.formats.wire_item import wire_json
from tidewire.model.delivery import (
    Accepted,
    ChannelCode,
    Deferred,
    Outcome,
    Outgoing,
    Receipt,
)
from tidewire.model.release import Edition

# As long as a far desktop on a bad line may take for its acknowledgement.
ACKNOWLEDGE_SECONDS = 30.0
NOT_CONNECTED = Deferred(0, "not connected", blame_host=False)
LOST = Deferred(0, "the connection ended first", blame_host=False)
LATE = Deferred(0, "not acknowledged in time", blame_host=False)


class _Answer:
    """The witness of one delivery: taken once any of the desktop's connections has it."""

    __slots__ = ("outcome", "outgoing", "ready", "waits_for")

    def __init__(
        self, outgoing: Outgoing, ready: "asyncio.Queue[tuple[Outgoing, Outcome]]"
    ) -> None:
        self.outgoing = outgoing
        self.ready = ready
        self.waits_for = 0
        self.outcome: Outcome | None = None

    def took(self, desktop: int, at: float) -> None:  # noqa: ARG002
        self.settle(Accepted(200))

    def lost(self, desktop: int) -> None:  # noqa: ARG002
        self.waits_for -= 1
        if self.waits_for <= 0:
            self.settle(LOST)

    def settle(self, outcome: Outcome) -> None:
        """Say once what became of it."""
        if self.outcome is None:
            self.outcome = outcome
            self.ready.put_nowait((self.outgoing, outcome))


class StreamChannel(AtTheMoment):
    """Writes an edition to desktops (`endpoint_id` is the subscriber's id) that are connected.

    The gateway delivers from bitmaps, without a row for each desktop; this is the same
    path for a few that are named. Accepted means that the desktop's machine acknowledged
    the frame's last byte.
    """

    code = ChannelCode.STREAM

    def __init__(self, hub: Hub, clock: Clock, base_url: str) -> None:
        self._hub = hub
        self._clock = clock
        self._base_url = base_url

    def host(self, address: str) -> str:  # noqa: ARG002
        """No host is to blame: desktops come to us."""
        return ""

    async def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",  # noqa: ARG002
    ) -> AsyncGenerator[Receipt]:
        """Write the frame to each desktop; a receipt comes as soon as it is acknowledged."""
        try:
            item = wire_json(edition, language, self._base_url)
            frame = edition_frame(edition.sequence, edition.act, item)
        except Exception as error:
            failed = Deferred(0, f"rendering failed: {type(error).__name__}", blame_host=False)
            for delivery in deliveries:
                yield self._receipt(delivery, failed)
            return
        ready: asyncio.Queue[tuple[Outgoing, Outcome]] = asyncio.Queue()
        answers = [self._write(delivery, frame, ready) for delivery in deliveries]
        until = stopwatch() + ACKNOWLEDGE_SECONDS
        for _ in deliveries:
            try:
                async with asyncio.timeout(max(0.0, until - stopwatch())):
                    found = await ready.get()
            except TimeoutError:
                break
            yield self._receipt(*found)
        else:
            return
        for answer in answers:
            answer.settle(LATE)
        while not ready.empty():
            yield self._receipt(*ready.get_nowait())

    async def close(self) -> None:
        """Nothing is held here: connections are the gateway's."""

    def _write(
        self,
        delivery: Outgoing,
        frame: Frame,
        ready: "asyncio.Queue[tuple[Outgoing, Outcome]]",
    ) -> _Answer:
        answer = _Answer(delivery, ready)
        screens = self._hub.of(delivery.endpoint_id)
        answer.waits_for = len(screens)
        written = [screen for screen in screens if screen.write(frame, answer)]
        answer.waits_for -= len(screens) - len(written)
        if not written and answer.outcome is None:
            answer.settle(NOT_CONNECTED)
        return answer

    def _receipt(self, delivery: Outgoing, outcome: Outcome) -> Receipt:
        return Receipt(delivery.endpoint_id, delivery.attempt, outcome, self._clock.now())
