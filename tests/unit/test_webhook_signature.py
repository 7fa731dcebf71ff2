"""Webhook signatures and keys, checked by standardwebhooks and cryptography."""

import base64
import errno
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from fastapi import FastAPI
from httpx import ASGITransport, AsyncClient
from standardwebhooks import Webhook, WebhookVerificationError

from tidewire.channels.egress import Blocked
from tidewire.channels.posting.answer import outcome_of_answer, outcome_of_failure, retry_after
from tidewire.channels.posting.connection import BrokenOff
from tidewire.channels.posting.pool import NoConnection
from tidewire.channels.posting.settings import PostingSettings
from tidewire.channels.webhook.channel import message_id
from tidewire.channels.webhook.routes import KEYS_PATH, routes
from tidewire.channels.webhook.signature import rotate, sign, signing_keys
from tidewire.clock import FixedClock, SystemClock
from tidewire.model.delivery import Accepted, Deferred, Outcome, Refused
from tidewire.model.errors import BadInput, Misconfigured

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
BODY = '{"headline": "Größe & „Maß“"}'.encode()
SECRET = "whsec_" + base64.b64encode(b"a fictional secret of 32 bytes..").decode()
OTHER_SECRET = "whsec_" + base64.b64encode(b"another fictional secret, longer").decode()


def _verify(headers: dict[str, str], public: str, body: bytes = BODY) -> None:
    """Verify a v1a signature as a receiver would. Raises InvalidSignature."""
    key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public.removeprefix("whpk_")))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    for one in headers["webhook-signature"].split():
        version, signature = one.split(",")
        assert version == "v1a"
        try:
            key.verify(base64.b64decode(signature), signed)
        except InvalidSignature:
            continue
        return
    raise InvalidSignature


def test_hmac_is_verified_by_the_standards_own_library() -> None:
    at = SystemClock().now()
    headers = sign(BODY, message_id="msg_a_1_2", at=at, secret=SECRET, keys=())
    assert Webhook(SECRET).verify(BODY, headers) == {"headline": "Größe & „Maß“"}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(BODY + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(OTHER_SECRET).verify(BODY, headers)


def test_while_a_secret_is_rotated_both_verify() -> None:
    at = SystemClock().now()
    both = f"{SECRET} {OTHER_SECRET}"
    headers = sign(BODY, message_id="msg_a_1_2", at=at, secret=both, keys=())
    assert Webhook(SECRET).verify(BODY, headers)
    assert Webhook(OTHER_SECRET).verify(BODY, headers)


@pytest.mark.parametrize(
    "secret",
    ["hunter2", "whsec_", "whsec_!!!", "whsec_" + base64.b64encode(b"short").decode(), "whsec_ä"],
)
def test_a_secret_that_is_none_is_refused(secret: str) -> None:
    with pytest.raises(BadInput):
        sign(BODY, message_id="msg_a_1_2", at=NOW, secret=secret, keys=())


def test_ed25519_is_verified_with_the_published_key(tmp_path: Path) -> None:
    keys = signing_keys(tmp_path, NOW)
    headers = sign(BODY, message_id="msg_a_1_2", at=NOW, secret="", keys=keys)
    _verify(headers, keys[0].public)
    with pytest.raises(InvalidSignature):
        _verify(headers, keys[0].public, BODY + b" ")
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_the_key_is_made_once_and_is_the_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = signing_keys(folder, NOW)[0].public
    assert signing_keys(folder, NOW)[0].public == first
    assert (folder / "webhook.key").stat().st_mode & 0o777 == 0o600
    assert folder.stat().st_mode & 0o777 == 0o700
    assert list(folder.iterdir()) == [folder / "webhook.key"]


def test_a_rotated_key_signs_beside_the_new_one_for_a_day(tmp_path: Path) -> None:
    before = signing_keys(tmp_path, NOW)[0].public
    rotate(tmp_path, NOW)
    keys = signing_keys(tmp_path, NOW + timedelta(hours=23, minutes=59))
    assert len(keys) == 2
    headers = sign(BODY, message_id="msg_a_1_2", at=NOW, secret="", keys=keys)
    _verify(headers, before)
    _verify(headers, keys[0].public)
    later = signing_keys(tmp_path, NOW + timedelta(hours=24))
    assert [key.public for key in later] == [keys[0].public]
    assert keys[0].public != before
    modes = {file.stat().st_mode & 0o777 for file in tmp_path.iterdir()}
    assert modes == {0o600}


@pytest.mark.parametrize("content", ["", "whsk_", "nonsense", "whsk_AAAA", "\xff\xfe"])
def test_a_broken_key_file_is_told_to_the_operator(tmp_path: Path, content: str) -> None:
    (tmp_path / "webhook.key").write_text(content)
    with pytest.raises(Misconfigured, match=r"webhook\.key"):
        signing_keys(tmp_path, NOW)


async def test_the_public_keys_are_served_and_no_private_one(tmp_path: Path) -> None:
    application = FastAPI()
    application.include_router(routes(tmp_path, FixedClock(NOW)))
    keys = signing_keys(tmp_path, NOW)
    transport = ASGITransport(application)
    async with AsyncClient(transport=transport, base_url="https://wire.example") as client:
        alone = await client.get(KEYS_PATH)
        rotate(tmp_path, NOW)
        both = await client.get(KEYS_PATH)
    assert alone.json() == {"keys": [{"algorithm": "v1a", "key": keys[0].public, "until": None}]}
    assert alone.headers["cache-control"] == "public, max-age=3600"
    assert [key["until"] for key in both.json()["keys"]] == [None, "2026-03-04T12:00:00+00:00"]
    assert both.json()["keys"][1]["key"] == keys[0].public
    assert "whsk_" not in both.text


def test_the_message_id_is_stable_and_holds_no_full_stop() -> None:
    assert message_id("abc123", "42.1.9001") == "msg_abc123_1_9001"


@pytest.mark.parametrize(
    ("status", "later", "outcome"),
    [
        (200, "", Accepted(200)),
        (204, "", Accepted(204)),
        (299, "", Accepted(299)),
        (301, "", Refused(301, "a redirect is not followed")),
        (304, "", Refused(304, "a redirect is not followed")),
        (308, "", Refused(308, "a redirect is not followed")),
        (410, "", Refused(410, "gone for good", disable=True)),
        (400, "", Deferred(400, blame_host=False)),
        (401, "", Deferred(401, blame_host=False)),
        (404, "", Deferred(404, blame_host=False)),
        (413, "", Deferred(413, blame_host=False)),
        (429, "90", Deferred(429, "", 90.0, blame_host=False, overloaded=True)),
        (500, "", Deferred(500)),
        (503, "Tue, 03 Mar 2026 12:02:00 GMT", Deferred(503, after=120.0)),
    ],
)
def test_what_an_answer_means(status: int, later: str, outcome: Outcome) -> None:
    assert outcome_of_answer(status, later, NOW) == outcome


@pytest.mark.parametrize(
    ("cause", "outcome"),
    [
        (Blocked(), Refused(0, "the address is private or reserved")),
        (OSError(errno.ECONNREFUSED, "x"), Deferred(0, "connect: ECONNREFUSED")),
        (OSError(errno.EHOSTUNREACH, "x"), Deferred(0, "connect: EHOSTUNREACH")),
        (OSError("several"), Deferred(0, "connect: OSError")),
        (socket.gaierror(socket.EAI_NONAME, "x"), Deferred(0, "connect: gaierror")),
        # What is our own does not count against the host.
        (socket.gaierror(socket.EAI_AGAIN, "x"), Deferred(0, "connect: gaierror", None, False)),
        (OSError(errno.EMFILE, "x"), Deferred(0, "connect: EMFILE", blame_host=False)),
        (OSError(errno.ENETUNREACH, "x"), Deferred(0, "connect: ENETUNREACH", blame_host=False)),
    ],
)
def test_what_a_failed_connection_means(cause: OSError, outcome: Outcome) -> None:
    assert outcome_of_failure(NoConnection(cause)) == outcome


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (TimeoutError(), Deferred(0, "timeout", overloaded=True, unseen=True)),
        (NoConnection(TimeoutError()), Deferred(0, "timeout", overloaded=True)),
        (BrokenOff("closed"), Deferred(0, "broken off: closed", unseen=True)),
        (KeyError("text"), Deferred(0, "our own fault: KeyError", blame_host=False)),
    ],
)
def test_what_no_answer_means(error: Exception, outcome: Outcome) -> None:
    assert outcome_of_failure(error) == outcome


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 0 ", 0.0),
        ("Tue, 03 Mar 2026 12:05:00 GMT", 300.0),
        ("Tuesday, 03-Mar-26 12:05:00 GMT", 300.0),
        ("Tue Mar  3 12:05:00 2026", 300.0),
        ("Tue, 03 Mar 2026 11:00:00 GMT", 0.0),
        ("9" * 400, 999999999.0),
        ("", None),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("٣", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert retry_after(value, NOW) == seconds


@pytest.mark.parametrize(
    "environment",
    [
        {"TIDEWIRE_WEBHOOK_TIMEOUT": "soon"},
        {"TIDEWIRE_WEBHOOK_TIMEOUT": "0"},
        {"TIDEWIRE_WEBHOOK_TIMEOUT": "nan"},
        {"TIDEWIRE_WEBHOOK_CONCURRENCY": "-1"},
        {"TIDEWIRE_WEBHOOK_CONCURRENCY": "0.5"},
    ],
)
def test_a_wrong_setting_is_told_to_the_operator(environment: dict[str, str]) -> None:
    with pytest.raises(Misconfigured, match=next(iter(environment))):
        PostingSettings.of(environment)


@pytest.mark.parametrize("content", [None, "this is no certificate"])
def test_an_unreadable_authority_is_told_to_the_operator(
    tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content:
        file.write_text(content)
    settings = PostingSettings.of({"TIDEWIRE_EXTRA_CA_FILE": str(file)})
    with pytest.raises(Misconfigured, match="TIDEWIRE_EXTRA_CA_FILE"):
        settings.trust()
