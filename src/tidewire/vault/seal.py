"""Seal and unseal bytes: AES-256-GCM (NIST SP 800-38D), a random 96-bit nonce in front."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tidewire.model.errors import CannotOpen

KEY_BYTES = 32
NONCE_BYTES = 12
TAG_BYTES = 16


def new_key() -> bytes:
    """A fresh key of 32 random bytes."""
    return os.urandom(KEY_BYTES)


def seal(key: bytes, plaintext: bytes, about: bytes) -> bytes:
    """The sealed bytes, which open only with the same `key` and for the same `about`.

    `about` names the place that they stand in, so that they open nowhere else. With random
    nonces a key is good for 2^32 of these; one release needs some thousands.
    """
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plaintext, about)


def unseal(key: bytes, sealed: bytes, about: bytes) -> bytes:
    """What was sealed. Raises CannotOpen where key or place are others, or a bit was changed."""
    nonce, rest = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    if len(rest) >= TAG_BYTES:
        try:
            return AESGCM(key).decrypt(nonce, rest, about)
        except InvalidTag:
            pass
    raise CannotOpen(
        "This seal does not open: it was made with another key or for another place,"
        " or its bytes were changed.",
        "Restore the row from a backup.",
    ) from None
