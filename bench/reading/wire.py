"""Tidewire as who answers: the real web program, a real store, releases through the moment."""

import asyncio
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from desktops.engine import end
from desktops.wire import free_port
from tidewire.access.tokens import outlet_key
from tidewire.app.assemble import House, open_house
from tidewire.app.settings import read_settings
from tidewire.clock import pause, stopwatch
from tidewire.model.release import Act, Contact, Release, State
from tidewire.model.rendition import Rendition
from tidewire.model.subscriber import Kind
from tidewire.publish.moment import Press, publish_due
from tidewire.store import releases, stagings
from tidewire.store.stagings import Waiting
from tidewire.vault.text import Text

START_SECONDS = 60.0
PARAGRAPH = (
    "<p>Sample AG has opened the second part of its made-up harbour line. The trains run every"
    " ten minutes, and the company expects four million journeys in the first year of service."
    " Nothing in this release is real, but for its length.</p>"
)


def a_release() -> Release:
    """A release of an ordinary length, in two languages."""
    renditions = tuple(
        Rendition(language, "Sample AG opens the second part of its harbour line", PARAGRAPH * 8)
        for language in ("en", "de")
    )
    contact = Contact("Press office", "Sam Sample", "press@sample.example", public=True)
    return Release("sample", renditions, contacts=(contact,), sectors=("logistics",))


class Wire:
    """A house, and its web program as a process of its own."""

    name = "tidewire"

    def __init__(self, home: Path) -> None:
        self.port = free_port()
        self.base_url = f"http://127.0.0.1:{self.port}"
        self._home = home
        self._child: subprocess.Popen[bytes] | None = None
        self._loop = asyncio.Runner()
        self._opened = open_house(read_settings({"TIDEWIRE_HOME": str(home)}))
        self._house: House = self._loop.run(self._opened.__aenter__())

    def start(self) -> None:
        """Start the web program and wait until it listens."""
        environment = dict(
            os.environ,
            TIDEWIRE_HOME=str(self._home),
            TIDEWIRE_HTTP_ADDRESS=f"127.0.0.1:{self.port}",
            TIDEWIRE_BASE_URL=self.base_url,
            TIDEWIRE_LOG="WARNING",
        )
        self._child = subprocess.Popen(
            [sys.executable, "-m", "tidewire.app.cli", "web"], env=environment
        )
        until = stopwatch() + START_SECONDS
        while stopwatch() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                pause(0.05)
        raise TimeoutError("the web program does not listen")

    def wait_with(self, release: Release) -> tuple[str, Waiting]:
        """Store a release that is ready to go: its public id, and what waits."""
        return self._loop.run(self._store(release))

    def publish(self, waiting: list[Waiting]) -> float:
        """They go; when (stopwatch) the last of them was committed."""
        return self._loop.run(self._go(waiting))

    def outlet_keys(self, count: int) -> list[str]:
        """The keys of so many new outlets."""
        return self._loop.run(self._outlets(count))

    def stop(self) -> None:
        """End the web program, and the store."""
        end(self._child)
        self._loop.run(self._opened.__aexit__(None, None, None))
        self._loop.close()

    async def _store(self, release: Release) -> tuple[str, Waiting]:
        house, now = self._house, self._house.clock.now()
        later, ref = now + timedelta(hours=1), os.urandom(6).hex()
        async with house.database.transaction() as tx:
            await tx.execute(
                "INSERT INTO issuer (slug, name, created_at) VALUES ('sample', 'Sample AG', %s)"
                " ON CONFLICT DO NOTHING",
                (now,),
            )
            row = await (await tx.execute("SELECT id FROM issuer WHERE slug = 'sample'")).fetchone()
            assert row is not None
            release_id = await releases.insert(tx, ref, issuer_id=row[0], key=None, now=now)
            assert release_id is not None
            sealed = await house.vault.seal_text(tx, release_id, 1, Text(release))
            await releases.put_version(
                tx, release_id, 1, act=Act.PUBLISH, sealed=sealed, now=now, t0=later
            )
            await releases.set_state(tx, release_id, State.SCHEDULED)
            waiting = Waiting(release_id, 1, later)
            await stagings.mark_staged(tx, waiting, now)
        return ref, waiting

    async def _outlets(self, count: int) -> list[str]:
        house = self._house
        async with house.database.transaction() as tx:
            made = await tx.execute(
                "INSERT INTO subscriber (kind, country, languages, name, created_at, changed_at,"
                " consent_basis, consent_source) SELECT %s, 'DE', ARRAY['de'], 'Sample', %s, %s,"
                " 'consent', 'bench' FROM generate_series(1, %s) RETURNING id",
                (Kind.OUTLET, house.clock.now(), house.clock.now(), count),
            )
            return [outlet_key(house.signer, row[0], 0) for row in await made.fetchall()]

    async def _go(self, waiting: list[Waiting]) -> float:
        house = self._house
        async with house.database.transaction() as tx:
            for one in waiting:
                await releases.set_moment(tx, one.release_id, one.version, house.clock.now())
        done = await publish_due(Press(house.database, house.clock, house.bell, house.vault))
        assert done == len(waiting), done
        return stopwatch()
