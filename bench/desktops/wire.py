"""Tidewire as the engine: a real gateway process, a real store, releases through the moment."""

import asyncio
import os
import socket
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

from pyroaring import BitMap

from desktops.engine import end, write_requests
from tidewire import clock as clocks
from tidewire.access.tokens import desktop_key
from tidewire.app.assemble import House, open_house
from tidewire.app.settings import read_settings
from tidewire.clock import pause
from tidewire.formats.wire_item import wire_json
from tidewire.model.release import Act, Edition, Organisation, Release, State
from tidewire.model.rendition import Rendition
from tidewire.model.subscriber import Kind
from tidewire.publish.moment import Press, publish_due
from tidewire.store import audience_sets, releases, stagings
from tidewire.store.stagings import Waiting
from tidewire.vault.text import Text

START_SECONDS = 60.0


def a_release() -> Release:
    """The shortest release: its item is 1.3 KB, with one mark in it."""
    rendition = Rendition(language="en", headline="Sample", body="<p>Sample.</p>")
    about = Organisation("", ticker="~")
    return Release(slug="sample", renditions=(rendition,), organisations=(about,))


def item_of(release: Release) -> bytes:
    """The wire's item, as long as the one that goes out."""
    now = clocks.SystemClock().now()
    edition = Edition(
        release_id=1, ref="0" * 12, version=1, act=Act.PUBLISH, issuer_name="Sample AG",
        issuer_slug="sample", issuer_website="", release=release, note="", t0=now, sequence=10,
        published_at=now, first_published_at=now,
    )  # fmt: skip
    return wire_json(edition, "en", "http://127.0.0.1:8080")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Wire:
    """A house with `lines` desktops; the gateway is a process of its own, fresh for each turn."""

    name = "tidewire"

    def __init__(self, home: Path, lines: int) -> None:
        self.port = free_port()
        self.requests = home / "requests"
        self.squeezed = home / "requests-gzip"  # the same, of clients that accept gzip
        self._home = home
        self._lines = lines
        self._release = a_release()
        self._child: subprocess.Popen[bytes] | None = None
        self._loop = asyncio.Runner()
        self._opened = open_house(read_settings({"TIDEWIRE_HOME": str(home)}))
        self._house: House = self._loop.run(self._opened.__aenter__())
        self._waiting: list[Waiting] = []
        self._everyone = BitMap(self._loop.run(self._desktops()))

    @property
    def pid(self) -> int:
        """The gateway."""
        assert self._child is not None
        return self._child.pid

    def start(self) -> None:
        """Start the gateway program and wait until it listens."""
        environment = dict(
            os.environ,
            TIDEWIRE_HOME=str(self._home),
            TIDEWIRE_GATEWAY_ADDRESS=f"127.0.0.1:{self.port}",
            TIDEWIRE_LOG="WARNING",
        )
        command = [sys.executable, "-m", "tidewire.app.cli", "gateway"]
        self._child = subprocess.Popen(command, env=environment)
        until = clocks.stopwatch() + START_SECONDS
        while clocks.stopwatch() < until:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                pause(0.05)
        raise TimeoutError("the gateway does not listen")

    def prepare(self, frames: int) -> None:
        """Store so many releases, staged for everyone."""
        self._waiting = [self._loop.run(self._stage()) for _ in range(frames)]

    def publish(self) -> None:
        """One of them goes."""
        self._loop.run(self._go(self._waiting[:1]))
        del self._waiting[:1]

    def publish_all(self) -> None:
        """All go."""
        self._loop.run(self._go(self._waiting))
        self._waiting = []

    def stop(self) -> None:
        """End the gateway."""
        end(self._child)

    def close(self) -> None:
        """End the store."""
        self.stop()
        self._loop.run(self._opened.__aexit__(None, None, None))
        self._loop.close()

    async def _desktops(self) -> list[int]:
        house = self._house
        async with house.database.transaction() as tx:
            await tx.execute(
                "INSERT INTO subscriber (kind, languages, name, created_at, changed_at)"
                " SELECT 3, '{en}', 'Sample', %(now)s, %(now)s FROM generate_series(1,"
                " %(wanted)s - (SELECT count(*) FROM subscriber WHERE kind = 3)::int)",
                {"now": house.clock.now(), "wanted": self._lines},
            )
            await tx.execute(
                "INSERT INTO issuer (slug, name, created_at) VALUES ('sample', 'Sample AG', %s)"
                " ON CONFLICT DO NOTHING",
                (house.clock.now(),),
            )
            rows = await tx.execute("SELECT id FROM subscriber WHERE kind = 3 ORDER BY id")
            ids = [row[0] for row in await rows.fetchall()][: self._lines]
        heads = [
            [
                "GET /stream HTTP/1.1",
                f"Host: 127.0.0.1:{self.port}",
                "Accept: text/event-stream",
                f"Authorization: Bearer {desktop_key(house.signer, one, 0)}",
            ]
            for one in ids
        ]
        write_requests(self.requests, heads)
        write_requests(self.squeezed, [[*head, "Accept-Encoding: gzip"] for head in heads])
        return ids

    async def _stage(self) -> Waiting:
        house = self._house
        now = house.clock.now()
        later = now + timedelta(hours=1)
        async with house.database.transaction() as tx:
            rows = await tx.execute("SELECT id FROM issuer WHERE slug = 'sample'")
            issuer = await rows.fetchone()
            assert issuer is not None
            ref = os.urandom(6).hex()
            release_id = await releases.insert(tx, ref, issuer_id=issuer[0], key=None, now=now)
            assert release_id is not None
            sealed = await house.vault.seal_text(tx, release_id, 1, Text(self._release))
            await releases.put_version(
                tx, release_id, 1, act=Act.PUBLISH, sealed=sealed, now=now, t0=later
            )
            await releases.set_state(tx, release_id, State.SCHEDULED)
            await audience_sets.write(tx, release_id, 1, int(Kind.DESKTOP), "en", self._everyone)
            waiting = Waiting(release_id, 1, later)
            await stagings.mark_staged(tx, waiting, now)
        return waiting

    async def _go(self, waiting: list[Waiting]) -> None:
        house = self._house
        async with house.database.transaction() as tx:
            now = house.clock.now()
            for one in waiting:
                await releases.set_moment(tx, one.release_id, one.version, now)
        done = await publish_due(Press(house.database, house.clock, house.bell, house.vault))
        assert done == len(waiting), done
