"""Addresses of endpoints: whether they have the right shape, and their one spelling."""

import base64
import binascii
import re
import unicodedata
from urllib.parse import urlsplit

LONGEST_MAIL = 254  # RFC 5321, section 4.5.3.1.3, without the brackets
LONGEST_LOCAL = 64  # octets, section 4.5.3.1.1
LONGEST_URL = 2_000

# RFC 6531, section 3.3: atext and whatever is not ASCII, in a dot-string.
_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a1-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATOM}(?:\.{_ATOM})*")
_LABEL = re.compile(r"[^\W_](?:[^\W_]|[-\u0300-\u036f\u0900-\u0dff\u0e31-\u0e4e])*")
_SECRET_BYTES = range(24, 65)  # Standard Webhooks


def mail_address(text: str) -> str:
    """The address in lower case and NFC. Raises ValueError; local parts may be UTF-8 (RFC 6531)."""
    address = unicodedata.normalize("NFC", text).lower()
    local, at, domain = address.rpartition("@")
    labels = domain.split(".")
    right = (
        at == "@"
        and len(address.encode()) <= LONGEST_MAIL
        and len(local.encode()) <= LONGEST_LOCAL
        and _LOCAL.fullmatch(local) is not None
        and len(labels) > 1
        and all(_is_label(label) for label in labels)
        and not labels[-1].isdigit()
    )
    if not right:
        raise ValueError(f"{text!r} is not a mail address.")
    return address


def webhook_address(text: str) -> str:
    """The URL with its host in lower case. Raises ValueError where it is no plain https URL."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"{text!r} is not a web address.") from None
    if parts.scheme != "https" or not parts.hostname or port == 0:
        raise ValueError(f"{text!r} is not an https address.")
    if parts.username is not None or parts.password is not None:
        raise ValueError("the address of a webhook may not hold a user name or password.")
    if parts.fragment or len(text) > LONGEST_URL or re.search(r'[\s\\<>"]', text):
        raise ValueError("the address of a webhook is too long, or holds blanks or a fragment.")
    return parts._replace(netloc=parts.netloc.lower()).geturl()


def webhook_secret(text: str) -> str:
    """A secret as Standard Webhooks write it ("whsec_" and base64). Raises ValueError."""
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith("whsec_") or len(key) not in _SECRET_BYTES:
        raise ValueError("the secret is not whsec_ followed by 24 to 64 bytes in base64.")
    return text


def _is_label(label: str) -> bool:
    return len(label) <= 63 and not label.endswith("-") and _LABEL.fullmatch(label) is not None
