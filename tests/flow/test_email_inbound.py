"""Mail that comes back over SMTP and LMTP: taken only where a token of ours proves it."""

import asyncio
import re
import smtplib
import threading
from collections.abc import AsyncIterator
from email.message import Message
from pathlib import Path

import pytest

from tidewire.access.tokens import Signer
from tidewire.channels.channel import ChannelContext
from tidewire.channels.email import reports, verp
from tidewire.channels.email.inbound import MOST_BYTES, InboundMail
from tidewire.clock import FixedClock
from tidewire.model.delivery import Event, Feedback
from tidewire.model.errors import Misconfigured
from tidewire.store.database import Database

TOKENS = Signer(b"s" * 32)
KEY = "42.1.9001"
BOUNCE = verp.local_part(TOKENS, "bounce", KEY)
LEAVE = verp.local_part(TOKENS, "unsubscribe", KEY)
DSN = """From: MAILER-DAEMON@mx.news.example
To: bounce@wire.example
Subject: Undelivered
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.news.example

Final-Recipient: rfc822; someone.else@news.example
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b--
"""


class Heard:
    """Keeps what was heard; fails where the test says so."""

    def __init__(self) -> None:
        self.feedback: list[Feedback] = []
        self.broken = False

    async def __call__(self, feedback: Feedback) -> None:
        if self.broken:
            raise ConnectionError("the store is away")
        self.feedback.append(feedback)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def inbound(clock: FixedClock, tmp_path: Path, heard: Heard) -> AsyncIterator[InboundMail]:
    """An SMTP server for what comes back."""
    server = make(clock, tmp_path, heard)
    await server.start()
    yield server
    await server.close()


def make(clock: FixedClock, folder: Path, heard: Heard, **more: str) -> InboundMail:
    environment = {
        "TIDEWIRE_INBOUND_ADDRESS": "127.0.0.1:0",
        "TIDEWIRE_BOUNCE_DOMAIN": "bounce.wire.example",
        **more,
    }
    database = Database("postgresql://unused.example/none")
    base = "https://wire.example"
    return InboundMail(ChannelContext(clock, database, TOKENS, base, folder, environment), heard)


async def send(server: InboundMail, *to: str, text: str = DSN, lmtp: bool = False) -> object:
    """Send by the standard library's client, which is not ours; returns what it says."""

    def work() -> object:
        kind = smtplib.LMTP if lmtp else smtplib.SMTP
        with kind("127.0.0.1", server.port, timeout=10) as client:
            try:
                return client.sendmail("", list(to), text.replace("\n", "\r\n").encode())
            except smtplib.SMTPException as error:
                return error

    return await asyncio.to_thread(work)


async def test_a_bounce_is_heard_for_whom_the_token_names(
    inbound: InboundMail, heard: Heard
) -> None:
    assert await send(inbound, f"{BOUNCE.upper()}@Bounce.Wire.Example") == {}
    (found,) = heard.feedback
    assert found == Feedback(42, 1, 9001, Event.BOUNCED, 550, found.detail, True)


async def test_a_mail_to_the_unsubscribe_address_unsubscribes(
    inbound: InboundMail, heard: Heard
) -> None:
    assert await send(inbound, f"{LEAVE}@bounce.wire.example", text="Subject: x\n\n") == {}
    assert [f.event for f in heard.feedback] == [Event.UNSUBSCRIBED]


async def test_a_complaint_is_heard(inbound: InboundMail, heard: Heard) -> None:
    link = f"https://wire.example/unsubscribe/{TOKENS.sign('unsubscribe', KEY)}"
    report = re.sub("delivery-status", "feedback-report", DSN).replace(
        "Reporting-MTA: dns; mx.news.example\n", "Feedback-Type: abuse\nVersion: 1"
    )
    report = report.replace(
        "--b--", f"--b\nContent-Type: text/rfc822-headers\n\nList-Unsubscribe: <{link}>\n\n--b--"
    )
    assert await send(inbound, "fbl@wire.example", text=report) == {}
    assert [(f.event, f.endpoint_id) for f in heard.feedback] == [(Event.COMPLAINED, 9001)]


@pytest.mark.parametrize(
    "address",
    [
        "someone@wire.example",
        "b+AAAA@bounce.wire.example",
        f"b+{LEAVE[2:]}@bounce.wire.example",
        f"{BOUNCE}@elsewhere.example",
        f"{BOUNCE[:-1]}@bounce.wire.example",
    ],
)
async def test_other_addresses_are_turned_away(
    inbound: InboundMail, heard: Heard, address: str
) -> None:
    answer = await send(inbound, address)
    assert isinstance(answer, smtplib.SMTPRecipientsRefused)
    assert answer.recipients[address][0] == 550
    assert heard.feedback == []


async def test_a_persons_mail_to_the_complaint_box_is_turned_away_not_swallowed(
    inbound: InboundMail,
) -> None:
    answer = await send(inbound, "abuse@wire.example", text="Subject: hello\n\nHello?\n")
    assert isinstance(answer, smtplib.SMTPDataError)
    assert answer.smtp_code == 550


async def test_what_cannot_be_recorded_stays_with_the_sender(
    inbound: InboundMail, heard: Heard
) -> None:
    heard.broken = True
    answer = await send(inbound, f"{BOUNCE}@bounce.wire.example")
    assert isinstance(answer, smtplib.SMTPDataError)
    assert answer.smtp_code == 451


async def test_too_large_a_mail_is_turned_away(inbound: InboundMail, heard: Heard) -> None:
    text = DSN + "x" * 900 + ("\n" + "x" * 900) * (MOST_BYTES // 900)
    answer = await send(inbound, f"{BOUNCE}@bounce.wire.example", text=text)
    assert isinstance(answer, smtplib.SMTPException)
    assert heard.feedback == []


async def test_a_recipient_is_taken_once_and_so_is_a_complaint_box(
    inbound: InboundMail, heard: Heard
) -> None:
    first, again = f"{BOUNCE}@bounce.wire.example", f"{BOUNCE.upper()}@wire.example"
    refused = await send(inbound, first, again)
    assert isinstance(refused, dict)
    assert {address: answer[0] for address, answer in refused.items()} == {again: 550}
    assert len(heard.feedback) == 1
    boxes = await send(inbound, "abuse@wire.example", "fbl@wire.example", first)
    assert isinstance(boxes, smtplib.SMTPDataError)  # this is no complaint


async def test_many_recipients_cost_one_reading_off_the_loop(
    inbound: InboundMail, heard: Heard, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[int] = []
    read = reports.read

    def counted(raw: bytes) -> Message | None:
        threads.append(threading.get_ident())
        return read(raw)

    monkeypatch.setattr(reports, "read", counted)
    keys = [f"42.1.{n}" for n in range(9001, 9011)]
    to = [f"{verp.local_part(TOKENS, 'bounce', key)}@wire.example" for key in keys]
    assert await send(inbound, *to) == {}
    assert len(heard.feedback) == 10
    assert len(threads) == 1
    assert threads[0] != threading.get_ident()


async def test_a_second_mail_of_one_session_may_name_the_same_recipient(
    inbound: InboundMail, heard: Heard
) -> None:
    def work() -> None:
        with smtplib.SMTP("127.0.0.1", inbound.port, timeout=10) as client:
            for _ in range(2):
                client.sendmail("", [f"{BOUNCE}@wire.example"], DSN.replace("\n", "\r\n"))

    await asyncio.to_thread(work)
    assert len(heard.feedback) == 2


async def test_mail_made_to_cost_time_gets_a_plain_answer(
    inbound: InboundMail, heard: Heard
) -> None:
    deep = "Content-Type: message/rfc822\n\n" * 5000
    assert await send(inbound, f"{BOUNCE}@wire.example", text=deep) == {}
    answer = await send(inbound, "abuse@wire.example", text=deep)
    assert isinstance(answer, smtplib.SMTPDataError)
    assert answer.smtp_code == 550
    assert b"Recursion" not in bytes(answer.smtp_error)
    assert heard.feedback == []


async def test_over_lmtp_each_recipient_has_an_answer(
    clock: FixedClock, tmp_path: Path, heard: Heard
) -> None:
    server = make(clock, tmp_path, heard, TIDEWIRE_INBOUND_LMTP="1")
    await server.start()
    to = [f"{BOUNCE}@bounce.wire.example", "abuse@wire.example"]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)

    async def say(line: str) -> str:
        writer.write(line.encode() + b"\r\n")
        while (answer := (await reader.readline()).decode())[3] == "-":
            pass
        return answer

    await reader.readline()
    await say("LHLO mx.news.example")
    await say("MAIL FROM:<>")
    for address in to:
        assert (await say(f"RCPT TO:<{address}>")).startswith("250")
    assert (await say("DATA")).startswith("354")
    first = await say(DSN.replace("\n", "\r\n") + ".")
    second = (await reader.readline()).decode()
    assert (first[:3], second[:3]) == ("250", "550")
    assert [f.event for f in heard.feedback] == [Event.BOUNCED]
    writer.close()
    await writer.wait_closed()
    await server.close()


async def test_without_an_address_it_does_not_listen(
    clock: FixedClock, tmp_path: Path, heard: Heard
) -> None:
    server = make(clock, tmp_path, heard, TIDEWIRE_INBOUND_ADDRESS="")
    assert not server.wanted
    with pytest.raises(Misconfigured, match="no address"):
        await server.start()


async def test_an_address_that_is_taken_is_said(
    clock: FixedClock, tmp_path: Path, heard: Heard, inbound: InboundMail
) -> None:
    address = f"127.0.0.1:{inbound.port}"
    second = make(clock, tmp_path, heard, TIDEWIRE_INBOUND_ADDRESS=address)
    with pytest.raises(Misconfigured, match="cannot listen"):
        await second.start()
