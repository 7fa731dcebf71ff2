"""DKIM signatures, held against dkimpy."""

import base64
import hashlib
import stat
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from dkim.canonicalization import CanonicalizationPolicy
from hypothesis import given, settings
from hypothesis import strategies as st

from tidewire.channels.email.dkim import (
    DkimKey,
    DkimSigner,
    Field,
    body_hash,
    dns_records,
    open_signer,
    relaxed_body,
    relaxed_field,
)
from tidewire.model.errors import Misconfigured

AT = datetime(2026, 3, 3, 12, tzinfo=UTC)
RSA = DkimKey("wire", generate_private_key(65537, 2048))
SIGNER = DkimSigner("wire.example", [RSA, DkimKey("wire-ed", Ed25519PrivateKey.generate())])
RECORDS = {
    f"{key.selector}._domainkey.wire.example.".encode(): key.record().encode()
    for key in SIGNER.keys
}
RELAXED = CanonicalizationPolicy.from_c_value(b"relaxed/relaxed")

# Bytes that can stand in a field or line: white space of every width, 8-bit, colons, dots.
words = st.text(st.sampled_from('ab:;=."<>@ \t\tÄß日\U0001f30a'), min_size=0, max_size=60)
long_words = st.builds(lambda c, n: c * n, st.sampled_from("x \t."), st.integers(0, 990))
folds = st.sampled_from(["\r\n ", "\r\n\t", "\r\n \t  "])
lines = st.lists(st.one_of(words, long_words), max_size=6)


@st.composite
def values(draw: st.DrawFn) -> bytes:
    """The value of a field, with folds; no fold leaves a line of white space alone."""
    parts = [draw(words)] + ["x" + draw(words) for _ in range(draw(st.integers(0, 3)))]
    text = parts[0] + "".join(draw(folds) + part for part in parts[1:])
    return ("y" + text).encode() if parts[1:] else text.encode()


names = st.sampled_from([b"Subject", b"To", b"X-Odd", b"LIST-ID", b"x-odd", b"List-Unsubscribe"])
blocks = st.lists(st.tuples(names, values()), max_size=8)


def message(fields: Sequence[Field], body: bytes) -> bytes:
    """A whole signed message, as it goes over the wire."""
    signed = SIGNER.sign(fields, body_hash(body), AT)
    head = b"".join(name + b":" + value + b"\r\n" for name, value in fields)
    return signed + head + b"\r\n" + body


def ended(body: bytes, empty: int) -> bytes:
    """A body as SMTP has it: whatever is in it ends with CRLF; then some empty lines."""
    return (body + b"\r\n" if body else b"") + b"\r\n" * empty


def verified(raw: bytes, which: int = 0) -> bool:
    """What dkimpy says of the signature at this place."""
    try:
        return dkim.DKIM(raw).verify(idx=which, dnsfunc=lambda name, timeout=5: RECORDS[name])
    except dkim.ValidationError:
        return False


FIELDS = (
    (b"From", b" Tidewire <wire@wire.example>"),
    (b"To", b" <ada@news.example>"),
    (b"Subject", b" Something  new\r\n\tfrom here"),
    (b"List-Unsubscribe", b" <https://wire.example/unsubscribe/x>"),
    (b"List-Unsubscribe-Post", b" List-Unsubscribe=One-Click"),
)


@pytest.mark.parametrize("which", [0, 1])
def test_both_signatures_verify(which: int) -> None:
    assert verified(message(FIELDS, b"Hello.\r\n"), which)


@given(blocks, lines, st.integers(0, 3))
@settings(max_examples=300, deadline=None)
def test_any_fields_and_body_verify(block: list[Field], text: list[str], empty: int) -> None:
    body = ended("\r\n".join(text).encode(), empty)
    fields = [*FIELDS[:1], *block]
    raw = message(fields, body)
    assert verified(raw, 0)
    assert verified(raw, 1)


@given(lines, st.integers(0, 4))
@settings(deadline=None)
def test_the_body_is_canonical_as_dkimpy_has_it(text: list[str], empty: int) -> None:
    body = ended("\r\n".join(text).encode(), empty)
    assert relaxed_body(body) == RELAXED.canonicalize_body(body)


@given(names, values())
@settings(deadline=None)
def test_a_field_is_canonical_as_dkimpy_has_it(name: bytes, value: bytes) -> None:
    (expected,) = RELAXED.canonicalize_headers([(name, value + b"\r\n")])
    assert relaxed_field(name, value) == b":".join(expected)


def test_an_empty_body_hashes_as_nothing() -> None:
    assert body_hash(b"") == base64.b64encode(hashlib.sha256(b"").digest()).decode()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Something  new", b"Something old"),
        (b"Hello.", b"Hullo."),
        (b"One-Click", b"Two-Click"),
        (b"/unsubscribe/x", b"/unsubscribe/y"),
    ],
)
def test_what_is_changed_on_the_way_fails(old: bytes, new: bytes) -> None:
    raw = message(FIELDS, b"Hello.\r\n")
    assert not verified(raw.replace(old, new), 0)


@pytest.mark.parametrize("name", [b"From", b"Subject", b"To", b"Date"])
def test_a_second_one_of_the_singular_fields_fails(name: bytes) -> None:
    fields = [*FIELDS, (b"Date", b" Tue, 03 Mar 2026 12:00:00 +0000")]
    raw = message(fields, b"Hello.\r\n")
    assert verified(raw)
    assert not verified(name + b": Mallory <m@bad.example>\r\n" + raw)


@pytest.mark.parametrize(
    "name",
    ["Reply-To", "Cc", "Sender", "In-Reply-To", "References", "Content-Type", "Message-ID",
     "Content-Transfer-Encoding", "MIME-Version", "List-Id", "List-Unsubscribe", "Date"],
)  # fmt: skip
@pytest.mark.parametrize("which", [0, 1])
def test_what_we_have_not_nobody_may_add(name: str, which: int) -> None:
    raw = message(FIELDS, b"Hello.\r\n")
    assert verified(raw, which)
    head, _, body = raw.partition(b"\r\n\r\n")
    added = name.encode() + b": <m@bad.example>\r\n"
    assert not verified(added + raw, which)
    assert not verified(head + b"\r\n" + added + b"\r\n" + body, which)


def test_the_one_click_fields_are_in_the_signature() -> None:
    signed = SIGNER.sign(FIELDS, body_hash(b""), AT).decode().replace("\r\n\t ", "")
    names = signed.split("h=")[1].split(";")[0].split(":")
    assert {"list-unsubscribe", "list-unsubscribe-post"} <= set(names)
    assert names.count("from") == 2
    assert "l=" not in signed.split("b=")[0].replace("rel", "")


def test_no_line_of_a_signature_is_long() -> None:
    signed = SIGNER.sign([*FIELDS, *[(b"X-%d" % n, b" v") for n in range(60)]], "x" * 44, AT)
    assert max(len(line) for line in signed.split(b"\r\n")) <= 80


def test_keys_are_made_once_and_kept_private(tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first = open_signer(folder, "wire.example", "wire", ed25519=True)
    again = open_signer(folder, "wire.example", "wire", ed25519=True)
    assert [key.record() for key in first.keys] == [key.record() for key in again.keys]
    assert [key.algorithm for key in first.keys] == ["rsa-sha256", "ed25519-sha256"]
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert sorted(file.name for file in folder.iterdir()) == ["dkim-ed25519.pem", "dkim-rsa.pem"]


def test_a_broken_key_file_is_the_operators_to_mend(tmp_path: Path) -> None:
    (tmp_path / "dkim-rsa.pem").write_text("nonsense")
    with pytest.raises(Misconfigured, match=r"dkim-rsa\.pem"):
        open_signer(tmp_path, "wire.example", "wire")


def test_dns_records_are_cut_at_255_octets() -> None:
    line = dns_records(DkimSigner("wire.example", [RSA]))
    pieces = line.split('"')[1::2]
    assert line.startswith("wire._domainkey.wire.example. IN TXT ( ")
    assert "".join(pieces) == RSA.record()
    assert max(len(piece) for piece in pieces) <= 255 < len(RSA.record())
