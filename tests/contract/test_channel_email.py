"""The email channel against the contract, with a real mail server on loopback."""

import asyncio
import email
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from contract.channel_contract import ChannelContract, Copy, outgoing
from tidewire.access.tokens import Signer
from tidewire.channels.channel import ChannelContext
from tidewire.channels.email.channel import EmailChannel
from tidewire.clock import FixedClock
from tidewire.model.delivery import Outgoing
from tidewire.store.database import Database


class Postbox:
    """A mail server's handler: two addresses are out of order, the rest accept."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("busy@"):
            return "450 4.2.1 mailbox busy"
        if address.startswith("gone@"):
            return "550 5.1.1 user unknown"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.taken.append(envelope.content)
        return "250 ok"


class MailRig:
    """The channel and its mail server."""

    def __init__(self, channel: EmailChannel, postbox: Postbox) -> None:
        self.channel = channel
        self.postbox = postbox

    def deliveries(self, count: int, language: str) -> list[Outgoing]:
        return [outgoing(n, f"j{n}@news.example", language) for n in range(1, count + 1)]

    def dead(self) -> Outgoing | None:
        return outgoing(9001, "busy@news.example", "de")

    def unwilling(self) -> Outgoing | None:
        return outgoing(9002, "gone@news.example", "de")

    async def received(self) -> list[Copy]:
        return [_copy(raw) for raw in self.postbox.taken]


def _copy(raw: bytes) -> Copy:
    message = email.message_from_bytes(raw, policy=default)
    assert isinstance(message, EmailMessage)
    texts = [str(part.get_content()) for part in message.iter_parts()]
    return Copy(str(message["Message-ID"]), "\n".join([str(message["Subject"]), *texts]))


class TestEmail(ChannelContract):
    foreign_loggers = ("mail", "asyncio")

    @pytest.fixture
    async def rig(
        self, database: Database, clock: FixedClock, tmp_path: Path
    ) -> AsyncIterator[MailRig]:
        loop, postbox = asyncio.get_running_loop(), Postbox()
        server = await loop.create_server(lambda: SMTP(postbox, loop=loop), "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        environment = {"TIDEWIRE_SMTP_URL": f"smtp://127.0.0.1:{port}"}
        tokens = Signer(b"s" * 32)
        context = ChannelContext(
            clock, database, tokens, "https://wire.example", tmp_path, environment
        )
        channel = EmailChannel(context)
        yield MailRig(channel, postbox)
        await channel.close()
        server.close()
        await server.wait_closed()
