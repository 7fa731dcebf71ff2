"""Mails made before the moment: what is sent is what was signed, and says T0."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from email.utils import parsedate_to_datetime

import dkim
import pytest
from aiosmtpd.smtp import SMTP

from editions import an_edition
from tidewire.access.tokens import Signer
from tidewire.channels.channel import ChannelContext
from tidewire.channels.email.channel import EmailChannel
from tidewire.channels.email.dkim import DkimSigner, open_signer
from tidewire.model.delivery import Accepted, Outgoing

EDITION = an_edition()
STAGED = replace(EDITION, sequence=None, published_at=None, first_published_at=None)


class Postbox:
    def __init__(self):
        self.taken = []

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        self.taken.append(envelope.content)
        return "250 ok"


@pytest.fixture
async def world(database, clock, tmp_path):
    """(channel, postbox, the verifier's key)"""
    loop, postbox = asyncio.get_running_loop(), Postbox()
    server = await loop.create_server(lambda: SMTP(postbox, loop=loop), "127.0.0.1", 0)
    url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    context = ChannelContext(
        clock, database, Signer(b"s" * 32), "https://wire.example", tmp_path,
        {"TIDEWIRE_SMTP_URL": url},
    )  # fmt: skip
    channel = EmailChannel(context)
    (key,) = open_signer(tmp_path, "wire.example", "tidewire").keys
    yield channel, postbox, key
    await channel.close()
    server.close()
    await server.wait_closed()


def to(number, name="Fictional Reader"):
    address = f"j{number}@news.example"
    return Outgoing(number, address, f"42.1.{number}", 1, "de", name=name)


async def sent(channel, deliveries, made, edition=EDITION):
    receipts = [r async for r in channel.send(edition, "de", deliveries, made)]
    assert all(isinstance(r.outcome, Accepted) for r in receipts)


@pytest.fixture
def signatures(monkeypatch):
    """How often something was signed."""
    count, sign = [], DkimSigner.sign

    def counting(self, *given):
        count.append(1)
        return sign(self, *given)

    monkeypatch.setattr(DkimSigner, "sign", counting)
    return count


async def test_nothing_is_signed_at_the_moment(world, signatures):
    channel, postbox, key = world
    deliveries = [to(1), to(2)]
    made = channel.prepare(STAGED, "de", deliveries)
    assert len(signatures) == 2
    await sent(channel, deliveries, made)
    assert len(signatures) == 2
    for raw in postbox.taken:
        assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: key.record().encode())


async def test_a_prepared_mail_is_dated_with_its_moment(world, clock):
    channel, postbox, _ = world
    clock.advance(-600)
    made = channel.prepare(STAGED, "de", [to(1)])
    clock.advance(600)
    await sent(channel, [to(1)], made)
    message = message_from_bytes(postbox.taken[0], policy=default)
    assert parsedate_to_datetime(message["Date"]) == EDITION.t0
    assert f"t={int(EDITION.t0.timestamp())};" in message["DKIM-Signature"]


@pytest.mark.parametrize(
    "late",
    [
        {"edition": replace(EDITION, release=replace(EDITION.release, licence="Free to use"))},
        {"edition": replace(EDITION, published_at=EDITION.t0 + timedelta(minutes=5))},
        {"delivery": to(1, name="Another Name")},
        {"delivery": replace(to(1), address="elsewhere@news.example")},
    ],
    ids=["the text changed", "it went out late", "the name changed", "the address changed"],
)
async def test_what_has_changed_since_is_signed_anew(world, signatures, late):
    channel, postbox, key = world
    made = channel.prepare(STAGED, "de", [to(1)])
    await sent(channel, [late.get("delivery", to(1))], made, late.get("edition", EDITION))
    assert len(signatures) == 2
    assert dkim.verify(postbox.taken[0], dnsfunc=lambda name, timeout=5: key.record().encode())


async def test_warming_opens_the_connections_that_sending_uses(world):
    channel, _, _ = world
    await channel.warm(STAGED, "de", ["j1@news.example"])
    opened = len(channel._pool._idle)
    assert opened > 1
    await sent(channel, [to(1)], b"")
    assert len(channel._pool._idle) == opened


async def test_without_preparation_the_first_mail_is_out_before_the_last_is_signed(
    world, signatures
):
    """A release that goes at once: signing and sending overlap."""
    channel, postbox, _ = world
    signed_at_first = []
    took = postbox.handle_DATA

    async def handle(*given):
        signed_at_first.append(len(signatures))
        return await took(*given)

    postbox.handle_DATA = handle
    await sent(channel, [to(number) for number in range(1, 201)], b"")
    assert len(signatures) == len(postbox.taken) == 200
    assert signed_at_first[0] < 200
