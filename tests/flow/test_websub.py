"""The hub: from asking for a feed to its end, over real HTTP and a real store."""

import hashlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiohttp import web
from fastapi import FastAPI

from editions import BODY_MARKS, a_release
from tidewire.access.tokens import Signer
from tidewire.app import problems
from tidewire.channels.channel import ChannelContext
from tidewire.channels.websub.channel import WebSubChannel
from tidewire.channels.websub.intents import Intents
from tidewire.channels.websub.request import LEAST_LEASE, MOST_LEASE, USUAL_LEASE
from tidewire.channels.websub.routes import routes
from tidewire.clock import FixedClock
from tidewire.delivery.attempt import Dispatch, attempt_page
from tidewire.delivery.collect import collect_retries
from tidewire.model.delivery import ChannelCode
from tidewire.model.release import Act
from tidewire.model.subscriber import Circuit
from tidewire.store import circuits, endpoints, subscriptions
from tidewire.store.database import Database
from wire import a_vault, add_release, add_version, go

BASE = "https://wire.example"
TOPIC = f"{BASE}/feeds/de/energy.atom"
LOOPBACK = {"TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8", "TIDEWIRE_WEBHOOK_ALLOW_HTTP": "1"}


@dataclass
class Reader:
    """A subscriber of ours: it says yes to what it is asked, and takes what it is sent."""

    port: int = 0
    status: int = 200
    answer: str | None = None  # instead of the challenge
    location: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    got: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def callback(self) -> str:
        return f"http://127.0.0.1:{self.port}/cb?me=1"

    async def serve(self, request: web.Request) -> web.Response:
        headers = {"Location": self.location} if self.location else {}
        if request.method == "GET":
            self.asked.append(dict(request.query))
            text = (
                self.answer if self.answer is not None else request.query.get("hub.challenge", "")
            )
            return web.Response(text=text, status=self.status, headers=headers)
        self.got.append(({k.lower(): v for k, v in request.headers.items()}, await request.read()))
        return web.Response(status=self.status, headers=headers)


@dataclass
class Wire:
    """A hub and the worker behind it, one step at a time."""

    context: ChannelContext
    http: httpx.AsyncClient
    reader: Reader
    channel: WebSubChannel

    async def ask(self, mode: str = "subscribe", **fields: Any) -> httpx.Response:
        form = {"hub.mode": mode, "hub.topic": TOPIC, "hub.callback": self.reader.callback}
        form |= {f"hub.{name}": str(value) for name, value in fields.items()}
        return await self.http.post("/hub", data=form)

    async def turn(self) -> int:
        return await Intents(self.context).turn()

    async def subscribe(self, **fields: Any) -> None:
        assert (await self.ask(**fields)).status_code == 202
        assert await self.turn() == 1

    async def subscribed(self) -> list[str]:
        async with self.context.database.transaction() as tx:
            return [one.feed for one in await subscriptions.every(tx)]

    async def deliver(self) -> None:
        database, clock = self.context.database, self.context.clock
        vault, channels = a_vault(database, clock), {ChannelCode.WEBSUB: self.channel}
        dispatch = Dispatch(database, clock, channels, vault, "w", jitter=lambda: 0.0)
        while await attempt_page(dispatch, ChannelCode.WEBSUB):
            pass

    async def publish(self, **changes: Any) -> int:
        database, clock = self.context.database, self.context.clock
        content = replace(a_release(), **changes)
        release_id = await add_release(database, clock.now(), content=content)
        await go(database, clock)
        await self.deliver()
        return release_id

    async def states(self) -> list[tuple[int, int]]:
        """(state, attempt) of every WebSub delivery."""
        async with self.context.database.transaction() as tx:
            rows = await tx.execute(
                "SELECT state, attempt FROM delivery WHERE channel = 8 ORDER BY release_id, version"
            )
            return [(row[0], row[1]) for row in await rows.fetchall()]


@pytest.fixture
async def wire(database: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Wire]:
    context = ChannelContext(clock, database, Signer(b"x" * 32), BASE, tmp_path, LOOPBACK)
    app, reader = FastAPI(), Reader()
    problems.install(app)
    app.include_router(routes(context))
    server = web.Application()
    server.router.add_route("*", "/{path:.*}", reader.serve)
    runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    reader.port = int(runner.addresses[0][1])
    channel = WebSubChannel(context)
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as http:
        yield Wire(context, http, reader, channel)
    await channel.close()
    await runner.cleanup()


async def test_a_subscription_begins_once_its_callback_has_said_so(wire: Wire) -> None:
    answer = await wire.ask(lease_seconds=86_400, surprise="ignored")
    assert (answer.status_code, answer.content) == (202, b"")
    assert wire.reader.asked == [] and await wire.subscribed() == []
    await wire.turn()
    (asked,) = wire.reader.asked
    assert asked.pop("me") == "1" and len(asked.pop("hub.challenge")) > 20
    assert asked == {"hub.mode": "subscribe", "hub.topic": TOPIC, "hub.lease_seconds": "86400"}
    assert await wire.subscribed() == ["de/energy"]
    assert await wire.turn() == 0


async def test_a_release_its_correction_and_its_kill_come_signed(
    wire: Wire, clock: FixedClock
) -> None:
    await wire.subscribe(secret="fictional")
    release_id = await wire.publish()
    for version, act in ((2, Act.CORRECT), (3, Act.KILL)):
        clock.advance(60)
        await add_version(wire.context.database, release_id, version, act, clock.now())
        await go(wire.context.database, clock)
        await wire.deliver()
    assert [state for state, _ in await wire.states()] == [2, 2, 2]
    for headers, body in wire.reader.got:
        expected = hmac.new(b"fictional", body, hashlib.sha256).hexdigest()
        assert headers["x-hub-signature"] == f"sha256={expected}"
        assert headers["link"] == f'<{BASE}/hub>; rel="hub", <{TOPIC}>; rel="self"'
        assert headers["content-type"] == "application/atom+xml; charset=utf-8"
    texts = [body.decode() for _, body in wire.reader.got]
    assert [BODY_MARKS["de"] in text for text in texts] == [True, True, False]
    assert "deleted-entry" in texts[2]
    async with wire.context.database.transaction() as tx:
        rows = await tx.execute(
            "SELECT count(*) FROM ledger_entry WHERE event = 2 AND endpoint_id IN"
            " (SELECT endpoint_id FROM subscription)"
        )
        assert await rows.fetchone() == (3,)


async def test_only_what_stands_in_the_feed_is_sent(wire: Wire) -> None:
    await wire.subscribe()
    await wire.publish(sectors=("mining",))
    await wire.publish(renditions=a_release(("en",)).renditions)
    assert wire.reader.got == []
    await wire.publish()
    ((headers, _),) = wire.reader.got
    assert "x-hub-signature" not in headers


async def test_a_callback_under_localhost_is_asked_at_this_machine(wire: Wire) -> None:
    callback = wire.reader.callback.replace("127.0.0.1", "reader.sim.localhost")
    await wire.subscribe(callback=callback)
    await wire.publish()
    assert len(wire.reader.got) == 1


async def test_feeds_of_languages_and_sectors_have_receipts_others_where_they_are_followed(
    wire: Wire,
) -> None:
    await wire.subscribe(topic=f"{BASE}/feeds/de/country/AT.atom")
    content = replace(a_release(), countries=("AT",), sectors=("energy",))
    await wire.publish(countries=content.countries, sectors=content.sectors)
    async with wire.context.database.transaction() as tx:
        rows = await tx.execute(
            "SELECT p.channel, p.address FROM delivery d JOIN endpoint p ON p.id = d.endpoint_id"
        )
        found = {(ChannelCode(row[0]), row[1]) for row in await rows.fetchall()}
    feeds = {name for code, name in found if code is ChannelCode.FEED}
    tags = {rendition.language for rendition in content.renditions}
    assert feeds == tags | {f"{tag}/energy" for tag in tags}
    told = {address.split()[0] for code, address in found if code is ChannelCode.WEBSUB}
    assert told == {"/feeds/de/country/AT.atom"}


async def test_one_callback_may_have_several_feeds_and_asking_again_replaces(
    wire: Wire, clock: FixedClock
) -> None:
    await wire.subscribe(secret="old", lease_seconds=LEAST_LEASE)
    await wire.subscribe(topic=f"{BASE}/feeds/de.json?text=summary")
    clock.advance(LEAST_LEASE - 60)
    await wire.subscribe(secret="new", lease_seconds=LEAST_LEASE)
    assert sorted(await wire.subscribed()) == ["de", "de/energy"]
    clock.advance(120)  # past the first lease, within the second
    await wire.turn()
    await wire.publish()
    signed = {h["content-type"].split(";")[0]: h.get("x-hub-signature") for h, _ in wire.reader.got}
    body = next(body for h, body in wire.reader.got if "x-hub-signature" in h)
    assert signed["application/feed+json"] is None
    assert signed["application/atom+xml"] == (
        "sha256=" + hmac.new(b"new", body, hashlib.sha256).hexdigest()
    )
    assert len(wire.reader.got) == 2


async def test_a_lease_that_has_run_out_ends_the_subscription(
    wire: Wire, clock: FixedClock
) -> None:
    await wire.subscribe(lease_seconds=LEAST_LEASE, secret="fictional")
    clock.advance(LEAST_LEASE + 1)
    await wire.publish()  # before anybody has looked for leases that ran out
    await wire.turn()
    await wire.publish()
    assert wire.reader.got == [] and await wire.subscribed() == []
    async with wire.context.database.transaction() as tx:
        (row,) = await (
            await tx.execute("SELECT secret, state FROM endpoint WHERE channel = 8")
        ).fetchall()
        assert row == (None, 3)
        assert await endpoints.held_back(tx) == []
        (ended,) = await (await tx.execute("SELECT id FROM endpoint WHERE channel = 8")).fetchall()
        assert not await subscriptions.holds(tx, ended[0])
    await wire.subscribe()
    await wire.publish()
    assert len(wire.reader.got) == 1


@pytest.mark.parametrize(
    ("wanted", "granted"),
    [(1, LEAST_LEASE), (LEAST_LEASE + 1, LEAST_LEASE + 1), (2**31 - 1, MOST_LEASE),
     ("", USUAL_LEASE)],
)  # fmt: skip
async def test_a_lease_is_the_nearest_that_is_given(
    wire: Wire, wanted: object, granted: int
) -> None:
    await wire.subscribe(lease_seconds=wanted)
    assert wire.reader.asked[0]["hub.lease_seconds"] == str(granted)


async def test_unsubscribing_is_verified_too(wire: Wire) -> None:
    await wire.subscribe()
    wire.reader.answer = "no"
    await wire.ask("unsubscribe")
    await wire.turn()
    assert await wire.subscribed() == ["de/energy"]
    wire.reader.answer = None
    await wire.ask("unsubscribe")
    await wire.turn()
    assert wire.reader.asked[-1]["hub.mode"] == "unsubscribe"
    assert await wire.subscribed() == []
    await wire.publish()
    assert wire.reader.got == []


@pytest.mark.parametrize("status", [404, 302, 500])
async def test_who_does_not_mean_it_is_not_subscribed(
    wire: Wire, clock: FixedClock, status: int
) -> None:
    wire.reader.status = status
    wire.reader.location = wire.reader.callback
    await wire.subscribe()
    assert await wire.subscribed() == [] and len(wire.reader.asked) == 1
    for _ in range(5):
        clock.advance(3600)
        await wire.turn()
    assert len(wire.reader.asked) == (4 if status == 500 else 1)
    assert await wire.subscribed() == []


async def test_who_was_away_while_being_asked_is_asked_again(wire: Wire, clock: FixedClock) -> None:
    wire.reader.status = 503
    await wire.subscribe()
    wire.reader.status = 200
    clock.advance(11)
    assert await wire.turn() == 1
    assert await wire.subscribed() == ["de/energy"]


async def test_a_subscriber_of_a_circuit_that_is_gone_is_told_so(
    wire: Wire, clock: FixedClock
) -> None:
    database = wire.context.database
    async with database.transaction() as tx:
        await circuits.add(tx, Circuit("Sea"))
    topic = f"{BASE}/feeds/de/circuit/Sea.rss"
    await wire.subscribe(topic=topic)
    assert await wire.subscribed() == ["de/circuit/Sea"]
    assert (await wire.ask(topic=topic)).status_code == 202
    async with database.transaction() as tx:
        await circuits.remove(tx, "Sea")
    await wire.turn()
    await wire.turn()
    denied = [asked for asked in wire.reader.asked if asked["hub.mode"] == "denied"]
    assert len(denied) >= 1 and await wire.subscribed() == []
    assert denied[0]["hub.topic"] == topic and denied[0]["hub.reason"]
    assert "hub.challenge" not in denied[0]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"callback": "http://10.0.0.1/cb"}, "/hub.callback"),
        ({"callback": "https://[::1]/cb"}, "/hub.callback"),
        ({"callback": "https://169.254.169.254/cb"}, "/hub.callback"),
        ({"callback": "ftp://reader.example/cb"}, "/hub.callback"),
        ({"callback": "https://a:b@reader.example/"}, "/hub.callback"),
        ({"callback": "https://reader.example/#x"}, "/hub.callback"),
        ({"callback": ""}, "/hub.callback"),
        ({"callback": "https://reader.example/" + "x" * 3000}, "/hub.callback"),
        ({"topic": "https://elsewhere.example/feeds/de.atom"}, "/hub.topic"),
        ({"topic": f"{BASE}/feeds/xx.atom"}, "/hub.topic"),
        ({"topic": f"{BASE}/feeds/de.atom?archive=0"}, "/hub.topic"),
        ({"topic": f"{BASE}/feeds/de.xml"}, "/hub.topic"),
        ({"topic": ""}, "/hub.topic"),
        ({"lease_seconds": -1}, "/hub.lease_seconds"),
        ({"lease_seconds": 0}, "/hub.lease_seconds"),
        ({"lease_seconds": 10**12}, "/hub.lease_seconds"),
        ({"lease_seconds": "a day"}, "/hub.lease_seconds"),
        ({"lease_seconds": "1.5"}, "/hub.lease_seconds"),
        ({"secret": "s" * 200}, "/hub.secret"),
        ({"secret": "ß" * 100}, "/hub.secret"),
        ({"secret": "a\0b"}, "/hub.secret"),
        ({"mode": "publish"}, "/hub.mode"),
    ],
)
async def test_what_cannot_be_taken_is_refused_and_nothing_is_stored(
    wire: Wire, fields: dict[str, Any], pointer: str
) -> None:
    answer = await wire.ask(**{"mode": "subscribe", **fields})
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["pointer"] == pointer
    assert await wire.turn() == 0


async def test_a_feed_that_is_not_there_and_what_is_no_form_are_refused(wire: Wire) -> None:
    missing = await wire.ask(topic=f"{BASE}/feeds/de/issuer/nobody.atom")
    assert missing.status_code == 404
    assert (await wire.http.post("/hub", json={"hub.mode": "subscribe"})).status_code == 400
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert (await wire.http.post("/hub", content=b"a=%FF", headers=form)).status_code == 400
    assert (await wire.http.post("/hub", content=b"x" * 20_000, headers=form)).status_code == 413
    twice = b"hub.mode=subscribe&hub.mode=unsubscribe"
    assert (await wire.http.post("/hub", content=twice, headers=form)).status_code == 422
    assert (await wire.ask(secret="s" * 199)).status_code == 202


async def test_an_address_that_is_private_only_when_connected_to_is_never_reached(
    wire: Wire,
) -> None:
    """It passed while loopback was allowed; the guard closes before it is verified."""
    await wire.ask()
    closed = replace(wire.context, environment={"TIDEWIRE_WEBHOOK_ALLOW_HTTP": "1"})
    await Intents(closed).turn()
    assert wire.reader.asked == [] and await wire.subscribed() == []


async def test_a_redirect_to_a_private_address_is_not_followed(
    wire: Wire, clock: FixedClock
) -> None:
    await wire.subscribe()
    wire.reader.status, wire.reader.location = 307, f"http://127.0.0.1:{wire.reader.port}/inside"
    await wire.publish()
    assert len(wire.reader.got) == 1
    assert await wire.states() == [(4, 1)]


async def test_410_ends_it_and_a_failure_is_tried_again(wire: Wire, clock: FixedClock) -> None:
    await wire.subscribe()
    wire.reader.status = 503
    await wire.publish()
    assert await wire.states() == [(3, 1)]
    wire.reader.status = 204
    clock.advance(10)
    assert await collect_retries(wire.context.database, clock)
    await wire.deliver()
    assert await wire.states() == [(2, 2)]
    assert wire.reader.got[0][1] == wire.reader.got[1][1]
    wire.reader.status = 410
    await wire.publish()
    wire.reader.status = 204
    await wire.publish()
    assert len(wire.reader.got) == 3
    assert await wire.states() == [(2, 2), (4, 1)]


async def test_who_subscribes_after_pages_were_planned_gets_it_at_the_moment(
    wire: Wire, clock: FixedClock
) -> None:
    database = wire.context.database
    moment = clock.now().replace(minute=5)
    await add_release(database, clock.now(), t0=moment)
    await go(database, clock)
    await wire.subscribe()
    clock.advance(300)
    await go(database, clock)
    await wire.deliver()
    assert len(wire.reader.got) == 1


async def test_the_hub_can_be_asked_only_so_often(wire: Wire, clock: FixedClock) -> None:
    answers = [(await wire.ask(lease_seconds=-1)).status_code for _ in range(61)]
    assert answers == [422] * 60 + [429]
    answer = await wire.ask()
    assert answer.status_code == 429 and answer.headers["retry-after"] == "1"
    clock.advance(1)
    assert (await wire.ask()).status_code == 202
