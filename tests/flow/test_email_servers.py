"""Mail through Postfix and its smtp-sink, with and without each extension."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import dkim
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from mail_programs import SERVICES, postfix, smtp_sink
from mail_world import Open, Postbox, certificate, outcomes, smtp
from tidewire.channels.email.dkim import open_signer
from tidewire.model.delivery import Accepted, Deferred, Refused

READERS = [f"j{n}@news.example" for n in range(12)]


@pytest.mark.parametrize(
    "options",
    [[], ["-8"], ["-p"], ["-e"], ["-E"], ["-N"], ["-a", "-C", "-F"], ["-8", "-p", "-N"], ["-P"]],
    ids=" ".join,
)
async def test_smtp_sink_takes_every_mail_once_whatever_it_offers(
    open_channel: Open, options: list[str]
) -> None:
    with smtp_sink(*options) as sink:
        url = f"smtp://127.0.0.1:{sink.port}"
        channel = open_channel(url, TIDEWIRE_SMTP_CONNECTIONS="3")
        found = await outcomes(channel, *READERS)
        await channel.close()
        assert all(isinstance(outcome, Accepted) for outcome in found), found
        assert sink.recipients() == sorted(READERS)


@pytest.mark.parametrize("lockstep", [[], ["-p"]], ids=["pipelining", "lockstep"])
@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
async def test_smtp_sink_refuses_and_defers(
    open_channel: Open, verb: str, lockstep: list[str]
) -> None:
    for option, kind, code in (("-f", Refused, 500), ("-r", Deferred, 450), ("-Q", Deferred, 421)):
        with smtp_sink(*lockstep, option, verb) as sink:
            channel = open_channel(f"smtp://127.0.0.1:{sink.port}")
            found = await outcomes(channel, *READERS[:4])
            await channel.close()
            assert {(type(outcome), outcome.code) for outcome in found} == {(kind, code)}
            assert not any(isinstance(outcome, Deferred) and outcome.unseen for outcome in found)


@pytest.mark.parametrize("verb", ["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "."])
async def test_smtp_sink_hangs_up(open_channel: Open, verb: str) -> None:
    with smtp_sink("-q", verb) as sink:
        channel = open_channel(f"smtp://127.0.0.1:{sink.port}")
        first, *rest = await outcomes(channel, *READERS[:4])
        assert isinstance(first, Deferred)
        assert first.unseen is (verb == ".")
        assert all(isinstance(outcome, Deferred) and not outcome.unseen for outcome in rest)


async def test_smtp_sink_says_no_before_it_has_the_mail(open_channel: Open) -> None:
    with smtp_sink("-A", "0") as sink:
        found = await outcomes(open_channel(f"smtp://127.0.0.1:{sink.port}"), *READERS[:2])
        assert not any(isinstance(outcome, Accepted) for outcome in found)
        assert sink.recipients() == []


@dataclass
class Journalists(Postbox):
    """Where Postfix sends on to; rings at each mail."""

    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        answer = await super().handle_DATA(server, session, envelope)
        self.came.set()
        return answer

    async def have(self, count: int) -> list[Envelope]:
        """The mails, once there are so many."""
        async with asyncio.timeout(60):
            while len(self.taken) < count:
                self.came.clear()
                await self.came.wait()
        return self.taken


@dataclass
class Mta:
    """A running Postfix: its ports, whom it sends on to, and the certificate to trust."""

    ports: Mapping[str, int]
    journalists: Journalists
    authority: Path


@pytest.fixture(scope="module")
async def mta(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Mta]:
    journalists, folder = Journalists(), tmp_path_factory.mktemp("mta")
    _, authority = certificate(folder)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(smtp(journalists, enable_SMTPUTF8=True), "127.0.0.1", 0)
    onward = server.sockets[0].getsockname()[1]
    with postfix(onward, authority, folder / "relay.key") as ports:
        yield Mta(ports, journalists, authority)
    server.close()
    await server.wait_closed()


@pytest.fixture(autouse=True)
def empty(request: pytest.FixtureRequest) -> None:
    if "mta" in request.fixturenames:
        request.getfixturevalue("mta").journalists.taken.clear()


@pytest.mark.parametrize("service", SERVICES)
async def test_postfix_sends_every_mail_on_once_and_unbroken(
    mta: Mta, open_channel: Open, tmp_path: Path, service: str
) -> None:
    query = "?tls=required" if service == "starttls" else ""
    channel = open_channel(
        f"smtp://localhost:{mta.ports[service]}{query}",
        TIDEWIRE_SMTP_CONNECTIONS="2",
        TIDEWIRE_EXTRA_CA_FILE=str(mta.authority),
    )
    found = await outcomes(channel, *READERS)
    assert all(isinstance(outcome, Accepted) for outcome in found), found
    taken = await mta.journalists.have(len(READERS))
    assert sorted(to for envelope in taken for to in envelope.rcpt_tos) == sorted(READERS)
    assert len({envelope.mail_from for envelope in taken}) == len(READERS)
    (key,) = open_signer(tmp_path, "wire.example", "tidewire").keys
    for envelope in taken:
        record = key.record().encode()
        assert dkim.verify(envelope.content, dnsfunc=lambda name, timeout=5, r=record: r)


@pytest.mark.parametrize("service", ["everything", "no-pipelining"])
async def test_postfix_answers_for_each_recipient(
    mta: Mta, open_channel: Open, service: str
) -> None:
    names = ["j1", "gone", "j2", "busy", "gone", "j3"]
    addresses = [f"{name}@news.example" for name in names]
    channel = open_channel(f"smtp://127.0.0.1:{mta.ports[service]}")
    found = await outcomes(channel, *addresses)
    assert [outcome.code for outcome in found] == [250, 550, 250, 450, 550, 250]
    assert [isinstance(o, Refused) and o.suppress for o in found] == [
        code == 550 for code in [250, 550, 250, 450, 550, 250]
    ]
    assert len(await mta.journalists.have(3)) == 3


@pytest.mark.parametrize("service", ["everything", "no-pipelining"])
async def test_postfix_closes_in_the_middle_and_nothing_is_taken_for_sent(
    mta: Mta, open_channel: Open, service: str
) -> None:
    channel = open_channel(f"smtp://127.0.0.1:{mta.ports[service]}")
    found = await outcomes(channel, "j1@news.example", "last@news.example", "j2@news.example")
    assert isinstance(found[0], Accepted)
    assert isinstance(found[1], Deferred) and found[1].code == 421 and not found[1].unseen
    assert isinstance(found[2], Deferred) and found[2].code == 421 and not found[2].unseen
    assert len(await mta.journalists.have(1)) == 1


async def test_postfix_takes_an_address_beyond_ascii_where_it_says_so(
    mta: Mta, open_channel: Open
) -> None:
    with_it = open_channel(f"smtp://127.0.0.1:{mta.ports['everything']}")
    without = open_channel(f"smtp://127.0.0.1:{mta.ports['no-smtputf8']}")
    assert isinstance((await outcomes(with_it, "jürgen@news.example"))[0], Accepted)
    (outcome,) = await outcomes(without, "jürgen@news.example")
    assert isinstance(outcome, Refused) and outcome.code == 553
    (envelope,) = await mta.journalists.have(1)
    assert envelope.rcpt_tos == ["jürgen@news.example"]


async def test_postfix_that_requires_tls_gets_nothing_in_the_clear(
    mta: Mta, open_channel: Open
) -> None:
    port = mta.ports["starttls"]
    (outcome,) = await outcomes(open_channel(f"smtp://127.0.0.1:{port}?tls=off"), READERS[0])
    assert isinstance(outcome, Refused) and outcome.code == 530 and not outcome.suppress
    assert mta.journalists.taken == []
