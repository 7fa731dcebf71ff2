"""The email channel's settings, read from the TIDEWIRE_ variables."""

import ipaddress
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parseaddr
from enum import StrEnum
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from tidewire.channels.email.mailbox import mailbox
from tidewire.model.errors import Misconfigured

NO_RELAY = "no mail leaves: set TIDEWIRE_SMTP_URL"
URL_ADVICE = "Write it as smtp://host:25, smtp://user:password@host:587?tls=required or smtps://..."
DOMAIN = re.compile(
    r"(?=.{1,200}\Z)([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?"
)
MOST_CONNECTIONS = 64
PORTS = {"smtp": 25, "smtps": 465}


class Tls(StrEnum):
    """What `?tls=` asks of a connection that begins in the clear."""

    AUTO = "auto"  # where it is offered and the relay is another machine
    REQUIRED = "required"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Relay:
    """The mail server that takes our mail. `implicit` TLS is TLS from the first byte (RFC 8314)."""

    host: str
    port: int
    implicit: bool = False
    tls: Tls = Tls.AUTO
    user: str = ""
    password: str = ""

    @property
    def loopback(self) -> bool:
        """True where the relay is this machine."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def label(self) -> str:
        """Its name in receipts: host and port, never the password."""
        return f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class MailSettings:
    """Everything that the operator can say about mail. `relay` None: no mail leaves."""

    relay: Relay | None
    domain: str
    sender_name: str
    sender: str
    bounce_domain: str
    reply_to: str = ""
    connections: int = 4
    extra_ca: str = ""
    selector: str = "tidewire"
    ed25519: bool = False
    inbound_host: str = ""
    inbound_port: int = 0
    inbound_lmtp: bool = False

    def tls_context(self) -> ssl.SSLContext:
        """The trust in certificates: the system's, and TIDEWIRE_EXTRA_CA_FILE beside it."""
        context = ssl.create_default_context()
        if self.extra_ca:
            try:
                context.load_verify_locations(self.extra_ca)
            except (OSError, ssl.SSLError) as error:
                raise Misconfigured(
                    "TIDEWIRE_EXTRA_CA_FILE cannot be read.", "Name a file of PEM certificates."
                ) from error
        return context


def read_settings(environment: Mapping[str, str], base_url: str) -> MailSettings:
    """The settings, with their defaults. Raises Misconfigured, naming the variable."""
    relay = _relay(environment.get("TIDEWIRE_SMTP_URL", "").strip())
    domain = _domain(environment, "TIDEWIRE_MAIL_DOMAIN", _own_domain(base_url, relay))
    name, sender = _sender(environment.get("TIDEWIRE_MAIL_FROM", ""), domain)
    host, port = _inbound(environment.get("TIDEWIRE_INBOUND_ADDRESS", ""))
    return MailSettings(
        relay=relay,
        domain=domain,
        sender_name=name,
        sender=sender,
        bounce_domain=_domain(environment, "TIDEWIRE_BOUNCE_DOMAIN", domain),
        reply_to=_reply_to(environment.get("TIDEWIRE_REPLY_TO", "")),
        connections=_connections(environment.get("TIDEWIRE_SMTP_CONNECTIONS", "4")),
        extra_ca=environment.get("TIDEWIRE_EXTRA_CA_FILE", ""),
        selector=_domain(environment, "TIDEWIRE_DKIM_SELECTOR", "tidewire"),
        ed25519=_switch(environment, "TIDEWIRE_DKIM_ED25519"),
        inbound_host=host,
        inbound_port=port,
        inbound_lmtp=_switch(environment, "TIDEWIRE_INBOUND_LMTP"),
    )


def relay_notice(environment: Mapping[str, str]) -> str | None:
    """What to tell the operator where no relay is set; None where one is."""
    if environment.get("TIDEWIRE_SMTP_URL", "").strip():
        return None
    return "No relay is set, so no mail leaves: set TIDEWIRE_SMTP_URL (smtp://host:25)."


def _relay(url: str) -> Relay | None:
    if not url:
        return None
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
        options = parse_qs(parts.query, strict_parsing=True) if parts.query else {}
        tls = Tls(options.pop("tls", ["auto"])[-1])
    except (ValueError, KeyError) as error:
        raise Misconfigured("TIDEWIRE_SMTP_URL is not understood.", URL_ADVICE) from error
    if not parts.hostname or options or parts.path.strip("/"):
        raise Misconfigured("TIDEWIRE_SMTP_URL is not understood.", URL_ADVICE)
    user, password = _credentials(parts)
    return Relay(parts.hostname, port, parts.scheme == "smtps", tls, user, password)


def _credentials(parts: SplitResult) -> tuple[str, str]:
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(user) != bool(password) or "\0" in user + password:
        raise Misconfigured(
            "TIDEWIRE_SMTP_URL has a user without a password, or the reverse.", URL_ADVICE
        )
    return user, password


def _own_domain(base_url: str, relay: Relay | None) -> str:
    host = urlsplit(base_url).hostname or ""
    if "." in host and not host.replace(".", "").isdigit() and ":" not in host:
        return host
    if relay is None or relay.loopback:
        return "tidewire.localhost"
    raise Misconfigured(
        "There is a mail relay, but no domain that mail comes from.",
        "Set TIDEWIRE_MAIL_DOMAIN to a domain of yours.",
    )


def _domain(environment: Mapping[str, str], variable: str, default: str) -> str:
    value = (environment.get(variable, "").strip() or default).lower()
    if not DOMAIN.fullmatch(value):
        raise Misconfigured(
            f"{variable} is not a domain name.", "Use letters, digits, hyphens and dots only."
        )
    return value


def _sender(value: str, domain: str) -> tuple[str, str]:
    name, address = parseaddr(value.strip() or f"Tidewire <wire@{domain}>")
    local, _, host = address.rpartition("@")
    plain = re.fullmatch(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}", local)
    if not plain or not DOMAIN.fullmatch(host.lower()) or "\n" in value or "\r" in value:
        raise Misconfigured(
            "TIDEWIRE_MAIL_FROM is not a sender.", "Write it as 'Name <wire@your-domain>'."
        )
    return name or "Tidewire", address


def _reply_to(value: str) -> str:
    if not value.strip():
        return ""
    try:
        to = mailbox(value)
        if not to.utf8:
            return to.address
    except ValueError:
        pass
    raise Misconfigured(
        "TIDEWIRE_REPLY_TO is not an address.", "Write it as press@your-domain, without a name."
    )


def _connections(value: str) -> int:
    if not value.isdecimal() or not 1 <= int(value) <= MOST_CONNECTIONS:
        raise Misconfigured(
            "TIDEWIRE_SMTP_CONNECTIONS is not a number of connections.",
            f"Use a whole number from 1 to {MOST_CONNECTIONS}.",
        )
    return int(value)


def _inbound(value: str) -> tuple[str, int]:
    if not value:
        return "", 0
    host, _, port = value.strip().rpartition(":")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise Misconfigured(
            "TIDEWIRE_INBOUND_ADDRESS is not an address.", "Write it as 127.0.0.1:2525."
        )
    return host.strip("[]"), int(port)


def _switch(environment: Mapping[str, str], variable: str) -> bool:
    value = environment.get(variable, "").strip().lower()
    if value not in ("", "0", "1", "true", "false", "yes", "no"):
        raise Misconfigured(f"{variable} is neither on nor off.", "Set it to 1 or 0.")
    return value in ("1", "true", "yes")
