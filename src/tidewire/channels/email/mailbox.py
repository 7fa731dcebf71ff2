"""A mail address as the envelope and the To field need it, or the word that it is none."""

import re
from dataclasses import dataclass
from functools import lru_cache

import idna

# Atoms only: quoted local parts are legal, met by nobody, and a way to smuggle.
ATOM = r"[^\x00-\x20\"(),:;<>@\[\\\].\x7f]+"
LOCAL = re.compile(rf"{ATOM}(\.{ATOM})*")
LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
DOMAIN = re.compile(rf"({LABEL}\.)*{LABEL}")
LONGEST_LOCAL = 64
LONGEST = 254


@dataclass(frozen=True, slots=True)
class Mailbox:
    """An address that can be sent to; `domain` is in its ASCII form (RFC 5891)."""

    local: str
    domain: str

    @property
    def address(self) -> str:
        """local@domain."""
        return f"{self.local}@{self.domain}"

    @property
    def utf8(self) -> bool:
        """True where only a relay with SMTPUTF8 can take it (RFC 6531)."""
        return not self.local.isascii()


def mailbox(address: str) -> Mailbox:
    """Read an address. Raises ValueError where mail cannot be sent to it."""
    local, at, domain = address.strip().rpartition("@")
    if not at or not LOCAL.fullmatch(local) or not local.isprintable():
        raise ValueError("not a mail address")
    domain = _domain(domain)
    size = len(local.encode())
    if size > LONGEST_LOCAL or size + 1 + len(domain) > LONGEST:
        raise ValueError("not a mail address")
    return Mailbox(local, domain)


@lru_cache(maxsize=4096)  # many readers share a few hosts
def _domain(domain: str) -> str:
    if not domain.isascii():
        domain = idna.encode(domain, uts46=True).decode("ascii")  # its errors are ValueErrors
    if not DOMAIN.fullmatch(domain):
        raise ValueError("not a mail address")
    return domain.lower()
