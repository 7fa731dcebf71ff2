"""A relay that goes away: cut at every byte that it says and hears, 421 at every reply."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial

import pytest

from mail_world import QUICK, Serve, Talk
from tidewire.channels.email.mailbox import Mailbox
from tidewire.channels.email.pool import Pool
from tidewire.channels.email.session import Letter
from tidewire.channels.email.settings import read_settings
from tidewire.model.delivery import Accepted, Deferred, Outcome

LETTERS = 3
CONTENT = (b"Subject: cut\r\n\r\n", b"text\r\n")
EHLO = {True: "250-relay.example\r\n250 PIPELINING\r\n", False: "250 relay.example\r\n"}
GREETING = "220 relay.example\r\n"
ANSWERS = {"DATA": "354 go on\r\n"}
OK = "250 ok\r\n"
PER_LETTER = [OK, OK, "354 go on\r\n", OK]

Try = Callable[..., Awaitable[None]]


def spoken(pipelining: bool) -> list[str]:
    """All that a relay says that takes every letter."""
    return [GREETING, EHLO[pipelining], *(PER_LETTER * LETTERS)]


def said_bytes(pipelining: bool) -> int:
    return len("".join(spoken(pipelining)))


def heard_bytes() -> int:
    envelope = len("MAIL FROM:<b+1@wire.example>\r\nRCPT TO:<j1@news.example>\r\nDATA\r\n")
    return len("EHLO wire.example\r\n") + LETTERS * (envelope + len(b"".join(CONTENT)) + 3)


@dataclass
class Relay:
    """Takes mail, and goes away once so many bytes are said or heard, or says 421.

    `always`: on every connection; otherwise on the first only.
    """

    pipelining: bool
    say_bytes: int = 0
    hear_bytes: int = 0
    closing_at: int = 0  # the number of the reply that is a 421
    always: bool = False
    connections: int = 0
    said: bytes = b""
    delivered: Counter[str] = field(default_factory=Counter)

    def __call__(self) -> "Conversation":
        return Conversation(self)


class Conversation(Talk):
    """One connection to it."""

    def __init__(self, relay: Relay) -> None:
        super().__init__()
        self.relay = relay
        relay.connections += 1
        self.failing = relay.always or relay.connections == 1
        self.said = b""
        self.heard = 0
        self.replies = 0
        self.recipient = ""
        self.in_data = False

    def begin(self) -> None:
        self.say(GREETING)

    def data_received(self, data: bytes) -> None:
        limit = self.relay.hear_bytes
        if self.failing and limit and self.heard + len(data) >= limit:
            super().data_received(data[: limit - self.heard])
            self.transport.close()
            return
        self.heard += len(data)
        super().data_received(data)

    def take(self, line: str) -> None:
        if self.in_data:
            if line == ".":
                self.in_data = False
                self.end_of_mail()
            return
        verb = line.partition(" ")[0]
        if verb == "RCPT":
            self.recipient = line
        answer = EHLO[self.relay.pipelining] if verb == "EHLO" else ANSWERS.get(verb, OK)
        self.in_data = verb == "DATA" and not self.closes_next
        self.say(answer)

    def end_of_mail(self) -> None:
        if not self.closes_next:
            self.relay.delivered[self.recipient] += 1
        self.say(OK)

    @property
    def closes_next(self) -> bool:
        return self.failing and self.replies + 1 == self.relay.closing_at

    def say(self, answer: str) -> None:
        if self.transport.is_closing():
            return
        closing = self.closes_next
        text = b"421 4.3.2 closing\r\n" if closing else answer.encode()
        self.replies += 1
        limit = self.relay.say_bytes
        cut = self.failing and limit and len(self.said) + len(text) >= limit
        if cut:
            text = text[: limit - len(self.said)]
        self.said += text
        self.relay.said = self.said
        self.transport.write(text)
        if cut or closing:
            self.transport.close()


@pytest.fixture
async def attempt(serve: Serve) -> AsyncIterator[Try]:
    """Send the letters to a relay, and hold what was reported against what arrived."""
    pools: list[Pool] = []

    async def run(relay: Relay) -> None:
        url = f"smtp://127.0.0.1:{await serve(relay)}?tls=off"
        environment = {"TIDEWIRE_SMTP_URL": url, "TIDEWIRE_SMTP_CONNECTIONS": "1"}
        settings = read_settings(environment, "https://wire.example")
        assert settings.relay is not None
        pool = Pool(settings, settings.relay, QUICK)
        pools.append(pool)
        found: dict[int, list[Outcome]] = {n: [] for n in range(LETTERS)}
        async with asyncio.timeout(20):
            await pool.send([letter(n, found[n].append) for n in found])
        for n, outcomes in found.items():
            assert len(outcomes) == 1, "every letter is settled once"
            outcome = outcomes[0]
            times = relay.delivered[f"RCPT TO:<j{n}@news.example>"]
            if isinstance(outcome, Accepted):
                assert times == 1
            else:
                assert isinstance(outcome, Deferred)
                assert times <= outcome.unseen, "what may have arrived is told"
                if relay.closing_at:
                    assert outcome.code == 421
                    assert not outcome.unseen

    yield run
    for pool in pools:
        await pool.close()


def letter(n: int, settle: Callable[[Outcome], None]) -> Letter:
    return Letter(
        f"b+{n}@wire.example", Mailbox(f"j{n}", "news.example"), partial(tuple, CONTENT), settle
    )


@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "lockstep"])
async def test_the_positions_cover_the_whole_conversation(attempt: Try, pipelining: bool) -> None:
    relay = Relay(pipelining, hear_bytes=heard_bytes())
    await attempt(relay)
    assert relay.said.decode() == "".join(spoken(pipelining))
    assert sum(relay.delivered.values()) == LETTERS
    assert relay.connections == 1


@pytest.mark.parametrize("position", range(1, said_bytes(True) + 1))
async def test_a_cut_at_every_byte_of_a_pipelining_relay(attempt: Try, position: int) -> None:
    await attempt(Relay(True, say_bytes=position))
    await attempt(Relay(True, say_bytes=position, always=True))


@pytest.mark.parametrize("position", range(1, said_bytes(False) + 1))
async def test_a_cut_at_every_byte_of_a_relay_without_pipelining(
    attempt: Try, position: int
) -> None:
    await attempt(Relay(False, say_bytes=position))
    await attempt(Relay(False, say_bytes=position, always=True))


@pytest.mark.parametrize("position", range(1, heard_bytes(), 3))
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "lockstep"])
async def test_a_relay_that_hangs_up_while_it_is_spoken_to(
    attempt: Try, position: int, pipelining: bool
) -> None:
    await attempt(Relay(pipelining, hear_bytes=position))


@pytest.mark.parametrize("reply", range(1, len(spoken(True)) + 1))
@pytest.mark.parametrize("pipelining", [True, False], ids=["pipelining", "lockstep"])
@pytest.mark.parametrize("always", [True, False], ids=["always", "once"])
async def test_421_at_every_reply(attempt: Try, reply: int, pipelining: bool, always: bool) -> None:
    await attempt(Relay(pipelining, closing_at=reply, always=always))
