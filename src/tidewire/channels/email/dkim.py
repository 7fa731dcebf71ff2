"""DKIM signatures (RFC 6376, RFC 8301, RFC 8463): relaxed/relaxed, over a body hashed beforehand.

A library signs a whole message at a time; here the body is hashed once for all recipients.
"""

import base64
import hashlib
import os
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tidewire.model.errors import Misconfigured

RSA_BITS = 2048
LINE = 72
TXT_PIECE = 255  # octets in one character-string of a TXT record (RFC 1035, 3.3)
# What nobody may add, whether we have it or not: it would change who speaks, to whom, or how.
GUARDED = frozenset(
    {b"from", b"sender", b"reply-to", b"to", b"cc", b"subject", b"date", b"message-id"}
    | {b"in-reply-to", b"references", b"mime-version", b"content-type"}
    | {b"content-transfer-encoding", b"content-language", b"content-disposition"}
    | {b"list-id", b"list-unsubscribe", b"list-unsubscribe-post"}
)
SPACES = re.compile(rb"[ \t]+")
TRAILING = re.compile(rb"[ \t]+(?=\r\n)")
EMPTY_END = re.compile(rb"(\r\n)+\Z")

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
Field = tuple[bytes, bytes]  # name; value as on the wire after the colon, folds kept, no last CRLF


@dataclass(frozen=True, slots=True)
class DkimKey:
    """A private key and the selector that its public half is found under."""

    selector: str
    private: PrivateKey

    @property
    def algorithm(self) -> str:
        """The name for a= ("rsa-sha256", "ed25519-sha256")."""
        return "rsa-sha256" if isinstance(self.private, RSAPrivateKey) else "ed25519-sha256"

    def sign(self, data: bytes) -> bytes:
        """The raw signature. Ed25519 signs the SHA-256 digest (RFC 8463, 3)."""
        if isinstance(self.private, RSAPrivateKey):
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        return self.private.sign(hashlib.sha256(data).digest())

    def record(self) -> str:
        """The text of its DNS record: "v=DKIM1; k=rsa; p=..."."""
        public = self.private.public_key()
        encoding, form, kind = serialization.Encoding, serialization.PublicFormat, "rsa"
        if isinstance(self.private, RSAPrivateKey):
            raw = public.public_bytes(encoding.DER, form.SubjectPublicKeyInfo)
        else:
            raw, kind = public.public_bytes(encoding.Raw, form.Raw), "ed25519"
        return f"v=DKIM1; k={kind}; p={base64.b64encode(raw).decode()}"


class DkimSigner:
    """Signs the header blocks of one domain with each of its keys."""

    def __init__(self, domain: str, keys: Sequence[DkimKey]) -> None:
        """`domain` is d=; the first key's signature stands first."""
        self.domain = domain
        self.keys = tuple(keys)

    def sign(self, fields: Sequence[Field], body_hash: str, at: datetime) -> bytes:
        """DKIM-Signature fields, each with its CRLF, over all of `fields` (From must be there)."""
        canonical = [(name.lower(), relaxed_field(name, value)) for name, value in fields]
        names = _signed_names(tuple(name for name, _ in canonical))
        signed = _select(canonical, names)
        return b"".join(self._one(key, names, signed, body_hash, at) for key in self.keys)

    def _one(
        self, key: DkimKey, names: tuple[bytes, ...], signed: bytes, body_hash: str, at: datetime
    ) -> bytes:
        value = (
            f" v=1; a={key.algorithm}; c=relaxed/relaxed; d={self.domain};\r\n"
            f"\ts={key.selector}; t={int(at.timestamp())};\r\n"
            f"\th={_folded_names(names)};\r\n\tbh={body_hash};\r\n\tb="
        ).encode()
        own = relaxed_field(b"DKIM-Signature", value)[:-2]  # itself last, without CRLF (3.7)
        signature = base64.b64encode(key.sign(signed + own))
        pieces = (signature[i : i + LINE] for i in range(0, len(signature), LINE))
        return b"DKIM-Signature:" + value + b"\r\n\t ".join(pieces) + b"\r\n"


@lru_cache(maxsize=512)  # most fields are the same for all recipients of a rendition
def relaxed_field(name: bytes, value: bytes) -> bytes:
    """One header field in the relaxed form, with CRLF (RFC 6376, 3.4.2)."""
    unfolded = value.replace(b"\r\n", b"")
    return name.lower().rstrip(b" \t") + b":" + SPACES.sub(b" ", unfolded).strip(b" \t") + b"\r\n"


def relaxed_body(body: bytes) -> bytes:
    """A body (CRLF line ends) in the relaxed form (RFC 6376, 3.4.4)."""
    lines = TRAILING.sub(b"", SPACES.sub(b" ", body) + b"\r\n")
    lines = EMPTY_END.sub(b"", lines)
    return lines + b"\r\n" if lines else b""


def body_hash(body: bytes) -> str:
    """The base64 SHA-256 of the relaxed body, for bh=."""
    return base64.b64encode(hashlib.sha256(relaxed_body(body)).digest()).decode()


def open_signer(folder: Path, domain: str, selector: str, *, ed25519: bool = False) -> DkimSigner:
    """The signer of this installation; its keys are made on first use (mode 0600).

    Raises Misconfigured where a key file is there but cannot be used.
    """
    rsa = _load(folder / "dkim-rsa.pem", lambda: generate_private_key(65537, RSA_BITS))
    keys = [DkimKey(selector, rsa)]
    if ed25519:
        other = _load(folder / "dkim-ed25519.pem", Ed25519PrivateKey.generate)
        keys.append(DkimKey(f"{selector}-ed25519", other))
    return DkimSigner(domain, keys)


def dns_records(signer: DkimSigner) -> str:
    """The TXT records to publish, in zone file form; long texts are cut at 255 octets."""
    lines = []
    for key in signer.keys:
        text = key.record()
        pieces = [text[i : i + TXT_PIECE] for i in range(0, len(text), TXT_PIECE)]
        quoted = " ".join(f'"{piece}"' for piece in pieces)
        lines.append(f"{key.selector}._domainkey.{signer.domain}. IN TXT ( {quoted} )")
    return "\n".join(lines)


@lru_cache(maxsize=64)
def _signed_names(present: tuple[bytes, ...]) -> tuple[bytes, ...]:
    # A name listed once more than it is there says: nobody may add another (RFC 6376, 8.15).
    return present + tuple(sorted(GUARDED.union(present)))


@lru_cache(maxsize=64)
def _folded_names(names: tuple[bytes, ...]) -> str:
    lines = [""]
    for name in names:
        if lines[-1] and len(lines[-1]) + len(name) >= LINE:
            lines.append("")
        lines[-1] += name.decode("ascii") + ":"
    return "\r\n\t ".join(lines).removesuffix(":")


def _select(canonical: Sequence[tuple[bytes, bytes]], names: Sequence[bytes]) -> bytes:
    # Of several fields with one name, the last is signed first (RFC 6376, 5.4.2).
    left: dict[bytes, list[bytes]] = {}
    for name, line in canonical:
        left.setdefault(name, []).append(line)
    return b"".join(left[name].pop() if left.get(name) else b"" for name in names)


def _load(file: Path, generate: Callable[[], PrivateKey]) -> PrivateKey:
    if not file.exists():
        _store(file, generate())
    try:
        key = serialization.load_pem_private_key(file.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise Misconfigured(
            f"The DKIM key {file} cannot be read.",
            "Put the key back, or remove the file to have a new one made.",
        ) from error
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise Misconfigured(f"The DKIM key {file} is of another kind.", "Use an RSA key.")
    return key


def _store(file: Path, key: PrivateKey) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(pem)
    try:
        os.link(fresh, file)  # only one of two programs at once wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
