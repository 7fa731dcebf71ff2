"""What both ways of filing share: one connection for each login, one receipt for each delivery."""

import asyncio
from abc import ABC, abstractmethod
from collections import OrderedDict, deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from tidewire.channels.at_the_moment import AtTheMoment
from tidewire.channels.channel import ChannelContext
from tidewire.channels.filing.forms import ENDINGS, form_of, written
from tidewire.channels.filing.names import earlier_names, name_of
from tidewire.channels.filing.place import Login, Place, host_of, read_place
from tidewire.channels.filing.reach import Reach
from tidewire.channels.filing.settings import FilingSettings
from tidewire.model.delivery import Accepted, Deferred, Outcome, Outgoing, Receipt
from tidewire.model.errors import WireError
from tidewire.model.release import Edition
from tidewire.waiting import end_tasks

KEPT = 64  # documents in memory

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Filed:
    """What was read back of a file before it got its name."""

    size: int
    sha256: str


class NotTheSame(Exception):
    """What was read back is not what was written."""


class Box(Protocol):
    """A connection that is logged in."""

    at_once: int  # how many files may be under way on it

    async def put(self, path: str, temporary: str, content: bytes) -> Filed:
        """Write under the temporary name, read back, then rename. Raises NotTheSame."""
        ...

    async def remove(self, path: str) -> None:
        """Take a file away, if it is there."""
        ...


@dataclass(frozen=True, slots=True)
class _Task:
    """One delivery, ready to go."""

    delivery: Outgoing
    place: Place
    content: bytes


@dataclass(frozen=True, slots=True)
class _Page:
    """What all tasks of a page share."""

    edition: Edition
    language: str
    receipts: asyncio.Queue[Receipt] = field(default_factory=asyncio.Queue)


Groups = dict[tuple[Login, str], list[_Task]]


class Filer(AtTheMoment, ABC):
    """A channel whose deliveries are files on outlets' servers. SFTP and FTPS are ways to go."""

    def __init__(self, context: ChannelContext, scheme: str, port: int) -> None:
        """`port` is the scheme's own. Raises Misconfigured where a setting is wrong."""
        self._context, self._scheme, self._port = context, scheme, port
        self._settings = FilingSettings.of(context.environment, port)
        self._reach = Reach(self._settings.egress)
        self._documents: OrderedDict[tuple[Edition, str, str], bytes] = OrderedDict()
        self._logins = asyncio.Semaphore(self._settings.logins)

    @abstractmethod
    def check(self, address: str, secret: str) -> None:
        """Raise BadInput, saying why, where nothing could ever be sent with these."""

    @abstractmethod
    def open(self, login: Login, secret: str) -> AbstractAsyncContextManager[Box]:
        """A connection that is logged in, the server known for what it is."""

    @abstractmethod
    def outcome_of_failure(self, error: Exception, *, written: bool) -> Outcome:
        """What a failure means; `written`: the file may have got its name all the same."""

    def host(self, address: str) -> str:
        """The host name of the address, in lower case; "" where it is none."""
        return host_of(address)

    def read(self, address: str) -> Place:
        """The place of an address that the guard lets be tried. Raises BadInput."""
        place = read_place(address, self._scheme, self._port, ENDINGS)
        self._settings.egress.check_host(place.login.host, place.login.port)
        return place

    async def close(self) -> None:
        """Let the resolver's threads go."""
        await self._reach.close()

    async def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",  # noqa: ARG002
    ) -> AsyncGenerator[Receipt]:
        """File each; a receipt comes as soon as its file has its name."""
        page = _Page(edition, language)
        groups, hopeless = await asyncio.to_thread(self._groups, page, deliveries)
        for delivery, outcome in hopeless:
            self._report(page, delivery, outcome)
        tasks = [
            asyncio.create_task(self._login(page, login, secret, group))
            for (login, secret), group in groups.items()
        ]
        try:
            for _ in deliveries:
                yield await page.receipts.get()
        finally:
            await end_tasks(tasks)
            log.info(f"{self._scheme} files sent", deliveries=len(deliveries), logins=len(groups))

    def _groups(
        self, page: _Page, deliveries: Sequence[Outgoing]
    ) -> tuple[Groups, list[tuple[Outgoing, Outcome]]]:
        """What goes over each login, and what cannot go at all."""
        groups: Groups = {}
        hopeless: list[tuple[Outgoing, Outcome]] = []
        for delivery in deliveries:
            try:
                place = self.read(delivery.address)
            except Exception as error:
                outcome = self.outcome_of_failure(error, written=False)
                hopeless.append((delivery, outcome))
                continue
            try:
                content = self._document(page, form_of(place.pattern))
            except Exception as error:
                hopeless.append((delivery, _our_fault(error)))
                continue
            task = _Task(delivery, place, content)
            groups.setdefault((place.login, delivery.secret), []).append(task)
        return groups, hopeless

    async def _login(self, page: _Page, login: Login, secret: str, tasks: Sequence[_Task]) -> None:
        """All files of one login. Every task gets its receipt, whatever happens."""
        waiting = deque(tasks)
        async with self._logins:
            try:
                async with self.open(login, secret) as box:
                    streams = min(box.at_once, len(waiting))
                    async with asyncio.TaskGroup() as group:
                        for _ in range(streams):
                            group.create_task(self._stream(page, box, waiting))
            except Exception as error:
                self._give_up(page, waiting, self.outcome_of_failure(error, written=False))

    async def _stream(self, page: _Page, box: Box, waiting: deque[_Task]) -> None:
        """File what waits. Where one file takes too long, those that wait are not tried."""
        while waiting:
            task = waiting.popleft()
            written = False
            try:
                async with asyncio.timeout(self._settings.timeout):
                    name = name_of(task.place.pattern, page.edition, page.language)
                    temporary = task.place.path(f".{name}.{task.delivery.endpoint_id}.part")
                    written = True
                    filed = await box.put(task.place.path(name), temporary, task.content)
                    gone = await self._take_away(page, box, task.place)
                outcome: Outcome = Accepted(0, _said(filed, gone))
            except Exception as error:
                outcome = self.outcome_of_failure(error, written=written)
                if isinstance(error, TimeoutError):
                    self._give_up(page, waiting, self.outcome_of_failure(error, written=False))
            self._report(page, task.delivery, outcome)

    def _give_up(self, page: _Page, waiting: deque[_Task], outcome: Outcome) -> None:
        while waiting:
            self._report(page, waiting.popleft().delivery, outcome)

    async def _take_away(self, page: _Page, box: Box, place: Place) -> bool:
        """Remove what was filed of earlier versions, where the outlet wants that."""
        if not page.edition.retracted or not place.removes:
            return False
        for name in earlier_names(place.pattern, page.edition, page.language):
            await box.remove(place.path(name))
        return True

    def _document(self, page: _Page, ending: str) -> bytes:
        """Rendered once for each edition, language and form."""
        key = (page.edition, page.language, ending)
        if key not in self._documents:
            made = written(ending, page.edition, page.language, self._context.base_url)
            self._documents[key] = made
            if len(self._documents) > KEPT:
                self._documents.popitem(last=False)
        return self._documents[key]

    def _report(self, page: _Page, delivery: Outgoing, outcome: Outcome) -> None:
        now = self._context.clock.now()
        receipt = Receipt(delivery.endpoint_id, delivery.attempt, outcome, now)
        page.receipts.put_nowait(receipt)


def _our_fault(error: Exception) -> Deferred:
    detail = error.message if isinstance(error, WireError) else type(error).__name__
    return Deferred(0, f"our own fault: {detail}", blame_host=False)


def _said(filed: Filed, gone: bool) -> str:
    said = f"{filed.size} bytes, sha256 {filed.sha256}, read back"
    return f"{said}; earlier files removed" if gone else said
