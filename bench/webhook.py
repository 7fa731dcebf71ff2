"""Webhooks to many TLS hosts, over warmed connections, beside aiohttp's client.

The sink is nginx with one certificate for all hosts, on this machine. What counts is our own
processor time for each webhook; wall time shares the machine with the sink. Both clients post
the same bytes, signed for each endpoint, in turns, first over new connections, then over kept.
"""

import asyncio
import contextlib
import os
import resource
import shutil
import socket
import ssl
import statistics
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import cast

import aiohttp
import structlog
import uvloop
from aiohttp.abc import AbstractResolver, ResolveResult

from result import Result
from tidewire.channels.channel import ChannelContext
from tidewire.channels.posting import pool, post
from tidewire.channels.webhook import channel as webhook
from tidewire.channels.webhook.signature import sign, signing_keys
from tidewire.clock import SystemClock, pause, stopwatch
from tidewire.formats.wire_item import wire_json
from tidewire.model.delivery import Accepted, Outgoing
from tidewire.model.release import Act, Edition, Organisation, Priority, Release
from tidewire.model.rendition import Rendition
from tidewire.simulator.certificates import make_certificates
from tidewire.store.database import Database

HOSTS = int(os.environ.get("TIDEWIRE_BENCH_HOSTS", "6500"))
PAGE = 500
TURNS = 3
WARM_SECONDS = 60.0
MUST_REACH = 0.6  # of aiohttp's processor time, over kept connections
BODY = "<p>" + "A fictional company opens a fictional wind park. " * 60 + "</p>"

CONFIGURATION = """
user root; daemon off; pid {folder}/pid; error_log {folder}/errors;
worker_processes 1; worker_rlimit_nofile 20000;
events {{ worker_connections 18000; }}
http {{
  access_log off; keepalive_timeout 600s; keepalive_requests 100000;
  client_body_buffer_size 64k; client_body_temp_path {folder}/bodies;
  proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} ssl backlog=8192;
    ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;
    location / {{ return 204; }}
  }}
}}
"""


def run() -> Result:
    """Post to every host with both clients, in turns."""
    structlog.configure(processors=[structlog.dev.ConsoleRenderer()])
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(30))
    if shutil.which("nginx") is None:
        subprocess.run(["apt-get", "install", "-y", "-qq", "nginx-light"], check=True)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(20_000, max(soft, hard)), hard))
    with tempfile.TemporaryDirectory() as name, socket.socket() as probe:
        folder = Path(name)
        make_certificates(folder, SystemClock())
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        (folder / "nginx.conf").write_text(CONFIGURATION.format(folder=folder, port=port))
        sink = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf")])
        try:
            pause(1.0)
            return uvloop.run(_compare(folder, port))
        finally:
            sink.terminate()
            sink.wait()


async def _compare(folder: Path, port: int) -> Result:
    seen: dict[str, list[float]] = {}
    async with _ours(folder, port) as warm_and_send, _aiohttp(folder, port) as post:
        warm, send = warm_and_send
        seen["handshake us"] = [(await _measure(warm))[0]]
        seen["aiohttp new us"] = [(await _measure(post))[0]]
        for _ in range(TURNS):
            for name, work in (("ours kept", send), ("aiohttp kept", post)):
                cpu, wall = await _measure(work)
                seen.setdefault(f"{name} us", []).append(cpu)
                seen.setdefault(f"{name} wall s", []).append(wall)
    figures = {name: statistics.median(values) for name, values in seen.items()}
    ratio = figures["ours kept us"] / figures["aiohttp kept us"]
    return Result("webhook", figures, {"ours/aiohttp": ratio}, ratio <= MUST_REACH)


async def _measure(work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
    """(our processor time for each host in µs, wall time of all in s)."""
    cpu, wall = time.process_time(), stopwatch()
    await work()
    return (time.process_time() - cpu) / HOSTS * 1e6, stopwatch() - wall


Work = Callable[[], Awaitable[None]]


@contextlib.asynccontextmanager
async def _ours(folder: Path, port: int) -> AsyncIterator[tuple[Work, Work]]:
    post.WARM_SECONDS, pool.IDLE_SECONDS = WARM_SECONDS, 600.0  # the peer's turns come between
    channel = webhook.WebhookChannel(
        ChannelContext(
            clock=SystemClock(),
            database=cast(Database, None),
            tokens=None,  # type: ignore[arg-type]
            base_url="https://wire.example",
            keys=folder / "keys",
            environment={
                "TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8",
                "TIDEWIRE_EXTRA_CA_FILE": str(folder / "ca.pem"),
            },
        )
    )
    deliveries = [
        Outgoing(n, _address(n, port), key=f"42.1.{n}", attempt=1, language="en")
        for n in range(HOSTS)
    ]

    async def warm() -> None:
        await channel.warm(_edition(), "en", [one.address for one in deliveries])

    async def page(first: int) -> None:
        some = deliveries[first : first + PAGE]
        async for receipt in channel.send(_edition(), "en", some):
            assert isinstance(receipt.outcome, Accepted), receipt.outcome

    async def send() -> None:
        await asyncio.gather(*(page(first) for first in range(0, HOSTS, PAGE)))

    yield warm, send
    await channel.close()


@contextlib.asynccontextmanager
async def _aiohttp(folder: Path, port: int) -> AsyncIterator[Work]:

    trust = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    body = wire_json(_edition(), "en", "https://wire.example", audience="media")
    keys = signing_keys(folder / "keys", SystemClock().now())
    slots = asyncio.Semaphore(400)
    connector = aiohttp.TCPConnector(
        limit=0, ssl=trust, resolver=_Loopback(), keepalive_timeout=600
    )
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
    ) as session:

        async def one(number: int) -> None:
            async with slots:
                now = SystemClock().now()
                headers = sign(body, message_id=f"msg_{number}", at=now, secret="", keys=keys)
                headers["Content-Type"] = "application/json"
                async with session.post(_address(number, port), data=body, headers=headers) as got:
                    await got.read()
                    assert got.status == 204

        async def post() -> None:
            await asyncio.gather(*(one(number) for number in range(HOSTS)))

        yield post


class _Loopback(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002
    ) -> list[ResolveResult]:
        """127.0.0.1."""
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        """Nothing to let go."""


def _address(number: int, port: int) -> str:
    return f"https://h-{number:05}.sim.localhost:{port}/hook"


def _edition() -> Edition:
    text = Rendition("en", "Tidewind opens its first floating wind park", body=BODY)
    release = Release(
        "wind-park", (text,), Priority.ROUTINE, (), organisations=(Organisation("Tidewind AG"),)
    )
    at = _AT
    return Edition(
        42,
        "tw000042",
        1,
        Act.PUBLISH,
        "Tidewind AG",
        "tidewind",
        "https://tidewind.example",
        release,
        t0=at,
        sequence=421,
        published_at=at,
        first_published_at=at,
    )


_AT = SystemClock().now()
