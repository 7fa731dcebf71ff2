"""Rendered pages, kept until what they show has changed.

A page is handed out only after a look at the wire's head that began when the request was
already there: whoever asks after a moment's commit never sees the state before it. Looks are
shared: while one is under way, all who come wait for the next, so that a rush costs no more
looks than one after another. What is not kept is rendered once, however many ask for it.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Collection, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

from tidewire.formats.site import entity_tag

Result = TypeVar("Result")

HTML = "text/html; charset=utf-8"

KEPT_GROUPS = 4_000
KEPT_BYTES = 64 * 1024 * 1024
LISTS = "/"  # groups that begin so change with every sequence number: lists, by their address


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer: its bytes, what they are, and the strong validator of exactly them.

    With a `location` it leads there. `name` is that of a file, for those who save it.
    """

    body: bytes
    media_type: str = HTML
    status: int = 200
    location: str = ""
    tag: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """How the wire stands: its head, and the releases that have changed since some number.

    `changed` is None where they are too many to be named.
    """

    head: int
    changed: Collection[str] | None


Make = Callable[[], Awaitable[Kept]]


def kept(body: str | bytes, media_type: str = HTML, status: int = 200) -> Kept:
    """An answer with its validator."""
    data = body.encode() if isinstance(body, str) else body
    return Kept(data, media_type, status, tag=entity_tag(data))


class Shelf:
    """Answers by group (a release's ref, or the address of a list) and key.

    `look` tells the head of the wire and what has changed since a number.
    """

    def __init__(self, look: Callable[[int], Awaitable[Look]]) -> None:
        self._look = look
        self._head = -1
        self._groups: OrderedDict[str, dict[Hashable, asyncio.Task[Kept]]] = OrderedDict()
        self._bytes = 0
        self._under_way: asyncio.Task[None] | None = None
        self._next: asyncio.Task[None] | None = None

    async def get(self, group: str, key: Hashable, make: Make) -> Kept:
        """The answer as the wire stands now, or later; `make` renders it. Raises what it raises."""
        await self._follow()
        found = self._groups.get(group)
        task = found.get(key) if found is not None else None
        if task is not None:
            self._groups.move_to_end(group)
            if task.done() and not task.cancelled() and task.exception() is None:
                return task.result()
        if task is None or task.done():
            task = _begun(self._made(group, key, make))
            self._groups.setdefault(group, {})[key] = task
        return await asyncio.shield(task)

    async def held(self, group: str, key: Hashable) -> Kept | None:
        """The answer as the wire stands now, if it is kept; else None, often without a look."""
        if key not in self._groups.get(group, ()):
            return None
        await self._follow()
        task = self._groups.get(group, {}).get(key)
        if task is None or not task.done() or task.cancelled() or task.exception() is not None:
            return None
        self._groups.move_to_end(group)
        return task.result()

    async def _made(self, group: str, key: Hashable, make: Make) -> Kept:
        mine = asyncio.current_task()
        try:
            made = await make()
        except BaseException:
            self._drop(group, key, mine)
            raise
        if self._groups.get(group, {}).get(key) is mine:
            self._bytes += len(made.body)
            self._shrink()
        return made

    def _drop(self, group: str, key: Hashable, task: asyncio.Task[Kept] | None) -> None:
        keys = self._groups.get(group, {})
        if keys.get(key) is task:
            del keys[key]

    def _shrink(self) -> None:
        """Let the groups go that were asked for longest ago."""
        while len(self._groups) > 1 and (
            self._bytes > KEPT_BYTES or len(self._groups) > KEPT_GROUPS
        ):
            self._forget(next(iter(self._groups)))

    def _forget(self, group: str) -> None:
        for task in self._groups.pop(group, {}).values():
            if task.done() and not task.cancelled() and task.exception() is None:
                self._bytes -= len(task.result().body)

    async def _follow(self) -> None:
        """Wait for a look that begins after now, and forget what has changed."""
        if self._next is None:
            self._next = _begun(self._look_after(self._under_way))
        await asyncio.shield(self._next)

    async def _look_after(self, other: asyncio.Task[None] | None) -> None:
        if other is not None:
            await asyncio.wait({other})
        self._under_way, self._next = self._next, None
        seen = await self._look(self._head)
        if seen.head == self._head:
            return
        if seen.changed is None:
            self._groups.clear()
            self._bytes = 0
        else:
            lists = [group for group in self._groups if group.startswith(LISTS)]
            for group in (*lists, *seen.changed):
                self._forget(group)
        self._head = seen.head


def _begun(work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """A task whose error is for those who wait for it, if anyone still does."""
    task = asyncio.create_task(work)
    task.add_done_callback(lambda done: done.cancelled() or done.exception())
    return task
