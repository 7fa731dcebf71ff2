"""What every channel keeps. A channel's test module subclasses ChannelContract and gives a rig.

    from contract.channel_contract import ChannelContract, Copy

    class TestWebhook(ChannelContract):
        @pytest.fixture
        async def rig(self, ...): ...

The rig joins a real channel to a real world that it can send to (loopback servers, a
database); it has what `Rig` below asks for.
"""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, cast

import pytest
import structlog

import editions
import tidewire
from editions import an_edition
from tidewire.channels.channel import Channel
from tidewire.model.delivery import Accepted, Deferred, Outgoing, Receipt, Refused
from tidewire.model.release import Act, Edition
from tidewire.model.rendition import Rendition


@dataclass(frozen=True)
class Copy:
    """What the world got of one delivery: the channel's own id for it, and its readable text.

    `id` is what a receiver tells copies apart by (webhook-id, Message-ID, a feed entry's id).
    `text` is decoded: no transfer encoding, no escaping of letters.
    """

    id: str
    text: str


class Rig(Protocol):
    """A channel and a world for it."""

    channel: Channel

    def deliveries(self, count: int, language: str) -> list[Outgoing]:
        """First tries to `count` endpoints (ids 1, 2, ...) that all accept."""
        ...

    def dead(self) -> Outgoing | None:
        """A first try (endpoint id 9001) to where nobody answers; None where that cannot be."""
        ...

    def unwilling(self) -> Outgoing | None:
        """A first try (endpoint id 9002) that the other side turns down; None: cannot be."""
        ...

    async def received(self) -> list[Copy]:
        """All copies that the world got so far."""
        ...


def outgoing(
    endpoint_id: int,
    address: str,
    language: str,
    *,
    edition: Edition | None = None,
    secret: str = "",
) -> Outgoing:
    """A first try at delivering `edition` (without one: release 42, version 1)."""
    release_id, version = (edition.release_id, edition.version) if edition else (42, 1)
    return Outgoing(
        endpoint_id=endpoint_id,
        address=address,
        key=f"{release_id}.{version}.{endpoint_id}",
        attempt=1,
        language=language,
        secret=secret,
        name=f"Fictional Outlet {endpoint_id}",
    )


async def send_all(
    channel: Channel,
    edition: Edition,
    language: str,
    deliveries: Sequence[Outgoing],
    prepared: bytes = b"",
) -> list[Receipt]:
    """All receipts of one send, none of which may take longer than a minute in all."""
    async with asyncio.timeout(60):
        return [receipt async for receipt in channel.send(edition, language, deliveries, prepared)]


def assert_one_receipt_each(receipts: Sequence[Receipt], deliveries: Sequence[Outgoing]) -> None:
    """Exactly one receipt for each delivery, with the number of its try and an aware moment."""
    got = Counter((r.endpoint_id, r.attempt) for r in receipts)
    assert got == Counter((d.endpoint_id, d.attempt) for d in deliveries)
    assert all(r.at.utcoffset() is not None for r in receipts)


class UnrenderableRendition(Rendition):
    """A rendition whose text cannot be read: whatever renders it fails."""

    def __getattribute__(self, name: str) -> object:
        if name in ("headline", "body"):
            raise RuntimeError("this rendition cannot be rendered")
        return super().__getattribute__(name)


def an_unrenderable_edition() -> Edition:
    """An edition that no format can render."""
    edition = an_edition(release_id=43)
    broken = tuple(
        UnrenderableRendition(r.language, r.headline, r.body) for r in edition.release.renditions
    )
    return replace(edition, release=replace(edition.release, renditions=broken))


class ChannelContract:
    """The suite. Subclasses give the fixture `rig`."""

    # False for a channel whose send() does not render (the reader's request does).
    renders_in_send = True
    # Loggers that belong to the world of the test, not to the product.
    foreign_loggers: tuple[str, ...] = ()

    async def test_every_delivery_gets_one_accepted_receipt(self, rig: Rig) -> None:
        deliveries = rig.deliveries(7, "de")
        receipts = await send_all(rig.channel, an_edition(), "de", deliveries)
        assert_one_receipt_each(receipts, deliveries)
        assert all(isinstance(r.outcome, Accepted) for r in receipts)

    async def test_no_deliveries_give_no_receipts(self, rig: Rig) -> None:
        assert await send_all(rig.channel, an_edition(), "de", []) == []

    async def test_the_number_of_the_try_is_on_the_receipt(self, rig: Rig) -> None:
        deliveries = [replace(d, attempt=4, repeat=True) for d in rig.deliveries(2, "de")]
        receipts = await send_all(rig.channel, an_edition(), "de", deliveries)
        assert_one_receipt_each(receipts, deliveries)

    async def test_one_dead_endpoint_is_deferred_and_the_others_are_served(self, rig: Rig) -> None:
        dead = rig.dead()
        if dead is None:
            pytest.skip("this channel's endpoints cannot be dead")
        deliveries = rig.deliveries(5, "de")
        receipts = await send_all(rig.channel, an_edition(), "de", [dead, *deliveries])
        assert_one_receipt_each(receipts, [dead, *deliveries])
        outcomes = {r.endpoint_id: r.outcome for r in receipts}
        assert isinstance(outcomes.pop(dead.endpoint_id), Deferred)
        assert [one for one in outcomes.values() if not isinstance(one, Accepted)] == []

    async def test_one_unwilling_endpoint_does_not_touch_the_others(self, rig: Rig) -> None:
        unwilling = rig.unwilling()
        if unwilling is None:
            pytest.skip("this channel's endpoints cannot turn anything down")
        deliveries = rig.deliveries(5, "de")
        receipts = await send_all(rig.channel, an_edition(), "de", [*deliveries, unwilling])
        assert_one_receipt_each(receipts, [*deliveries, unwilling])
        outcomes = {r.endpoint_id: r.outcome for r in receipts}
        assert isinstance(outcomes.pop(unwilling.endpoint_id), Deferred | Refused)
        assert [one for one in outcomes.values() if not isinstance(one, Accepted)] == []

    async def test_a_rendering_that_fails_defers_every_delivery(self, rig: Rig) -> None:
        deliveries = rig.deliveries(3, "de")
        receipts = await send_all(rig.channel, an_unrenderable_edition(), "de", deliveries)
        assert_one_receipt_each(receipts, deliveries)
        if self.renders_in_send:
            assert all(isinstance(r.outcome, Deferred) for r in receipts)
            assert await rig.received() == []

    async def test_a_second_try_carries_the_same_id(self, rig: Rig) -> None:
        (first,) = rig.deliveries(1, "de")
        await send_all(rig.channel, an_edition(), "de", [first])
        once = {copy.id for copy in await rig.received()}
        await send_all(rig.channel, an_edition(), "de", [replace(first, attempt=2, repeat=True)])
        twice = {copy.id for copy in await rig.received()}
        assert len(once) == 1
        assert twice == once

    async def test_another_version_carries_another_id_or_another_text(self, rig: Rig) -> None:
        corrected = an_edition(Act.CORRECT)
        (first,) = rig.deliveries(1, "de")
        second = replace(first, key=f"42.{corrected.version}.{first.endpoint_id}")
        await send_all(rig.channel, an_edition(), "de", [first])
        before = await rig.received()
        await send_all(rig.channel, corrected, "de", [second])
        assert set(await rig.received()) - set(before)

    async def test_each_reader_gets_their_language_and_no_other(self, rig: Rig) -> None:
        await send_all(rig.channel, an_edition(), "en", rig.deliveries(1, "en"))
        copies = await rig.received()
        assert copies
        for copy in copies:
            assert editions.HEADLINE_MARKS["en"] in copy.text
            assert editions.BODY_MARKS["en"] in copy.text
            assert editions.BODY_MARKS["de"] not in copy.text

    @pytest.mark.parametrize("act", [Act.KILL, Act.WITHDRAW])
    async def test_a_retraction_carries_no_text_of_the_release(self, rig: Rig, act: Act) -> None:
        edition = an_edition(act)
        deliveries = [replace(d, key=f"42.2.{d.endpoint_id}") for d in rig.deliveries(1, "de")]
        receipts = await send_all(rig.channel, edition, "de", deliveries)
        assert_one_receipt_each(receipts, deliveries)
        copies = await rig.received()
        assert copies
        marks = (editions.BODY_MARKS, editions.BOILERPLATE_MARKS, editions.SUBHEADLINE_MARKS)
        for copy in copies:
            assert not [word for mark in marks for word in mark.values() if word in copy.text]

    async def test_a_full_page_of_500_is_served(self, rig: Rig) -> None:
        deliveries = rig.deliveries(500, "de")
        receipts = await send_all(rig.channel, an_edition(), "de", deliveries)
        assert_one_receipt_each(receipts, deliveries)
        assert all(isinstance(r.outcome, Accepted) for r in receipts)

    async def test_what_was_prepared_arrives_as_what_was_not(self, rig: Rig) -> None:
        edition, deliveries = an_edition(), rig.deliveries(3, "de")
        waiting = replace(edition, sequence=None, published_at=None, first_published_at=None)
        made = rig.channel.prepare(waiting, "de", deliveries[:2])  # the third came later
        receipts = await send_all(rig.channel, edition, "de", deliveries, made)
        assert_one_receipt_each(receipts, deliveries)
        assert all(isinstance(r.outcome, Accepted) for r in receipts)
        prepared = await rig.received()
        await send_all(rig.channel, edition, "de", deliveries)
        assert {copy.id for copy in prepared} == {copy.id for copy in await rig.received()}
        assert {copy.text for copy in prepared} == {copy.text for copy in await rig.received()}

    async def test_warming_sends_nothing_and_never_fails(self, rig: Rig) -> None:
        others = [found for found in (rig.dead(), rig.unwilling()) if found]
        addresses = [d.address for d in (*rig.deliveries(5, "de"), *others)]
        await rig.channel.warm(an_edition(), "de", addresses)
        await rig.channel.warm(an_unrenderable_edition(), "de", [*addresses, "no address"])
        assert await rig.received() == []
        deliveries = rig.deliveries(5, "de")
        receipts = await send_all(rig.channel, an_edition(), "de", deliveries)
        assert all(isinstance(r.outcome, Accepted) for r in receipts)

    async def test_who_stops_iterating_leaves_no_task_behind(self, rig: Rig) -> None:
        await send_all(rig.channel, an_edition(), "de", rig.deliveries(1, "de"))
        before = asyncio.all_tasks()
        sending = rig.channel.send(an_edition(), "de", rig.deliveries(50, "de"))
        async with aclosing(cast(AsyncGenerator[Receipt], sending)) as receipts:
            async for _ in receipts:
                break
        assert {task for task in asyncio.all_tasks() - before if _is_product(task)} == set()

    async def test_it_can_be_closed_twice_and_unused(self, rig: Rig) -> None:
        await rig.channel.close()
        await rig.channel.close()

    async def test_closing_leaves_no_task_behind(self, rig: Rig) -> None:
        before = asyncio.all_tasks()
        await send_all(rig.channel, an_edition(), "de", rig.deliveries(3, "de"))
        own = {task for task in asyncio.all_tasks() - before if _is_product(task)}
        await rig.channel.close()
        assert [task for task in own if not task.done()] == []

    async def test_no_log_record_holds_text_of_the_release(
        self, rig: Rig, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
    ) -> None:
        caplog.set_level(logging.DEBUG)
        others = [found for found in (rig.dead(), rig.unwilling()) if found]
        with structlog.testing.capture_logs() as structured:
            await send_all(rig.channel, an_edition(), "de", [*rig.deliveries(3, "de"), *others])
            await send_all(rig.channel, an_unrenderable_edition(), "de", rig.deliveries(3, "de"))
        own = [r for r in caplog.records if not r.name.startswith(self.foreign_loggers or ("\0",))]
        said = "\n".join([*(r.getMessage() for r in own), str(structured), *capfd.readouterr()])
        for word in (*editions.HEADLINE_MARKS.values(), *editions.BODY_MARKS.values()):
            assert word not in said

    async def test_no_receipt_holds_text_of_the_release(self, rig: Rig) -> None:
        others = [found for found in (rig.dead(), rig.unwilling()) if found]
        deliveries = [*rig.deliveries(2, "de"), *others]
        for receipt in await send_all(rig.channel, an_edition(), "de", deliveries):
            for word in (*editions.HEADLINE_MARKS.values(), *editions.BODY_MARKS.values()):
                assert word not in receipt.outcome.detail

    async def test_the_host_of_an_address_is_a_name_or_empty(self, rig: Rig) -> None:
        for delivery in rig.deliveries(2, "de"):
            host = rig.channel.host(delivery.address)
            assert host == host.strip().lower()
            assert "/" not in host and "@" not in host


def _is_product(task: asyncio.Task[object]) -> bool:
    """Is it a task of the channel, not of the world it sends to?"""
    file = getattr(getattr(task.get_coro(), "cr_code", None), "co_filename", "")
    return file.startswith(str(Path(tidewire.__file__).parent / "channels") + os.sep)
