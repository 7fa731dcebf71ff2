"""Tokens that prove themselves: signed with the installation's secret, nothing stored."""

import base64
import hmac
import os
import secrets
from pathlib import Path

from tidewire.model.errors import Forbidden, NotFound, Unauthenticated

TAG_BYTES = 16
SECRET_BYTES = 32


class Signer:
    """Signs and reads opaque tokens (HMAC-SHA256, RFC 2104, cut to 128 bits)."""

    def __init__(self, secret: bytes) -> None:
        """`secret` is at least 32 bytes, the same on every host of an installation."""
        if len(secret) < SECRET_BYTES:
            raise ValueError("a signing secret has at least 32 bytes")
        self._secret = secret

    def sign(self, purpose: str, subject: str) -> str:
        """An URL-safe token that names `subject` for one `purpose` only."""
        raw = subject.encode()
        return _encode(self._tag(purpose, raw) + raw)

    def read(self, purpose: str, token: str) -> str:
        """The subject of a token. Raises NotFound where it was not signed here for `purpose`."""
        try:
            raw = _decode(token)
            subject = raw[TAG_BYTES:].decode()
        except ValueError:
            raw, subject = b"", ""
        if not hmac.compare_digest(raw[:TAG_BYTES], self._tag(purpose, subject.encode())):
            raise NotFound("This link is not valid here.", "Use the whole link, as it was sent.")
        return subject

    def _tag(self, purpose: str, subject: bytes) -> bytes:
        message = purpose.encode() + b"\0" + subject
        return hmac.digest(self._secret, message, "sha256")[:TAG_BYTES]


def open_signer(keys: Path) -> Signer:
    """The signer of this installation; its secret is made on first use (mode 0600)."""
    return Signer(read_or_make(keys / "signing.secret"))


def read_or_make(file: Path) -> bytes:
    """The 32 random bytes kept in `file`; made once, readable by the owner only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    if not file.exists():
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(os.urandom(SECRET_BYTES))
        try:
            os.link(fresh, file)  # only one of two programs at once wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return file.read_bytes()


def desktop_key(signer: Signer, subscriber_id: int, generation: int) -> str:
    """The key that a desktop shows to the gateway; raising the generation voids it."""
    return signer.sign("desktop", f"{subscriber_id}.{generation}")


def read_desktop_key(signer: Signer, key: str) -> tuple[int, int]:
    """(subscriber id, generation) of a desktop's key. Raises Unauthenticated."""
    try:
        subscriber_id, generation = signer.read("desktop", key).split(".")
        return int(subscriber_id), int(generation)
    except (NotFound, ValueError):
        raise Unauthenticated(
            "This desktop key is not known here.", "Ask the operator of the wire for a key."
        ) from None


def outlet_key(signer: Signer, subscriber_id: int, generation: int) -> str:
    """The key with which an outlet reads the wire; what it is for is signed with it."""
    return signer.sign("wire", f"{subscriber_id}.{generation}")


def read_outlet_key(signer: Signer, key: str) -> tuple[int, int]:
    """(subscriber id, generation) of an outlet's key.

    Raises Forbidden for a key to the stream, Unauthenticated for what is no key of ours.
    """
    try:
        subscriber_id, generation = signer.read("wire", key).split(".")
        return int(subscriber_id), int(generation)
    except (NotFound, ValueError):
        pass
    try:
        read_desktop_key(signer, key)
    except Unauthenticated:
        raise Unauthenticated(
            "This key is not known here.", "Ask the operator of the wire for one."
        ) from None
    raise Forbidden("This key is for the stream.", "Ask for one that may read the wire.")


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _decode(token: str) -> bytes:
    padded = token + "=" * (-len(token) % 4)
    return base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True)
