"""One FTPS session in a thread of the channel's own, so that no event loop waits for it."""

import asyncio
import contextlib
import ssl
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

from tidewire.channels.filing.filer import Filed
from tidewire.channels.filing.place import Login
from tidewire.channels.filing.reach import Reach
from tidewire.channels.ftps.client import Client

Made = TypeVar("Made")

CLOSING_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Means:
    """What sessions are made with."""

    reach: Reach
    trust: ssl.SSLContext
    threads: Executor
    seconds: float


class FtpsBox:
    """A session that is logged in: one file after the other."""

    at_once = 1

    def __init__(self, client: Client, threads: Executor) -> None:
        self._client, self._threads = client, threads
        self._turn = threading.Lock()
        self._cut = False

    async def put(self, path: str, temporary: str, content: bytes) -> Filed:
        """Write, read back, rename. Raises NotTheSame, ftplib.Error, OSError, EOFError."""
        return await self.run(lambda: self._client.put(path, temporary, content))

    async def remove(self, path: str) -> None:
        """Take a file away, if it is there."""
        await self.run(lambda: self._client.remove(path))

    async def run(self, act: Callable[[], Made]) -> Made:
        """Do it in a thread. Whoever stops waiting cuts the connection, and so ends the thread."""
        if self._cut:
            raise ConnectionAbortedError

        def in_turn() -> Made:
            with self._turn:
                return act()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, in_turn)
        except asyncio.CancelledError:
            self._cut = True
            self._client.cut()
            raise

    async def end(self) -> None:
        """Say goodbye, and close whatever is open."""
        try:
            async with asyncio.timeout(CLOSING_SECONDS):
                await self.run(self._quit)
        except (TimeoutError, ConnectionAbortedError):
            pass
        finally:
            self._threads.submit(self._close)

    def _quit(self) -> None:
        with contextlib.suppress(Exception):
            self._client.quit()

    def _close(self) -> None:
        with self._turn:
            self._client.close()


@asynccontextmanager
async def open_box(means: Means, login: Login, password: str) -> AsyncIterator[FtpsBox]:
    """Log in within the time there is. Raises Unreached, ftplib.Error, OSError, EOFError."""
    client = Client(means.reach.egress, means.trust, means.seconds)
    box = FtpsBox(client, means.threads)
    try:
        async with asyncio.timeout(means.seconds):
            sock = await means.reach.connect(login.host, login.port)
            client.sock = sock  # closed with it from here on
            await box.run(lambda: client.begin(sock, login.host, login.user, password))
        yield box
    finally:
        await box.end()
