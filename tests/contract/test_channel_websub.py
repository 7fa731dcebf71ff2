"""The WebSub channel against the channels' contract, and what a subscriber sees of it."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from contract.channel_contract import ChannelContract, Copy, outgoing, send_all
from contract.webhook_world import World, ok, status
from editions import BODY_MARKS, an_edition
from tidewire.channels.websub.channel import WebSubChannel
from tidewire.formats.feeds import MEDIA_TYPES, entry_id
from tidewire.model.delivery import Accepted, Deferred, Outgoing, Refused
from tidewire.model.release import Act


@dataclass
class WebSubRig:
    """The contract's rig: one server that takes all, one that takes nothing."""

    world: World
    channel: WebSubChannel
    port: int
    unwilling_port: int

    def deliveries(self, count: int, language: str) -> list[Outgoing]:
        feeds = (language, f"{language}/energy", f"{language}/country/DE")
        return [
            outgoing(
                n,
                f"/feeds/{feeds[n % 3]}.json https://reader-{n % 20}.localhost:{self.port}/ok/{n}",
                language,
            )
            for n in range(1, count + 1)
        ]

    def dead(self) -> Outgoing | None:
        return outgoing(9001, "/feeds/de.atom https://127.0.0.1:1025/dead", "de")

    def unwilling(self) -> Outgoing | None:
        where = f"/feeds/de.atom https://127.0.0.1:{self.unwilling_port}/no"
        return outgoing(9002, where, "de")

    async def received(self) -> list[Copy]:
        copies = []
        for hit in self.world.hits:
            if hit.path.startswith("/ok"):
                (item,) = json.loads(hit.body)["items"]
                copies.append(Copy(item["id"], json.dumps(item, ensure_ascii=False)))
        return copies


@pytest.fixture
async def rig(world: World) -> AsyncIterator[WebSubRig]:
    channel = WebSubChannel(world.lent())
    names = ("reader.localhost", *(f"reader-{n}.localhost" for n in range(20)))
    yield WebSubRig(
        world, channel, await world.serve(ok, names=names), await world.serve(status(503))
    )
    await channel.close()


class TestWebSub(ChannelContract):
    """The contract."""

    @pytest.fixture
    async def rig(self, rig: WebSubRig) -> WebSubRig:
        return rig


async def test_a_subscriber_gets_a_document_of_the_feed_with_its_type_and_links(
    rig: WebSubRig,
) -> None:
    base = rig.world.context.base_url
    for form in ("atom", "rss", "json"):
        rig.world.hits.clear()
        where = f"/feeds/de/energy.{form} https://reader.localhost:{rig.port}/ok"
        (receipt,) = await send_all(rig.channel, an_edition(), "de", [outgoing(1, where, "de")])
        assert isinstance(receipt.outcome, Accepted)
        (hit,) = rig.world.hits
        headers = {name.lower(): value for name, value in hit.headers.items()}
        assert headers["content-type"] == MEDIA_TYPES[form]
        assert headers["link"] == (
            f'<{base}/hub>; rel="hub", <{base}/feeds/de/energy.{form}>; rel="self"'
        )
        assert "x-hub-signature" not in headers
        assert entry_id("tw000042", "de") in hit.body.decode()
        assert BODY_MARKS["de"] in hit.body.decode()


async def test_whoever_gave_a_secret_can_check_the_signature(rig: WebSubRig) -> None:
    (one,) = rig.deliveries(1, "de")
    await send_all(rig.channel, an_edition(), "de", [replace(one, secret="fictional ß")])
    (hit,) = rig.world.hits
    expected = hmac.new("fictional ß".encode(), hit.body, hashlib.sha256).hexdigest()
    assert {k.lower(): v for k, v in hit.headers.items()}["x-hub-signature"] == f"sha256={expected}"


async def test_a_kill_comes_as_a_tombstone_without_text(rig: WebSubRig) -> None:
    where = f"/feeds/de.atom https://reader.localhost:{rig.port}/ok"
    await send_all(rig.channel, an_edition(Act.KILL), "de", [outgoing(1, where, "de")])
    body = rig.world.hits[0].body.decode()
    assert "deleted-entry" in body and entry_id("tw000042", "de") in body
    assert BODY_MARKS["de"] not in body


@pytest.mark.parametrize(
    ("code", "kind", "disables"),
    [(204, Accepted, False), (410, Refused, True), (302, Refused, False), (404, Deferred, False),
     (503, Deferred, False)],
)  # fmt: skip
async def test_what_an_answer_means(world: World, code: int, kind: type, disables: bool) -> None:
    port = await world.serve(status(code))
    channel = WebSubChannel(world.lent())
    one = outgoing(1, f"/feeds/de.atom https://127.0.0.1:{port}/", "de")
    (receipt,) = await send_all(channel, an_edition(), "de", [one])
    await channel.close()
    assert isinstance(receipt.outcome, kind)
    assert getattr(receipt.outcome, "disable", False) is disables
