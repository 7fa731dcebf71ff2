"""Addresses and ids that name a delivery and prove it: VERP senders, mailto links, Message-IDs.

Only such a token ever matches what comes in; nothing that a stranger can write does.
"""

import base64
import hmac
import re
from typing import Final

from tidewire.channels.channel import Tokens
from tidewire.model.delivery import delivery_key, read_delivery_key
from tidewire.model.errors import NotFound

DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"
PREFIXES: Final = {"bounce": "b+", "unsubscribe": "u+"}
MESSAGE_ID = re.compile(r"<?([0-9]+\.[0-9]+\.[0-9]+)\.([A-Za-z0-9_-]{16})@")
PROOF_CHARACTERS = 16  # 96 bits of the token's tag


def local_part(tokens: Tokens, purpose: str, key: str) -> str:
    """The local part (<= 64 characters) that names delivery `key`: "b+<base32>" or "u+<base32>".

    Base32, so that a server that changes the case of a local part does no harm.
    """
    token = tokens.sign(purpose, _short(key))
    raw = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))
    return PREFIXES[purpose] + base64.b32encode(raw).rstrip(b"=").decode().lower()


def read_local_part(tokens: Tokens, purpose: str, local: str) -> str:
    """The delivery key in a local part, in any case. Raises NotFound where it is not ours."""
    local = local.lower()
    prefix = PREFIXES[purpose]
    try:
        if not local.startswith(prefix):
            raise ValueError("another kind of address")
        encoded = local.removeprefix(prefix).upper()
        raw = base64.b32decode(encoded + "=" * (-len(encoded) % 8))
        token = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        return _long(tokens.read(purpose, token))
    except ValueError:
        raise NotFound("This is not an address of ours.", "") from None


def message_id(tokens: Tokens, key: str, domain: str) -> str:
    """The Message-ID of a delivery, the same at every try (RFC 5322, 3.6.4)."""
    return f"<{key}.{_proof(tokens, key)}@{domain}>"


def read_message_id(tokens: Tokens, text: str) -> str:
    """The delivery key in a Message-ID. Raises NotFound where it is not one of ours."""
    found = MESSAGE_ID.match(text.strip())
    if not found or not hmac.compare_digest(found[2], _proof(tokens, found[1])):
        raise NotFound("This is not a Message-ID of ours.", "")
    return found[1]


def _proof(tokens: Tokens, key: str) -> str:
    return tokens.sign("message-id", key)[:PROOF_CHARACTERS]


def _short(key: str) -> str:
    return ".".join(_base36(number) for number in read_delivery_key(key))


def _long(short: str) -> str:
    release_id, version, endpoint_id = (int(part, 36) for part in short.split("."))
    return delivery_key(release_id, version, endpoint_id)


def _base36(number: int) -> str:
    digits = ""
    while True:
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
        if not number:
            return digits
