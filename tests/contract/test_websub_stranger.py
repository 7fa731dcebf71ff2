"""A WebSub subscriber that we did not write (Flask-WebSub) gets a release through our hub.

It finds the hub by the feed's own links, subscribes over TLS with a secret of its own, answers the
hub's question, and checks the signature of what it is sent.
"""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import feedparser
import flask_websub.subscriber as stranger
import pytest
import uvicorn
from fastapi import FastAPI
from flask import Flask
from werkzeug.serving import make_server

from contract.webhook_world import World
from editions import BODY_MARKS
from tidewire.channels.channel import ChannelContext
from tidewire.channels.feed import routes as feed
from tidewire.channels.websub import routes as hub
from tidewire.channels.websub.channel import WebSubChannel
from tidewire.channels.websub.intents import Intents
from tidewire.clock import FixedClock
from tidewire.delivery.attempt import Dispatch, attempt_page
from tidewire.model.delivery import ChannelCode
from tidewire.model.release import Act
from wire import a_vault, add_release, add_version, go


@dataclass
class Stranger:
    """Their subscriber in its own web server, and what it told its listeners."""

    subscriber: Any
    app: Flask
    said: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    base: str = ""

    def subscribe(self, url: str) -> None:
        with self.app.test_request_context(base_url=self.base):
            self.subscriber.subscribe(**stranger.discover(url))


@pytest.fixture
def strange(tmp_path: Path) -> Iterator[Stranger]:
    app = Flask("stranger")
    subscriber = stranger.Subscriber(
        stranger.SQLite3SubscriberStorage(str(tmp_path / "kept.db")),
        stranger.SQLite3TempSubscriberStorage(str(tmp_path / "asked.db")),
    )
    app.register_blueprint(subscriber.build_blueprint("/callbacks"))
    found = Stranger(subscriber, app)
    subscriber.add_listener(lambda topic, _, body: found.bodies.append(body))
    subscriber.add_success_handler(lambda topic, _, mode: found.said.append((topic, mode)))
    server = make_server("127.0.0.1", 0, app, threaded=True)
    found.base = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def context(world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ChannelContext]:
    """A hub that is served over TLS at its own address."""
    world.authority.server("127.0.0.1")
    pem = world.authority.file.with_name("127.0.0.1.1.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(world.authority.file))
    with _listening() as sock:
        base = f"https://127.0.0.1:{sock.getsockname()[1]}"
        lent = replace(world.lent(TIDEWIRE_WEBHOOK_ALLOW_HTTP="1"), base_url=base)
        app = FastAPI()
        app.include_router(feed.routes(lent))
        app.include_router(hub.routes(lent))
        config = uvicorn.Config(
            app, log_config=None, lifespan="off", ssl_certfile=str(pem), ssl_keyfile=str(pem)
        )
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server._serve([sock]))
        yield lent
        server.should_exit = True
        await serving


@contextmanager
def _listening() -> Iterator[socket.socket]:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        yield sock


@pytest.mark.parametrize("form", ["atom", "rss"])
async def test_a_subscriber_not_written_by_us_gets_a_release_its_correction_and_its_kill(
    context: ChannelContext, strange: Stranger, clock: FixedClock, form: str
) -> None:
    database, topic = context.database, f"{context.base_url}/feeds/de/energy.{form}"
    await asyncio.to_thread(strange.subscribe, topic)
    assert strange.said == []
    assert await Intents(context).turn() == 1
    assert strange.said == [(topic, "subscribe")]
    channel, vault = WebSubChannel(context), a_vault(database, clock)
    dispatch = Dispatch(database, clock, {ChannelCode.WEBSUB: channel}, vault, "w", lambda: 0.0)
    release_id = await add_release(database, clock.now())
    await go(database, clock)
    assert await attempt_page(dispatch, ChannelCode.WEBSUB)
    for version, act in ((2, Act.CORRECT), (3, Act.KILL)):
        clock.advance(60)
        await add_version(database, release_id, version, act, clock.now())
        await go(database, clock)
        assert await attempt_page(dispatch, ChannelCode.WEBSUB)
    await channel.close()
    assert [BODY_MARKS["de"] in body.decode() for body in strange.bodies] == [True, True, False]
    read = [feedparser.parse(body) for body in strange.bodies]
    assert not any(one.bozo for one in read)
    assert read[0].entries[0].id == read[1].entries[0].id
    assert read[0].entries[0].id in strange.bodies[2].decode()
