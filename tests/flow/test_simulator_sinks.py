"""The world's servers, met by clients that are not ours."""

import asyncio
import base64
import contextlib
import smtplib
import ssl
from collections.abc import AsyncIterator
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

import aiohttp
import pytest
from standardwebhooks.webhooks import Webhook

from loopback import Loopback
from tidewire.clock import SystemClock
from tidewire.simulator.mail_sink import Mail, MailSink
from tidewire.simulator.run import Ports, Simulation, Wire, simulation
from tidewire.simulator.tempers import (
    MailTemper,
    WebTemper,
    mail_temper,
    slowness,
    web_temper,
)
from tidewire.simulator.truth import Truth
from tidewire.simulator.world import Size, World, webhook_url

SEED = 11


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Simulation]:
    made = World(SEED, Size(65, 50, 100, 5))
    async with simulation(tmp_path, made, SystemClock(), wire=Wire(), ports=Ports()) as running:
        yield running


def _mail(recipient: str, message_id: str, text: str = "Hello\n") -> bytes:
    message = EmailMessage()
    message["From"] = "wire@wire.example"
    message["To"] = recipient
    message["Message-ID"] = f"<{message_id}>"
    message.set_content(text)
    return message.as_bytes(policy=SMTP)


def _mailbox(temper: MailTemper) -> str:
    addresses = (f"j-{number:05d}@newsroom.example" for number in range(1, 5000))
    return next(a for a in addresses if mail_temper(SEED, a) is temper)


def _send(port: int, recipient: str, content: bytes) -> int:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as session:
        try:
            session.sendmail("bounce+1@wire.example", [recipient], content)
        except smtplib.SMTPRecipientsRefused as error:
            return int(error.recipients[recipient][0])
        except smtplib.SMTPDataError as error:
            return int(error.smtp_code)
        return 250


async def test_mailboxes_answer_by_their_temper(world: Simulation) -> None:
    expected = {
        MailTemper.OPEN: [250],
        MailTemper.GREYLISTED: [451, 250],
        MailTemper.FULL: [452, 452],
        MailTemper.UNKNOWN: [550],
        MailTemper.PICKY: [554],
        MailTemper.BOUNCING: [250],
    }
    taken, refused = set(), set()
    for temper, codes in expected.items():
        address = _mailbox(temper)
        content = _mail(address, f"{temper}@wire.example")
        for code in codes:
            assert await asyncio.to_thread(_send, world.ports.smtp, address, content) == code
        if codes[-1] == 250:
            taken.add(f"{address} {temper}@wire.example")
        elif codes[-1] >= 500:
            refused.add(f"{address} bounce+1@wire.example")
    assert set(world.truth.accepted["email"]) == taken
    assert set(world.truth.refused["email"]) == refused


async def test_a_mail_that_comes_twice_is_a_repeat(world: Simulation) -> None:
    address = _mailbox(MailTemper.OPEN)
    content = _mail(address, "same@wire.example")
    for _ in range(2):
        await asyncio.to_thread(_send, world.ports.smtp, address, content)
    document = world.truth.document()
    assert document["accepted"]["email"] == [f"{address} same@wire.example"]
    assert document["repeats"]["email"] == {f"{address} same@wire.example": 1}


async def _talk(port: int, said: bytes, *, size: int) -> list[str]:
    """Send `said` in pieces of `size`, then read what comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for start in range(0, len(said), size):
        writer.write(said[start : start + size])
        await writer.drain()
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return [line[:3].decode() for line in answer.splitlines()]


@pytest.mark.parametrize("size", [1, 7, 100_000])
async def test_pipelined_mails_are_cut_where_they_end(size: int) -> None:
    taken: list[Mail] = []
    truth = Truth()
    server = await MailSink(SEED, truth, taken.append).listen("127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    one = (
        b"MAIL FROM:<a@wire.example> BODY=8BITMIME\r\nRCPT TO:<x@y.example>\r\nDATA\r\n"
        b"Message-ID: <one@wire.example>\r\n\r\n..dots\r\nmid.\r\n..\r\n.\r\n"
    )
    two = (
        "MAIL FROM:<b@wire.example> SMTPUTF8\r\nRCPT TO:<ñ-x@y.example>\r\nDATA\r\n"
        "message-id:\r\n <two@wire.example>\r\n\r\nà\r\n.\r\n"
    ).encode()
    codes = await _talk(port, b"EHLO c.example\r\n" + one + two + b"QUIT\r\n", size=size)
    server.close()
    await server.wait_closed()
    assert [code for code in codes if code != "250"] == ["220", "354", "354", "221"]
    assert [(m.sender, m.recipient, m.message_id) for m in taken] == [
        ("a@wire.example", "x@y.example", "one@wire.example"),
        ("b@wire.example", "ñ-x@y.example", "two@wire.example"),
    ]
    assert taken[0].content.endswith(b"\r\n\r\n.dots\r\nmid.\r\n.\r\n")
    assert taken[1].content.endswith("à\r\n".encode())


async def test_data_without_a_recipient_is_refused_and_the_session_goes_on() -> None:
    taken: list[Mail] = []
    server = await MailSink(SEED, Truth(), taken.append).listen("127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    gone = _mailbox(MailTemper.UNKNOWN)
    said = (
        f"EHLO c\r\nMAIL FROM:<a@w.example>\r\nRCPT TO:<{gone}>\r\nDATA\r\nRSET\r\n"
        "MAIL FROM:<a@w.example>\r\nRCPT TO:<x@y.example>\r\nDATA\r\n.\r\nNONSENSE\r\nQUIT\r\n"
    ).encode()
    codes = await _talk(port, said, size=100_000)
    server.close()
    await server.wait_closed()
    assert [code for code in codes if code != "250"] == ["220", "550", "554", "354", "502", "221"]


@contextlib.asynccontextmanager
async def _client(world: Simulation) -> AsyncIterator[aiohttp.ClientSession]:
    context = ssl.create_default_context(cafile=str(world.folder / "ca.pem"))
    connector = aiohttp.TCPConnector(ssl=context, resolver=Loopback())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


def _outlet(temper: WebTemper, *, secret: bool | None = None) -> int:
    made = World(SEED, Size(65, 1, 1, 1))
    numbers = (n for n in range(1, 5000) if web_temper(SEED, n) is temper)
    return next(n for n in numbers if secret is None or bool(made.secret(n)) is secret)


def _headers(number: int, webhook_id: str, body: bytes) -> dict[str, str]:
    secret = World(SEED, Size(65, 1, 1, 1)).secret(number)
    now = SystemClock().now()
    signature = "v1a," + base64.b64encode(bytes(64)).decode()
    if secret:
        signature = Webhook(secret).sign(webhook_id, now, body.decode())
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": signature,
    }


async def _post(
    session: aiohttp.ClientSession, world: Simulation, number: int, webhook_id: str
) -> tuple[int, str]:
    body = b'{"a":1}'
    url = webhook_url(number, world.ports.https)
    headers = _headers(number, webhook_id, body)
    async with session.post(url, data=body, headers=headers) as answer:
        return answer.status, answer.headers.get("Retry-After", "")


async def test_endpoints_answer_by_their_temper(world: Simulation) -> None:
    expected = {
        WebTemper.FAST: [(204, "")],
        WebTemper.BUSY: [(429, "20"), (204, "")],
        WebTemper.SHAKY: [(500, ""), (204, "")],
        WebTemper.BROKEN: [(500, ""), (500, "")],
        WebTemper.GONE: [(410, "")],
    }
    taken = set()
    async with _client(world) as session:
        for temper, answers in expected.items():
            number = _outlet(temper)
            for answer in answers:
                assert await _post(session, world, number, f"msg_{temper}") == answer
            if answers[-1][0] == 204:
                taken.add(f"{webhook_url(number, world.ports.https)} msg_{temper}")
    assert set(world.truth.accepted["webhook"]) == taken
    gone = webhook_url(_outlet(WebTemper.GONE), world.ports.https)
    assert set(world.truth.refused["webhook"]) == {f"{gone} msg_gone"}
    assert world.truth.faults == []


async def test_a_silent_endpoint_never_answers_and_nothing_is_noted(world: Simulation) -> None:
    async with _client(world) as session:
        silent = asyncio.create_task(_post(session, world, _outlet(WebTemper.SILENT), "msg_1"))
        await _post(session, world, _outlet(WebTemper.SLOW), "msg_1")  # takes 0.3 s or more
        assert not silent.done()
        silent.cancel()
    assert slowness(SEED, _outlet(WebTemper.SLOW)) >= 0.3
    assert [key.split()[1] for key in world.truth.accepted["webhook"]] == ["msg_1"]


async def test_a_signature_that_standardwebhooks_makes_is_taken_and_another_is_not(
    world: Simulation,
) -> None:
    number = _outlet(WebTemper.FAST, secret=True)
    url = webhook_url(number, world.ports.https)
    headers = _headers(number, "msg_1", b"{}")
    async with _client(world) as session:
        async with session.post(url, data=b"{}", headers=headers) as answer:
            assert answer.status == 204
        async with session.post(url, data=b"{} ", headers=headers) as answer:
            assert answer.status == 401
        async with session.post(url, data=b"{}") as answer:
            assert answer.status == 401
    assert len(world.truth.faults) == 2


async def test_the_certificate_is_for_the_worlds_hosts_only(world: Simulation) -> None:
    context = ssl.create_default_context(cafile=str(world.folder / "ca.pem"))
    for host, fits in (("outlet-0001.sim.localhost", True), ("outlet-0001.example", False)):
        connection = asyncio.open_connection(
            "127.0.0.1", world.ports.https, ssl=context, server_hostname=host
        )
        if not fits:
            with pytest.raises(ssl.SSLCertVerificationError):
                await connection
            continue
        _, writer = await connection
        writer.close()
        with contextlib.suppress(ssl.SSLError):
            await writer.wait_closed()


async def test_the_control_port_tells_the_truth(world: Simulation) -> None:
    address = _mailbox(MailTemper.OPEN)
    await asyncio.to_thread(_send, world.ports.smtp, address, _mail(address, "a@wire.example"))
    control = f"http://127.0.0.1:{world.ports.control}"
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{control}/rest") as answer:
            assert answer.status == 202
            assert (await answer.json())["accepted"]["email"] == 1
        async with session.get(f"{control}/truth") as answer:
            truth = await answer.json()
    assert truth["accepted"]["email"] == [f"{address} a@wire.example"]
    assert truth["answers"]["email"] == {"250": 1}
