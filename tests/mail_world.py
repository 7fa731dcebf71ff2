"""Mail servers to send to: aiosmtpd's, and one that answers by a script and cuts the line."""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from editions import an_edition
from tidewire.access.tokens import Signer
from tidewire.channels.email.channel import EmailChannel
from tidewire.channels.email.line import Patience
from tidewire.model.delivery import Outcome, Outgoing

TOKENS = Signer(b"s" * 32)
QUICK = Patience(connect=5, command=5, final=5)

Serve = Callable[[Callable[[], asyncio.BaseProtocol]], Awaitable[int]]
Open = Callable[..., EmailChannel]


async def outcomes(channel: EmailChannel, *addresses: str) -> list[Outcome]:
    """What became of one mail to each address, in the order of the addresses."""
    deliveries = [
        Outgoing(n, address, f"42.1.{n}", 1, "en", name=f"Reader {n}")
        for n, address in enumerate(addresses, start=1)
    ]
    async with asyncio.timeout(30):
        found = {
            r.endpoint_id: r.outcome async for r in channel.send(an_edition(), "en", deliveries)
        }
    assert len(found) == len(deliveries)
    return [found[delivery.endpoint_id] for delivery in deliveries]


@dataclass
class Postbox:
    """A handler for aiosmtpd that keeps what it gets, and answers as it is told."""

    answers: dict[str, str] = field(default_factory=dict)
    taken: list[Envelope] = field(default_factory=list)
    tls: list[bool] = field(default_factory=list)

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.answers.get(address, "250 ok")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        self.taken.append(envelope)
        self.tls.append(session.ssl is not None)
        return "250 queued"


def smtp(postbox: Postbox, **given: object) -> Callable[[], SMTP]:
    loop = asyncio.get_running_loop()
    return lambda: SMTP(postbox, loop=loop, **given)


class Talk(asyncio.Protocol):
    """One connection of a mail server that is made up: it cuts what comes in into lines."""

    def __init__(self) -> None:
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        self.begin()

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n" in self.buffer and not self.transport.is_closing():
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            self.take(line.decode())

    def begin(self) -> None:
        raise NotImplementedError

    def take(self, line: str) -> None:
        raise NotImplementedError


class Script(Talk):
    """A mail server that answers by a script and cuts the line after so many replies."""

    def __init__(self, world: "World") -> None:
        super().__init__()
        self.world = world
        self.replies = 0
        self.data = False

    def begin(self) -> None:
        self.world.connections += 1
        self.say(self.world.script.get("GREETING", "220 relay.example ESMTP"))

    def take(self, line: str) -> None:
        if self.data and line != ".":
            return
        verb = "." if self.data else line.split(" ")[0].split(":")[0].upper()
        self.world.heard.append(line)
        answer = self.world.script.get(
            verb, {"DATA": "354 go on", "QUIT": "221 bye"}.get(verb, "250 ok")
        )
        if verb == ".":
            self.data = False
            self.world.delivered += answer.startswith("2")
        if verb == "DATA":
            self.data = answer.startswith("354")
        self.say(answer)

    def say(self, answer: str) -> None:
        if answer == "silence":
            return
        if answer == "cut":
            self.transport.close()
            return
        self.transport.write(answer.encode() + b"\r\n")
        self.replies += 1
        if self.replies == self.world.cut_after or answer.startswith("421"):
            self.transport.close()


@dataclass
class World:
    """How a scripted server behaves, and what it saw."""

    script: dict[str, str] = field(default_factory=dict)
    cut_after: int = 0
    connections: int = 0
    delivered: int = 0
    heard: list[str] = field(default_factory=list)

    def __call__(self) -> Script:
        return Script(self)


PIPELINING = {"EHLO": "250-relay.example\r\n250-SIZE 1000000\r\n250 PIPELINING"}
LOCKSTEP = {"EHLO": "250-relay.example\r\n250 8BITMIME"}


def certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """A server context with a certificate for localhost, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    at = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at)
        .not_valid_after(at + timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "relay.pem", folder / "relay.key"
    certificate_file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_file, key_file)
    return context, certificate_file
