"""The shelf: nobody gets the state before, and what does not change is rendered once."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from tidewire.newsroom import shelf
from tidewire.newsroom.shelf import Kept, Look, Shelf, kept


class Wire:
    """A wire whose head moves when a test says so; each look may be held up."""

    def __init__(self) -> None:
        self.head = 1
        self.changed: dict[int, str] = {}
        self.looks = 0
        self.open = asyncio.Event()
        self.open.set()
        self.looking = asyncio.Event()
        self.rendered: list[str] = []

    async def look(self, after: int) -> Look:
        self.looks += 1
        self.looking.set()
        head = self.head
        await self.open.wait()
        if after < 0:
            return Look(head, None)
        return Look(head, [ref for number, ref in self.changed.items() if after < number <= head])

    def publish(self, ref: str) -> None:
        self.head += 1
        self.changed[self.head] = ref

    def make(self, name: str) -> Callable[[], Awaitable[Kept]]:
        async def made() -> Kept:
            self.rendered.append(name)
            head = self.head
            await asyncio.sleep(0)
            return kept(f"{name} at {head}")

        return made


async def read(pages: Shelf, wire: Wire, group: str, key: str = "en") -> str:
    return (await pages.get(group, key, wire.make(group))).body.decode()


async def test_a_page_is_rendered_once_until_its_release_changes() -> None:
    wire = Wire()
    pages = Shelf(wire.look)
    assert [await read(pages, wire, "a") for _ in range(3)] == ["a at 1"] * 3
    await read(pages, wire, "b")
    wire.publish("a")
    assert await read(pages, wire, "b") == "b at 1"
    assert await read(pages, wire, "a") == "a at 2"
    assert wire.rendered == ["a", "b", "a"]


async def test_lists_change_with_every_number() -> None:
    wire = Wire()
    pages = Shelf(wire.look)
    assert await read(pages, wire, "/news/en?") == "/news/en? at 1"
    wire.publish("a")
    assert await read(pages, wire, "/news/en?") == "/news/en? at 2"


async def test_many_at_once_share_looks_and_one_rendering() -> None:
    wire = Wire()
    pages = Shelf(wire.look)
    found = await asyncio.gather(*(read(pages, wire, "a") for _ in range(500)))
    assert set(found) == {"a at 1"}
    assert wire.rendered == ["a"]
    assert wire.looks == 1


async def test_who_asks_while_a_look_is_under_way_waits_for_the_next() -> None:
    """The look under way may have seen the state before: what it saw is not for them."""
    wire = Wire()
    pages = Shelf(wire.look)
    await read(pages, wire, "a")
    wire.open.clear()
    wire.looking.clear()
    early = asyncio.create_task(read(pages, wire, "a"))
    await wire.looking.wait()
    wire.publish("a")  # after the early look began, before the late reader asks
    late = asyncio.create_task(read(pages, wire, "a"))
    await asyncio.sleep(0)
    wire.open.set()
    assert await early == "a at 1"  # it asked before
    assert await late == "a at 2"
    assert wire.looks == 3


async def test_a_rendering_begun_before_a_change_is_not_for_those_who_ask_after_it() -> None:
    wire = Wire()
    pages = Shelf(wire.look)
    begun, go = asyncio.Event(), asyncio.Event()

    async def slow() -> Kept:
        begun.set()
        await go.wait()
        return kept("before")

    early = asyncio.create_task(pages.get("a", "en", slow))
    await begun.wait()
    wire.publish("a")
    assert await read(pages, wire, "a") == "a at 2"
    go.set()
    assert (await early).body == b"before"
    assert await read(pages, wire, "a") == "a at 2"


async def test_an_error_is_told_and_not_kept() -> None:
    wire = Wire()
    pages = Shelf(wire.look)

    async def broken() -> Kept:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await pages.get("a", "en", broken)
    assert await read(pages, wire, "a") == "a at 1"


async def test_a_wire_that_stands_lower_than_before_voids_everything() -> None:
    wire = Wire()
    pages = Shelf(wire.look)
    wire.head = 9
    await read(pages, wire, "a")
    wire.head = 3
    pages._look = lambda after: _look(Look(3, None))
    assert await read(pages, wire, "a") == "a at 3"


async def _look(found: Look) -> Look:
    return found


async def test_what_was_asked_for_longest_ago_goes_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shelf, "KEPT_GROUPS", 2)
    wire = Wire()
    pages = Shelf(wire.look)
    for ref in ("a", "b", "a", "c", "a", "b"):
        await read(pages, wire, ref)
    assert wire.rendered == ["a", "b", "c", "b"]
