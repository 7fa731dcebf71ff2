"""NATS credentials: the token and the seed in a file as `nsc generate creds` writes it."""

import base64
import binascii
import re
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tidewire.model.errors import Misconfigured

_BLOCK = re.compile(r"-+BEGIN (NATS USER JWT|USER NKEY SEED)-+\s+([A-Za-z0-9_.=-]+)\s+-+END \1-+")
_USER_SEED = "SU"


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who we are to NATS: a token that names us, and a key that proves it."""

    jwt: str = field(repr=False)
    key: Ed25519PrivateKey = field(repr=False)

    def token(self) -> bytearray:
        """The token, as the library asks for it."""
        return bytearray(self.jwt.encode())

    def sign(self, nonce: str) -> bytes:
        """The server's nonce, signed, in base64."""
        return base64.b64encode(self.key.sign(nonce.encode()))


def read_credentials(file: Path) -> Credentials:
    """Read TIDEWIRE_NATS_CREDENTIALS. Raises Misconfigured; never says what stands in it."""
    try:
        blocks = dict(_BLOCK.findall(file.read_text("ascii")))
        return Credentials(blocks["NATS USER JWT"], _key(blocks["USER NKEY SEED"]))
    except OSError as error:
        raise Misconfigured(
            f"TIDEWIRE_NATS_CREDENTIALS cannot be read: {error.strerror}.", "Name a .creds file."
        ) from error
    except (KeyError, ValueError):
        raise Misconfigured(
            "TIDEWIRE_NATS_CREDENTIALS is no credentials file of NATS.",
            "Make one with: nsc generate creds.",
        ) from None


def _key(seed: str) -> Ed25519PrivateKey:
    """The key of an nkey seed: base32 of two bytes of kind, 32 of seed, and a CRC-16."""
    raw = base64.b32decode(seed + "=" * (-len(seed) % 8))
    if not seed.startswith(_USER_SEED) or len(raw) != 36:
        raise ValueError("not a user's seed")
    if binascii.crc_hqx(raw[:-2], 0) != int.from_bytes(raw[-2:], "little"):
        raise ValueError("a sign of the seed is wrong")
    return Ed25519PrivateKey.from_private_bytes(raw[2:-2])
