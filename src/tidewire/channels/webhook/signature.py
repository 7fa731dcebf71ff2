"""Signatures over webhooks, after Standard Webhooks 1.0: Ed25519 (v1a) and HMAC-SHA256 (v1).

The wire's Ed25519 key lives in `webhook.key`, made on first use, as one line
"whsk_<base64 of seed and public key>". A key that was rotated out goes on signing beside the
new one for a day: it lives in `webhook.old.key`, with a second line that says until when.
"""

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidewire.model.errors import BadInput, Misconfigured

KEY_FILE = "webhook.key"
OLD_KEY_FILE = "webhook.old.key"
OLD_KEY_LASTS = timedelta(hours=24)
SEED_BYTES = 32
SECRET_BYTES = range(24, 65)  # what the standard allows for an HMAC secret


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key; `until` is set for one that was rotated out."""

    private: Ed25519PrivateKey
    until: datetime | None = None

    @property
    def public(self) -> str:
        """The public key as the standard writes it: "whpk_" and base64 of 32 bytes."""
        return "whpk_" + _encode(self.private.public_key().public_bytes_raw())


def signing_keys(folder: Path, now: datetime) -> tuple[SigningKey, ...]:
    """The keys that sign at `now`, the newest first; one is made where there is none.

    Raises Misconfigured where a key file does not hold a key.
    """
    file = folder / KEY_FILE
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write_new(file)
    keys = [_read(file)]
    old = folder / OLD_KEY_FILE
    if old.exists():
        keys.append(_read(old))
    return tuple(key for key in keys if key.until is None or now < key.until)


def rotate(folder: Path, now: datetime) -> None:
    """Put a new key in place; the one before signs beside it for 24 hours more."""
    current = signing_keys(folder, now)[0]
    old = folder / f".{OLD_KEY_FILE}.{secrets.token_hex(6)}"
    _write(old, f"{_private(current.private)}\nuntil {(now + OLD_KEY_LASTS).isoformat()}\n")
    old.replace(folder / OLD_KEY_FILE)
    new = folder / f".{KEY_FILE}.{secrets.token_hex(6)}"
    _write(new, _private(Ed25519PrivateKey.generate()) + "\n")
    new.replace(folder / KEY_FILE)


def sign(
    body: bytes, *, message_id: str, at: datetime, secret: str, keys: Sequence[SigningKey]
) -> dict[str, str]:
    """The three headers of the standard over exactly these bytes.

    `secret` is the endpoint's "whsec_..." (several, separated by spaces, while it is
    rotated), or "" for Ed25519 with `keys`. Raises BadInput where a secret is not one.
    """
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    if secret:
        signatures = [
            "v1," + _encode(hmac.digest(read_secret(one), signed, "sha256"))
            for one in secret.split()
        ]
    else:
        signatures = ["v1a," + _encode(key.private.sign(signed)) for key in keys]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }


def read_secret(secret: str) -> bytes:
    """The bytes of an HMAC secret ("whsec_" and base64 of 24 to 64 bytes). Raises BadInput."""
    try:
        raw = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        raw = b""
    if not secret.startswith("whsec_") or len(raw) not in SECRET_BYTES:
        raise BadInput(
            "The webhook secret is not one.",
            'It is written "whsec_" and the base64 of 24 to 64 random bytes.',
        )
    return raw


def _read(file: Path) -> SigningKey:
    first, *rest = file.read_text(encoding="ascii", errors="replace").splitlines() or [""]
    until = None
    try:
        raw = base64.b64decode(first.removeprefix("whsk_"), validate=True)
        private = Ed25519PrivateKey.from_private_bytes(raw[:SEED_BYTES])
        if rest:
            until = datetime.fromisoformat(rest[0].removeprefix("until "))
    except ValueError:
        raise Misconfigured(
            f"The file {file.name} in the folder of keys does not hold a webhook key.",
            "Put the right file back, or remove it: a new key is made then.",
        ) from None
    return SigningKey(private, until)


def _write_new(file: Path) -> None:
    fresh = file.with_name(f".{file.name}.{secrets.token_hex(6)}")
    _write(fresh, _private(Ed25519PrivateKey.generate()) + "\n")
    try:
        os.link(fresh, file)  # only one of two programs at once wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()


def _write(file: Path, text: str) -> None:
    file.unlink(missing_ok=True)  # left over by a crash
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as out:
        out.write(text)


def _private(key: Ed25519PrivateKey) -> str:
    seed, public = key.private_bytes_raw(), key.public_key().public_bytes_raw()
    return "whsk_" + _encode(seed + public)


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
