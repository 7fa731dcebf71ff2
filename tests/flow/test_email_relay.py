"""Mail over real connections: relays of every kind, and relays that fail at every point."""

from pathlib import Path

import dkim
import pytest
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from mail_world import (
    LOCKSTEP,
    PIPELINING,
    QUICK,
    TOKENS,
    Open,
    Postbox,
    Serve,
    World,
    certificate,
    outcomes,
    smtp,
)
from tidewire.channels.email import verp
from tidewire.channels.email.dkim import open_signer
from tidewire.channels.email.line import Patience
from tidewire.channels.email.mailbox import Mailbox
from tidewire.channels.email.pool import Pool
from tidewire.channels.email.session import Letter
from tidewire.channels.email.settings import read_settings
from tidewire.model.delivery import Accepted, Deferred, Outcome, Refused


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


@pytest.mark.parametrize(
    "slipped",
    ["250 injected", "250-relay.example\r\n250 AUTH PLAIN", "250-half a reply", "2", "\0"],
)
async def test_replies_slipped_in_behind_starttls_are_refused(
    serve: Serve, open_channel: Open, slipped: str
) -> None:
    offer = {"EHLO": "250-relay.example\r\n250 STARTTLS", "STARTTLS": f"220 go\r\n{slipped}"}
    world = World(offer)
    channel = open_channel(f"smtp://localhost:{await serve(world)}?tls=required")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred)
    assert not outcome.unseen
    assert [line for line in world.heard if "MAIL" in line or "AUTH" in line] == []


@pytest.mark.parametrize("answer", ["454 4.7.0 no TLS now", "501 what?", "421 4.3.2 closing"])
async def test_where_starttls_is_refused_nothing_goes_in_the_clear(
    serve: Serve, open_channel: Open, answer: str
) -> None:
    world = World({"EHLO": "250-relay.example\r\n250 STARTTLS", "STARTTLS": answer})
    channel = open_channel(f"smtp://localhost:{await serve(world)}?tls=required")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred)
    assert outcome.code == int(answer[:3])
    assert world.heard[-1] == "STARTTLS"


async def test_an_answer_from_before_the_mail_is_no_answer_to_it(
    serve: Serve, open_channel: Open
) -> None:
    world = World({**PIPELINING, "DATA": "354 go on\r\n250 queued"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred)
    assert "before it had it" in outcome.detail
    assert not outcome.unseen
    assert world.delivered == 0


async def test_a_refusal_from_before_the_mail_is_one(serve: Serve, open_channel: Open) -> None:
    world = World({**PIPELINING, "DATA": "354 go on\r\n550 5.7.1 not you"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    found = await outcomes(channel, "a@news.example", "b@news.example")
    assert [outcome.code for outcome in found] == [550, 550]
    assert world.connections == 2


async def test_a_relay_that_says_more_than_it_was_asked_is_not_used_again(
    serve: Serve, open_channel: Open
) -> None:
    world = World({**PIPELINING, ".": "250 queued\r\n250 and more"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    for _ in range(2):
        assert isinstance((await outcomes(channel, "a@news.example"))[0], Accepted)
    assert world.connections == 2


async def test_connections_are_opened_ahead_and_used(serve: Serve) -> None:
    world = World(dict(PIPELINING))
    url = f"smtp://127.0.0.1:{await serve(world)}"
    environment = {"TIDEWIRE_SMTP_URL": url, "TIDEWIRE_SMTP_CONNECTIONS": "3"}
    settings = read_settings(environment, "https://wire.example")
    assert settings.relay is not None
    pool = Pool(settings, settings.relay, QUICK)
    await pool.warm()
    await pool.warm()
    assert world.connections == 3
    found: list[Outcome] = []
    mails = [
        Letter("", Mailbox(f"j{n}", "news.example"), lambda: (b"\r\n", b""), found.append)
        for n in range(9)
    ]
    await pool.send(mails)
    assert [outcome.code for outcome in found] == [250] * 9
    assert world.connections == 3
    await pool.close()


async def test_opening_ahead_does_not_mind_a_relay_that_is_not_there() -> None:
    settings = read_settings({"TIDEWIRE_SMTP_URL": "smtp://127.0.0.1:1"}, "https://wire.example")
    assert settings.relay is not None
    pool = Pool(settings, settings.relay, QUICK)
    await pool.warm()
    found: list[Outcome] = []
    await pool.send([Letter("", Mailbox("a", "b.example"), lambda: (b"", b""), found.append)])
    assert isinstance(found[0], Deferred) and "cannot be reached" in found[0].detail


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


async def test_a_strange_answer_to_data_ends_the_connection(
    serve: Serve, open_channel: Open
) -> None:
    world = World({**PIPELINING, "DATA": "250 what?"})
    channel = open_channel(f"smtp://127.0.0.1:{await serve(world)}")
    (outcome,) = await outcomes(channel, "a@news.example")
    assert isinstance(outcome, Deferred)
    assert not outcome.unseen
    assert world.delivered == 0
