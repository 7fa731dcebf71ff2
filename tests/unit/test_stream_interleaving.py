"""However connecting, publishing, pausing and dropping interleave: no gap, and nothing twice."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st
from pyroaring import BitMap

from editions import an_edition
from tidewire.channels.stream import catch_up, hub
from tidewire.channels.stream.catch_up import CatchUp
from tidewire.channels.stream.follow import Follower
from tidewire.channels.stream.frame import Frame
from tidewire.channels.stream.hub import Hub
from tidewire.channels.stream.parcel import Parcel, Tally
from tidewire.channels.stream.protocol import Screen, Stage
from tidewire.channels.stream.receipts import Receipts
from tidewire.clock import FixedClock

T0 = datetime(2026, 3, 3, 12, tzinfo=UTC)
DESKTOPS = 3


class Wire:
    """A shelf whose every read takes a while, over a wire that grows."""

    def __init__(self, dirty: set[Tally]) -> None:
        self.parcels: list[Parcel] = []
        self.waits = 0
        self._dirty = dirty

    def publish(self, due: Sequence[int]) -> None:
        sequence = len(self.parcels) + 1
        edition = an_edition(languages=("en",), release_id=sequence, sequence=sequence)
        parcel = Parcel(
            edition, {"en": BitMap(due)}, BitMap(), base_url="https://x.example", dirty=self._dirty
        )
        parcel._frames["en"] = Frame(f"{sequence};".encode())  # read back below, in place of JSON
        self.parcels.append(parcel)

    async def after(self, sequence: int, limit: int = 2) -> list[Parcel]:
        for _ in range(self.waits):
            await asyncio.sleep(0)
        return self.parcels[sequence : sequence + limit]


class Line(asyncio.Transport):
    """A transport that remembers what was written."""

    def __init__(self) -> None:
        super().__init__()
        self.got = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.got += bytes(data)

    def get_write_buffer_size(self) -> int:
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        pass


class Room:
    """What a connection needs around it."""

    def __init__(self) -> None:
        self.clock = FixedClock(T0)
        self.receipts = Receipts(self.clock, _never)
        self.wire = Wire(self.receipts.dirty)
        self.hub = Hub()
        self.catching_up = CatchUp(self.hub, self.wire, self.clock)  # type: ignore[arg-type]
        self.follower = Follower(self.hub, self.wire)  # type: ignore[arg-type]
        self.screens: list[tuple[Screen, Line, int]] = []
        self.look: Callable[[Screen], None] = self.receipts.look

    def came(self, screen: Screen) -> bool:
        return True

    def asks(self, screen: Screen, request: object) -> None:
        raise AssertionError

    def reads_on(self, screen: Screen) -> None:
        if screen.stage is Stage.REPLAYING:
            self.catching_up.add(screen)

    def watch(self, screen: Screen) -> None:
        pass

    def went(self, screen: Screen) -> None:
        self.hub.leave(screen)

    def gone(self) -> None:
        pass

    def connect(self, desktop: int, back: int) -> None:
        """As the gateway lets a desktop in that was `back` editions behind the wire's head."""
        screen, line = Screen(self), Line()
        screen.connection_made(line)
        cursor = max(0, len(self.wire.parcels) - back)
        screen.desktop, screen.cursor, screen.stage = desktop, cursor, Stage.REPLAYING
        self.hub.join(screen)
        self.screens.append((screen, line, cursor))
        if not self.hub.catch_up(screen):
            self.catching_up.add(screen)


async def _never(found: object) -> None:
    raise AssertionError


STEPS = st.one_of(
    st.tuples(st.just("publish"), st.sets(st.integers(1, DESKTOPS))),
    st.tuples(st.just("connect"), st.tuples(st.integers(1, DESKTOPS), st.integers(0, 6))),
    st.tuples(st.just("turns"), st.integers(1, 5)),
    st.tuples(st.just("slow"), st.integers(0, 4)),
    st.tuples(st.just("pause"), st.integers(0, 20)),
    st.tuples(st.just("resume"), st.integers(0, 20)),
    st.tuples(st.just("drop"), st.integers(0, 20)),
    st.tuples(st.just("beat"), st.none()),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=60))
def test_every_connection_gets_what_is_due_after_its_start_in_order_and_once(
    steps: list[tuple[str, object]],
) -> None:
    with (
        patch.object(hub, "CHUNK", 1),
        patch.object(catch_up, "CHUNK", 1),
        patch.object(catch_up, "PATIENCE_SECONDS", 0),
        patch.object(hub, "SCREENS_PER_DESKTOP", 1000),
    ):
        asyncio.run(_play(steps))


async def _play(steps: list[tuple[str, object]]) -> None:
    room = Room()
    tasks = [asyncio.create_task(room.catching_up.run())]
    following = asyncio.create_task(_follow(room))
    for name, value in steps:
        await _step(room, name, value)
    for screen, _, _ in room.screens:
        _resume(screen)
    for _ in range(2000):
        await asyncio.sleep(0)
        if _settled(room):
            break
    assert _settled(room)
    for task in (*tasks, following):
        task.cancel()
    await asyncio.gather(*tasks, following, return_exceptions=True)
    for screen, line, cursor in room.screens:
        due = [
            parcel.sequence
            for parcel in room.wire.parcels[cursor:]
            if screen.desktop in parcel.due["en"]
        ]
        text = line.got.decode().replace(": heartbeat\n", "")
        got = [int(number) for number in text.split(";")[:-1]]
        if screen.stage is Stage.LIVE:
            assert got == due
        else:  # dropped: a beginning of it, without a hole
            assert got == due[: len(got)]


async def _step(room: Room, name: str, value: object) -> None:
    chosen = None
    if isinstance(value, int) and room.screens:
        chosen = room.screens[value % len(room.screens)][0]
    if name == "publish":
        assert isinstance(value, set)
        room.wire.publish(sorted(value))
    elif name == "connect":
        assert isinstance(value, tuple)
        room.connect(*value)
    elif name == "turns":
        assert isinstance(value, int)
        for _ in range(value):
            await asyncio.sleep(0)
    elif name == "slow":
        assert isinstance(value, int)
        room.wire.waits = value
    elif name == "pause" and chosen is not None:
        chosen.pause_writing()
    elif name == "resume" and chosen is not None:
        _resume(chosen)
    elif name == "drop" and chosen is not None:
        chosen.leave()
    elif name == "beat":
        room.hub.beat()


def _resume(screen: Screen) -> None:
    if screen.paused:
        screen.resume_writing()


async def _follow(room: Room) -> None:
    while True:
        await room.follower.catch_up()
        await asyncio.sleep(0)


def _settled(room: Room) -> bool:
    return room.hub.written == len(room.wire.parcels) and not any(
        screen.stage is Stage.REPLAYING for screen, _, _ in room.screens
    )
