"""What bounces and complaints say: samples of every kind, and what is no bounce at all."""

import base64
import quopri

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidewire.access.tokens import Signer
from tidewire.channels.email import reports, verdict, verp
from tidewire.channels.email.inbound import ACCEPTED, NOT_A_REPORT, findings, judged
from tidewire.channels.email.reply import BadReply, Reply, ReplyReader, outcome_of
from tidewire.model.delivery import Event, Feedback, Refused
from tidewire.model.errors import NotFound

TOKENS = Signer(b"s" * 32)
KEY = "42.1.9001"


def dsn(*recipients: str, kind: str = "message/delivery-status", enclosed: str = "") -> bytes:
    """A delivery status notification (RFC 3464) with these per-recipient blocks."""
    blocks = "\n\n".join(recipients)
    text = f"""From: MAILER-DAEMON@mx.news.example
To: someone@wire.example
Subject: Undelivered Mail
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b1"

--b1
Content-Type: text/plain

This is the mail system.

--b1
Content-Type: {kind}

Reporting-MTA: dns; mx.news.example
Arrival-Date: Tue, 3 Mar 2026 12:00:00 +0000

{blocks}

--b1
Content-Type: message/rfc822

{enclosed or "Subject: Original"}

Text.
--b1--
"""
    return text.replace("\n", "\r\n").encode()


def block(action: str, status: str, diagnosis: str = "") -> str:
    lines = ["Final-Recipient: rfc822; ada@news.example", f"Action: {action}", f"Status: {status}"]
    return "\n".join([*lines, f"Diagnostic-Code: smtp; {diagnosis}"] if diagnosis else lines)


def arf(original: str, kind: str = "abuse", more: str = "") -> bytes:
    """A feedback report (RFC 5965) about a mail with these header fields."""
    text = f"""From: fbl@mx.news.example
To: fbl@wire.example
Subject: Complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="b1"

--b1
Content-Type: text/plain

This is a report.

--b1
Content-Type: message/feedback-report

Feedback-Type: {kind}
User-Agent: Example/1.0
Version: 1
{more}
--b1
Content-Type: message/rfc822

{original}

Text.
--b1--
"""
    return text.replace("\n", "\r\n").encode()


def bounced(raw: bytes) -> Feedback | None:
    return findings("bounce", KEY, reports.read(raw), TOKENS)


@pytest.mark.parametrize(
    ("raw", "permanent", "code"),
    [
        (dsn(block("failed", "5.1.1", "550 5.1.1 no such user")), True, 550),
        (dsn(block("Failed", "5.0.0")), False, 0),
        (dsn(block("failed", "4.4.7", "451 4.4.7 expired")), False, 451),
        (dsn(block("failed", "4.2.2")), False, 0),
        (dsn(block("failed", "", "552 mailbox full")), False, 552),
        (dsn(block("failed", "5.0.0", "550 user unknown")), True, 550),
        (dsn(block("failed", "5.7.1", "550 user unknown to our policy")), False, 550),
        (dsn(block("failed", "5.2.2", "552 5.2.2 over quota")), False, 552),
        (dsn(block("delayed", "4.4.1"), block("failed", "5.1.1")), True, 0),
        (dsn(block("failed", "5.1.1"), kind="message/global-delivery-status"), True, 0),
    ],
)
def test_failures_are_bounces(raw: bytes, permanent: bool, code: int) -> None:
    found = bounced(raw)
    assert found is not None
    assert (found.release_id, found.version, found.endpoint_id) == (42, 1, 9001)
    assert (found.event, found.permanent, found.code) == (Event.BOUNCED, permanent, code)


@pytest.mark.parametrize("action", ["delayed", "delivered", "relayed", "expanded", "nonsense"])
def test_what_is_no_failure_is_no_bounce(action: str) -> None:
    assert bounced(dsn(block(action, "4.4.1"))) is None


def test_a_report_inside_the_enclosed_mail_is_not_read() -> None:
    inner = dsn(block("failed", "5.1.1")).decode()
    assert bounced(dsn(block("delayed", "4.4.1"), enclosed=inner.replace("b1", "b2"))) is None


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe\x00",
        b"Subject: I am away\r\n\r\nBack on Monday.",
        b"Content-Type: multipart/report",
    ],
)
def test_an_answering_machine_or_rubbish_is_no_bounce(raw: bytes) -> None:
    assert bounced(raw) is None


@pytest.mark.parametrize(("said", "permanent"), [(" (#5.1.1)", True), ("", False)])
def test_a_bounce_of_an_old_kind_is_judged_by_its_words(said: str, permanent: bool) -> None:
    qmail = (
        b"From: MAILER-DAEMON@mx.news.example\r\nTo: b@wire.example\r\n"
        b"Subject: failure notice\r\n\r\n"
        b"Hi. This is the qmail-send program at mx.news.example.\r\n"
        b"I'm afraid I wasn't able to deliver your message to the following addresses.\r\n"
        b"This is a permanent error; I've given up. Sorry it didn't work out.\r\n\r\n"
        b"<ada@news.example>:\r\nSorry, no mailbox here by that name." + said.encode() + b"\r\n\r\n"
        b"--- Below this line is a copy of the message.\r\n\r\nSubject: 5.1.1\r\n"
    )
    found = bounced(qmail)
    assert found is not None
    assert found.permanent is permanent


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    for start in (b"", b"Content-Type: multipart/report; boundary=b\r\n\r\n--b\r\n", b"\r\n"):
        bounced(start + raw)


LOCAL = verp.local_part(TOKENS, "bounce", KEY)
MAILTO = verp.local_part(TOKENS, "unsubscribe", KEY)
TOKEN = TOKENS.sign("unsubscribe", KEY)


@pytest.mark.parametrize(
    "raw",
    [
        arf(f"List-Unsubscribe: <https://wire.example/unsubscribe/{TOKEN}>"),
        arf(f"List-Unsubscribe: <https://w.example/x>,\n <mailto:{MAILTO.upper()}@wire.example>"),
        arf(f"Message-ID: {verp.message_id(TOKENS, KEY, 'wire.example')}"),
        arf(f"Return-Path: <{LOCAL}@wire.example>"),
        arf("Subject: x", more=f"Original-Mail-From: <{LOCAL}@wire.example>\n"),
        arf(f"List-Unsubscribe: <https://wire.example/unsubscribe/{TOKEN}>", kind="fraud"),
    ],
)
def test_a_complaint_is_matched_by_each_token_that_it_may_hold(raw: bytes) -> None:
    found = findings("complaint", "", reports.read(raw), TOKENS)
    assert found is not None
    assert (found.event, found.endpoint_id) == (Event.COMPLAINED, 9001)


@pytest.mark.parametrize(
    "raw",
    [
        arf("Subject: nothing of ours"),
        arf("Message-ID: <42.1.9001.AAAAAAAAAAAAAAAA@wire.example>"),
        arf("List-Unsubscribe: <https://wire.example/unsubscribe/42.1.9001>"),
        arf(f"List-Unsubscribe: </unsubscribe/{TOKENS.sign('preferences', KEY)}>"),
        arf("Subject: x", more="Original-Rcpt-To: ada@news.example\n"),
        arf(f"List-Unsubscribe: <https://wire.example/unsubscribe/{TOKEN}>", kind="not-spam"),
    ],
)
def test_a_complaint_without_a_token_of_ours_means_nothing(raw: bytes) -> None:
    assert findings("complaint", "", reports.read(raw), TOKENS) is None


def test_other_mail_to_a_complaint_box_is_turned_away() -> None:
    with pytest.raises(NotFound):
        findings("complaint", "", reports.read(b"Subject: hello\r\n\r\nWho?"), TOKENS)


@pytest.mark.parametrize(
    ("code", "text", "expected"),
    [
        (550, "5.1.1 <x>: Recipient address rejected", True),
        (550, "5.1.10 RecipientNotFound", True),
        (550, "User unknown in local recipient table", True),
        (550, "5.7.1 User unknown to our policy", False),
        (553, "5.1.8 sender address has null MX", False),
        (552, "mailbox full", False),
        (554, "no such user", False),
    ],
)
def test_who_is_gone_for_good(code: int, text: str, expected: bool) -> None:
    outcome = outcome_of(Reply(code, (text,)))
    assert isinstance(outcome, Refused)
    assert outcome.suppress is expected
    status = verdict.status_in(text) or "5.0.0"
    bounce = bounced(dsn(block("failed", status, f"{code} {text}")))
    assert bounce is not None
    assert bounce.permanent is expected


@pytest.mark.parametrize(
    ("status", "hard"),
    [(s, True) for s in ("5.1.0", "5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1")]
    + [(s, False) for s in ("5.1.4", "5.1.7", "5.1.8", "5.1.11", "5.2.2", "5.4.4", "5.7.1")],
)
def test_both_ways_of_refusing_are_judged_alike(status: str, hard: bool) -> None:
    outcome = outcome_of(Reply(550, (f"{status} user unknown",)))
    bounce = bounced(dsn(block("failed", status, "550 user unknown")))
    assert isinstance(outcome, Refused)
    assert bounce is not None
    assert (outcome.suppress, bounce.permanent) == (hard, hard)


def test_an_address_with_numbers_is_no_status() -> None:
    assert verdict.status_in("554 blocked: 5.1.1.10, see 15.1.1") == ""
    assert verdict.status_in("550-5.1.1 gone") == "5.1.1"


def test_details_name_nobody() -> None:
    said = "<Ada.Example@news.example>: ada.example unknown, see b=40x.example " + "x " * 90
    outcome = outcome_of(Reply(550, (said,)), "ada.example")
    assert isinstance(outcome, Refused)
    status = block("failed", "5.1.1", f"550 {said}").replace("ada@news", "ada.example@news")
    bounce = bounced(dsn(status))
    assert bounce is not None
    for detail in (outcome.detail, bounce.detail):
        assert "ada" not in detail.lower()
        assert "40x" not in detail
        assert "[address]" in detail and "unknown" in detail
        assert len(detail) <= 200


def test_a_long_word_costs_no_time() -> None:
    assert verdict.discreet("x" * 200_000) == "x" * 200_000
    assert verdict.discreet("x" * 200_000 + "@") == "[address]"


@pytest.mark.parametrize("encoding", ["8bit", "base64", "quoted-printable"])
def test_a_status_part_in_utf8_is_read_in_any_encoding(encoding: str) -> None:
    fields = f"Reporting-MTA: dns; mx.example\n\n{block('failed', '5.1.1', '550 Empfänger weg')}"
    coded = {
        "8bit": fields.encode(),
        "base64": base64.encodebytes(fields.encode()),
        "quoted-printable": quopri.encodestring(fields.encode()),
    }[encoding]
    raw = (
        b"Content-Type: multipart/report; boundary=b\n\n--b\n"
        b"Content-Type: message/global-delivery-status\n"
        b"Content-Transfer-Encoding: " + encoding.encode() + b"\n\n" + coded + b"\n--b--\n"
    )
    found = bounced(raw)
    assert found is not None
    assert found.permanent
    assert "Empfänger weg" in found.detail


NESTED = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n)
                  for n in range(200))  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    [
        NESTED,
        b"Content-Type: message/rfc822\r\n\r\n" * 5000,
        b"X-Many: 1\r\n" * 5000 + b"\r\n",
        b"\r\n" * 100_000,
    ],
)
def test_mail_that_is_made_to_cost_time_is_no_report(raw: bytes) -> None:
    assert reports.read(raw) is None
    purposes = [("bounce", KEY), ("complaint", ""), ("unsubscribe", KEY)]
    bounce, complaint, leave = judged(purposes, raw, TOKENS)
    assert (bounce, complaint) == (ACCEPTED, NOT_A_REPORT)
    assert isinstance(leave, Feedback)


def test_a_fault_in_reading_is_no_report(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_raw: object, *_more: object) -> None:
        raise RecursionError("deep inside")

    monkeypatch.setattr(reports, "message_from_bytes", fail)
    purposes = [("bounce", KEY), ("complaint", "")]
    assert judged(purposes, b"Subject: x\r\n\r\n", TOKENS) == [ACCEPTED, NOT_A_REPORT]
    monkeypatch.undo()
    monkeypatch.setattr(reports, "complaint_of", fail)
    assert judged(purposes, b"Subject: x\r\n\r\n", TOKENS) == [ACCEPTED, NOT_A_REPORT]


def test_only_so_many_keys_of_a_complaint_are_tried() -> None:
    ours = f"<https://wire.example/unsubscribe/{TOKEN}>"
    guesses = ",".join(f"<https://wire.example/unsubscribe/guess{n}>" for n in range(30))
    late = arf(f"List-Unsubscribe: {guesses},{ours}")
    assert findings("complaint", "", reports.read(late), TOKENS) is None
    early = arf(f"List-Unsubscribe: {ours},{guesses}")
    assert findings("complaint", "", reports.read(early), TOKENS) is not None


@given(st.lists(st.binary(max_size=50), max_size=10))
@settings(deadline=None)
def test_replies_are_cut_the_same_however_they_arrive(pieces: list[bytes]) -> None:
    def read(chunks: list[bytes]) -> list[Reply] | None:
        reader = ReplyReader()
        try:
            return [reply for chunk in chunks for reply in reader.feed(chunk)]
        except BadReply:
            return None

    whole = b"250-a\r\n250 b\r\n" + b"".join(pieces)
    assert read([whole]) == read([whole[i : i + 1] for i in range(len(whole))])
