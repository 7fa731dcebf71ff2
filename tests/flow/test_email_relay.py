"""Mail over real connections: relays of every kind, and relays that fail at every point."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import dkim
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from editions import an_edition
from tidewire.access.tokens import Signer
from tidewire.channels.channel import ChannelContext
from tidewire.channels.email import verp
from tidewire.channels.email.channel import EmailChannel
from tidewire.channels.email.dkim import open_signer
from tidewire.channels.email.line import Patience
from tidewire.clock import FixedClock
from tidewire.model.delivery import Accepted, Deferred, Outcome, Outgoing, Refused
from tidewire.store.database import Database

TOKENS = Signer(b"s" * 32)
QUICK = Patience(connect=5, command=5, final=5)

Serve = Callable[[Callable[[], asyncio.BaseProtocol]], Awaitable[int]]
Open = Callable[..., EmailChannel]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Start a server on a free port of this machine; gone after the test."""
    servers: list[asyncio.Server] = []

    async def start(protocol: Callable[[], asyncio.BaseProtocol], **given: object) -> int:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(protocol, "127.0.0.1", 0, **given)  # type: ignore[arg-type]
        servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    yield start
    for server in servers:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def open_channel(clock: FixedClock, tmp_path: Path) -> AsyncIterator[Open]:
    """Channels with a relay of the test's choosing."""
    opened: list[EmailChannel] = []
    database = Database("postgresql://unused.example/none")

    def make(url: str = "", *, patience: Patience = QUICK, **environment: str) -> EmailChannel:
        variables = {"TIDEWIRE_SMTP_URL": url, "TIDEWIRE_SMTP_CONNECTIONS": "1", **environment}
        context = ChannelContext(
            clock, database, TOKENS, "https://wire.example", tmp_path, variables
        )
        opened.append(EmailChannel(context, patience=patience))
        return opened[-1]

    yield make
    for channel in opened:
        await channel.close()


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


class Script(asyncio.Protocol):
    """A mail server that answers by a script and cuts the line after so many replies."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.replies = 0
        self.data = False
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's are no subclass
        self.world.connections += 1
        self.say(self.world.script.get("GREETING", "220 relay.example ESMTP"))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while b"\r\n" in self.buffer and not self.transport.is_closing():
            line, _, self.buffer = self.buffer.partition(b"\r\n")
            self.take(line)

    def take(self, line: bytes) -> None:
        if self.data and line != b".":
            return
        verb = "." if self.data else line.decode().split(" ")[0].split(":")[0].upper()
        self.world.heard.append(line.decode())
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


@pytest.mark.parametrize("extensions", [PIPELINING, LOCKSTEP], ids=["pipelining", "lockstep"])
async def test_mail_is_taken_with_and_without_pipelining(
    serve: Serve, open_channel: Open, extensions: dict[str, str]
) -> None:
    world = World(dict(extensions))
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    found = await outcomes(channel, *[f"j{n}@news.example" for n in range(20)])
    assert {outcome.code for outcome in found} == {250}
    assert (world.delivered, world.connections) == (20, 1)


@pytest.mark.parametrize("offered", [True, False])
async def test_bounces_need_not_hold_the_mail_where_the_relay_can_leave_it_out(
    serve: Serve, open_channel: Open, offered: bool
) -> None:
    world = World({"EHLO": "250-relay.example\r\n250 DSN"} if offered else dict(PIPELINING))
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    await outcomes(channel, "ada@news.example")
    (line,) = [line for line in world.heard if line.startswith("MAIL FROM")]
    assert line.endswith("> RET=HDRS") is offered


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("code", [450, 550])
async def test_a_receipt_names_nobody(
    serve: Serve, open_channel: Open, verb: str, code: int
) -> None:
    world = World(PIPELINING | {verb: f"{code} Ada@news.example: ada cannot be reached"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    (outcome,) = await outcomes(channel, "ada@news.example")
    assert outcome.detail == f"{code} [address] [address] cannot be reached"


async def test_without_a_relay_no_mail_leaves_and_the_receipt_says_so(open_channel: Open) -> None:
    (outcome,) = await outcomes(open_channel(), "ada@news.example")
    assert isinstance(outcome, Deferred)
    assert outcome.detail == "no mail leaves: set TIDEWIRE_SMTP_URL"
    assert not outcome.blame_host


async def test_a_mail_arrives_signed_under_its_own_sender(
    serve: Serve, open_channel: Open, tmp_path: Path
) -> None:
    postbox = Postbox()
    channel = open_channel(f"smtp://127.0.0.1:{await serve(smtp(postbox))}")
    assert isinstance((await outcomes(channel, "ada@news.example"))[0], Accepted)
    (envelope,) = postbox.taken
    local, _, domain = envelope.mail_from.partition("@")
    assert verp.read_local_part(TOKENS, "bounce", local) == "42.1.1"
    assert domain == "wire.example"
    (key,) = open_signer(tmp_path, "wire.example", "tidewire").keys
    assert dkim.verify(envelope.content, dnsfunc=lambda name, timeout=5: key.record().encode())


async def test_each_recipient_has_an_answer_of_their_own(serve: Serve, open_channel: Open) -> None:
    postbox = Postbox(
        {
            "gone@news.example": "550 5.1.1 no such user",
            "policy@news.example": "550 5.7.1 not wanted",
            "old@news.example": "550 user unknown",
            "busy@news.example": "450 4.2.1 come back",
        }
    )
    channel = open_channel(f"smtp://127.0.0.1:{await serve(smtp(postbox))}")
    names = ["a", "gone", "policy", "b", "old", "busy", "c"]
    found = await outcomes(channel, *[f"{name}@news.example" for name in names])
    good = [outcome for outcome in found if isinstance(outcome, Accepted)]
    assert len(good) == 3 == len(postbox.taken)
    assert [(f.code, f.suppress) for f in found if isinstance(f, Refused)] == [
        (550, True),
        (550, False),
        (550, True),
    ]
    busy = found[5]
    assert isinstance(busy, Deferred)
    assert (busy.code, busy.blame_host, busy.unseen) == (450, False, False)


async def test_a_refused_recipient_though_data_was_let_through(
    serve: Serve, open_channel: Open
) -> None:
    world = World({**PIPELINING, "RCPT": "550 5.1.1 no", ".": "554 no valid recipients"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    found = await outcomes(channel, "a@news.example", "b@news.example")
    assert all(isinstance(outcome, Refused) and outcome.suppress for outcome in found)
    assert world.delivered == 0


async def test_a_refused_sender_does_not_suppress_the_reader(
    serve: Serve, open_channel: Open
) -> None:
    world = World({**LOCKSTEP, "MAIL": "550 5.1.1 sender unknown"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert outcome == Refused(550, "550 5.1.1 sender unknown")


@pytest.mark.parametrize("cut_after", range(1, 14))
@pytest.mark.parametrize("extensions", [PIPELINING, LOCKSTEP], ids=["pipelining", "lockstep"])
async def test_a_relay_that_cuts_the_line_loses_nothing(
    serve: Serve, open_channel: Open, extensions: dict[str, str], cut_after: int
) -> None:
    world = World(dict(extensions), cut_after=cut_after)
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    found = await outcomes(channel, *[f"j{n}@news.example" for n in range(4)])
    accepted = sum(isinstance(outcome, Accepted) for outcome in found)
    unseen = [o for o in found if isinstance(o, Deferred) and o.unseen]
    assert all(isinstance(o, Accepted | Deferred) for o in found)
    assert all("uncertain" in o.detail for o in unseen)
    # What arrived was reported as accepted or as uncertain, never as not sent.
    assert accepted <= world.delivered <= accepted + len(unseen)


@pytest.mark.parametrize("extensions", [PIPELINING, LOCKSTEP], ids=["pipelining", "lockstep"])
async def test_a_cut_before_the_last_word_is_uncertain(
    serve: Serve, open_channel: Open, extensions: dict[str, str]
) -> None:
    world = World({**extensions, ".": "cut"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    first, second = await outcomes(channel, "a@news.example", "b@news.example")
    assert isinstance(first, Deferred) and first.unseen and "uncertain" in first.detail
    assert isinstance(second, Deferred) and not second.unseen


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize("extensions", [PIPELINING, LOCKSTEP], ids=["pipelining", "lockstep"])
async def test_421_defers_whatever_is_open(
    serve: Serve, open_channel: Open, extensions: dict[str, str], verb: str
) -> None:
    world = World({**extensions, verb: "421 4.3.2 closing down"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    found = await outcomes(channel, *[f"j{n}@news.example" for n in range(3)])
    assert all(isinstance(o, Deferred) and not o.unseen and o.blame_host for o in found)
    assert found[0].code == 421
    assert world.connections == 1


async def test_a_relay_that_takes_three_mails_a_connection_gets_them_all(
    serve: Serve, open_channel: Open
) -> None:
    world = World(dict(PIPELINING), cut_after=2 + 3 * 4)
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    found = await outcomes(channel, *[f"j{n}@news.example" for n in range(12)])
    assert all(isinstance(outcome, Accepted) for outcome in found)
    assert world.delivered == 12


async def test_a_kept_connection_that_died_is_replaced(serve: Serve, open_channel: Open) -> None:
    world = World(dict(PIPELINING), cut_after=2 + 4)
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    for _ in range(3):
        assert isinstance((await outcomes(channel, "a@news.example"))[0], Accepted)


@pytest.mark.parametrize("verb", ["GREETING", "EHLO", "MAIL", "."])
async def test_a_silent_relay_is_not_waited_for_for_ever(
    serve: Serve, open_channel: Open, verb: str
) -> None:
    world = World({**PIPELINING, verb: "silence"})
    patience = Patience(connect=5, command=0.05, final=0.05)
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}", patience=patience)
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred)
    assert outcome.overloaded and outcome.blame_host and "no answer" in outcome.detail
    assert outcome.unseen is (verb == ".")


@pytest.mark.parametrize("greeting", ["554 no service", "hello there", "220-" + "x" * 5000, "\0\0"])
async def test_what_is_no_mail_server_is_deferred(
    serve: Serve, open_channel: Open, greeting: str
) -> None:
    channel = open_channel(f"smtp://127.0.0.1:{await serve(World({'GREETING': greeting}))}")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred) and outcome.blame_host


async def test_a_relay_that_is_not_there_is_deferred(serve: Serve, open_channel: Open) -> None:
    port = await serve(World())
    channel = open_channel("smtp://127.0.0.1:1" if port != 1 else "smtp://127.0.0.1:2")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred) and "cannot be reached" in outcome.detail


async def test_smtputf8_is_used_for_who_needs_it_only(serve: Serve, open_channel: Open) -> None:
    postbox = Postbox()
    channel = open_channel(f"smtp://127.0.0.1:{await serve(smtp(postbox, enable_SMTPUTF8=True))}")
    found = await outcomes(channel, "jürgen@bücher.example", "ada@bücher.example")
    assert all(isinstance(outcome, Accepted) for outcome in found)
    taken = {envelope.rcpt_tos[0]: envelope for envelope in postbox.taken}
    assert taken["jürgen@xn--bcher-kva.example"].smtp_utf8
    assert not taken["ada@xn--bcher-kva.example"].smtp_utf8


async def test_without_smtputf8_an_address_that_needs_it_is_refused(
    serve: Serve, open_channel: Open
) -> None:
    channel = open_channel(
        f"smtp://127.0.0.1:{await serve(smtp(Postbox(), enable_SMTPUTF8=False))}"
    )
    first, second = await outcomes(channel, "jürgen@news.example", "ada@news.example")
    assert isinstance(first, Refused) and first.code == 553 and not first.suppress
    assert isinstance(second, Accepted)


async def test_what_is_no_address_is_refused_before_anything_is_sent(
    serve: Serve, open_channel: Open
) -> None:
    world = World(dict(PIPELINING))
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    (outcome,) = await outcomes(channel, "a@x.example>\r\nRCPT TO:<b@x.example")
    assert isinstance(outcome, Refused) and outcome.code == 553
    assert world.connections == 0


async def test_starttls_where_it_is_required(
    serve: Serve, open_channel: Open, tmp_path: Path
) -> None:
    context, authority = certificate(tmp_path)
    postbox = Postbox()
    port = await serve(smtp(postbox, tls_context=context, require_starttls=True))
    channel = open_channel(
        f"smtp://localhost:{port}?tls=required", TIDEWIRE_EXTRA_CA_FILE=str(authority)
    )
    assert isinstance((await outcomes(channel, "a@news.example"))[0], Accepted)
    assert postbox.tls == [True]


async def test_a_certificate_that_is_not_trusted_is_not_sent_to(
    serve: Serve, open_channel: Open, tmp_path: Path
) -> None:
    context, _ = certificate(tmp_path)
    postbox = Postbox()
    port = await serve(smtp(postbox, tls_context=context))
    (outcome,) = await outcomes(
        open_channel(f"smtp://localhost:{port}?tls=required"), "a@news.example"
    )
    assert isinstance(outcome, Deferred) and "no TLS" in outcome.detail
    assert postbox.taken == []


async def test_implicit_tls(serve: Serve, open_channel: Open, tmp_path: Path) -> None:
    context, authority = certificate(tmp_path)
    postbox = Postbox()
    port = await serve(smtp(postbox), ssl=context)  # type: ignore[call-arg]
    channel = open_channel(f"smtps://localhost:{port}", TIDEWIRE_EXTRA_CA_FILE=str(authority))
    assert isinstance((await outcomes(channel, "a@news.example"))[0], Accepted)


async def test_tls_that_is_required_but_not_offered_fails(serve: Serve, open_channel: Open) -> None:
    world = World(dict(PIPELINING))
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}?tls=required")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred) and "STARTTLS" in outcome.detail
    assert world.delivered == 0


async def test_replies_slipped_in_behind_starttls_are_refused(
    serve: Serve, open_channel: Open
) -> None:
    offer = {"EHLO": "250-relay.example\r\n250 STARTTLS", "STARTTLS": "220 go\r\n250 injected"}
    channel = open_channel(f"smtp://localhost:{await serve(World(offer))}?tls=required")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred)
    assert "more than its answer to STARTTLS" in outcome.detail


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("excluded", ["LOGIN", "PLAIN"])
@pytest.mark.parametrize(("password", "accepted"), [("pa:ss", True), ("wrong", False)])
async def test_logging_in(
    serve: Serve, open_channel: Open, excluded: str, password: str, accepted: bool
) -> None:
    def check(
        server: SMTP, session: Session, envelope: Envelope, how: str, given: object
    ) -> AuthResult:
        right = isinstance(given, LoginPassword) and given == LoginPassword(b"wire", b"pa:ss")
        return AuthResult(success=right, handled=right)

    protocol = smtp(
        Postbox(),
        authenticator=check,
        auth_required=True,
        auth_require_tls=False,
        auth_exclude_mechanism=[excluded],
    )
    url = f"smtp://wire:{password.replace(':', '%3A')}@127.0.0.1:{await serve(protocol)}"
    (outcome,) = await outcomes(open_channel(url), "a@news.example")
    assert isinstance(outcome, Accepted) is accepted
    assert password not in outcome.detail


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


async def test_a_strange_answer_to_data_ends_the_connection(
    serve: Serve, open_channel: Open
) -> None:
    world = World({**PIPELINING, "DATA": "250 what?"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred)
    assert not outcome.unseen
    assert world.delivered == 0
