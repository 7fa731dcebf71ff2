"""The webhook channel against the channels' contract, and what a receiver sees of it."""

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook

from contract.channel_contract import ChannelContract, Copy, outgoing, send_all
from contract.webhook_world import World, ok, send_one, status
from editions import an_edition
from tidewire.channels.webhook.channel import WebhookChannel
from tidewire.channels.webhook.signature import signing_keys
from tidewire.clock import FixedClock, SystemClock
from tidewire.model.delivery import Accepted, Outgoing

SECRET = "whsec_" + base64.b64encode(b"a fictional secret of 32 bytes..").decode()


@dataclass
class WebhookRig:
    """The contract's rig: one server that takes all, one that takes nothing."""

    world: World
    channel: WebhookChannel
    port: int
    unwilling_port: int

    def deliveries(self, count: int, language: str) -> list[Outgoing]:
        """Endpoints on twenty hosts of one server."""
        return [
            outgoing(n, f"https://outlet-{n % 20}.localhost:{self.port}/ok/{n}", language)
            for n in range(1, count + 1)
        ]

    def dead(self) -> Outgoing | None:
        """Nobody listens on this port of loopback."""
        return outgoing(9001, "https://127.0.0.1:1025/dead", "de")

    def unwilling(self) -> Outgoing | None:
        """A server that says no."""
        return outgoing(9002, f"https://127.0.0.1:{self.unwilling_port}/no", "de")

    async def received(self) -> list[Copy]:
        """What the willing server got."""
        return [
            Copy(hit.headers["webhook-id"], json.dumps(json.loads(hit.body), ensure_ascii=False))
            for hit in self.world.hits
            if hit.path.startswith("/ok")
        ]


class TestWebhook(ChannelContract):
    """The contract."""

    @pytest.fixture
    async def rig(self, world: World) -> WebhookRig:
        """The channel with its servers."""
        port = await world.serve(
            ok, names=("*.localhost", *(f"outlet-{n}.localhost" for n in range(20)))
        )
        unwilling_port = await world.serve(status(400))
        return WebhookRig(world, world.channel(), port, unwilling_port)


async def test_the_signature_holds_over_the_very_bytes_that_arrived(world: World) -> None:
    port = await world.serve(ok)
    assert await send_one(world.channel(), f"https://127.0.0.1:{port}/x") == Accepted(204)
    (hit,) = world.hits
    signed = f"{hit.headers['webhook-id']}.{hit.headers['webhook-timestamp']}.".encode() + hit.body
    version, signature = hit.headers["webhook-signature"].split(",")
    (key,) = signing_keys(world.context.keys, world.context.clock.now())
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key.public[len("whpk_") :]))
    public.verify(base64.b64decode(signature), signed)
    assert version == "v1a"
    assert hit.headers["webhook-timestamp"] == str(
        int(datetime(2026, 3, 3, 12, tzinfo=UTC).timestamp())
    )
    assert hit.headers["content-type"] == "application/json"
    assert hit.headers["user-agent"].startswith("Tidewire")
    assert "tidewire-repeat" not in hit.headers
    assert "desk@nordmeer.example" in hit.body.decode()  # outlets see the media's contacts


async def test_an_endpoint_with_a_secret_verifies_with_the_standards_library(world: World) -> None:
    port = await world.serve(ok)
    channel = world.channel(SystemClock())
    await send_one(channel, f"https://127.0.0.1:{port}/x", secret=SECRET)
    (hit,) = world.hits
    assert Webhook(SECRET).verify(hit.body, hit.headers)["act"] == "publish"


async def test_the_path_and_query_are_sent_as_they_were_given(world: World) -> None:
    port = await world.serve(ok)
    path = "/a%41%2Fb/../c;d?token=a%2Bb+c%7E&x=%3d&&empty"
    assert await send_one(world.channel(), f"https://127.0.0.1:{port}{path}#part") == Accepted(204)
    assert world.hits[0].raw_path == path


async def test_a_second_try_has_a_fresh_timestamp_and_is_marked(
    world: World, clock: FixedClock
) -> None:
    port = await world.serve(ok)
    channel = world.channel()
    address = f"https://127.0.0.1:{port}/x"
    await send_one(channel, address)
    clock.advance(30)
    await send_one(channel, address, repeat=True)
    first, second = (hit.headers for hit in world.hits)
    assert first["webhook-id"] == second["webhook-id"]
    assert int(second["webhook-timestamp"]) == int(first["webhook-timestamp"]) + 30
    assert first["webhook-signature"] != second["webhook-signature"]
    assert second["tidewire-repeat"] == "1"
    assert world.hits[0].body == world.hits[1].body


async def test_the_body_is_rendered_once_for_each_edition_and_language(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    rendered: list[str] = []

    def counted(edition: object, language: str, base: str, *, audience: str) -> bytes:
        rendered.append(language)
        return b"{}"

    monkeypatch.setattr("tidewire.channels.webhook.channel.wire_json", counted)
    port = await world.serve(ok)
    channel = world.channel()
    for language in ("de", "en", "de", "en"):
        deliveries = [outgoing(n, f"https://127.0.0.1:{port}/{n}", language) for n in range(5)]
        await send_all(channel, an_edition(), language, deliveries)
    assert rendered == ["de", "en"]
    assert len(world.hits) == 20
