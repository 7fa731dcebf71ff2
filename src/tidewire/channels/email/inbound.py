"""What comes back by mail: bounces, complaints and unsubscriptions, over SMTP or LMTP.

It takes mail for addresses of our own making only, and never answers by mail.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from email.message import Message
from typing import Any

import structlog
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session

from tidewire.channels.channel import ChannelContext, Tokens
from tidewire.channels.email import reports, verp
from tidewire.channels.email.settings import MailSettings, read_settings
from tidewire.model.delivery import Event, Feedback, read_delivery_key
from tidewire.model.errors import Misconfigured, NotFound

Hear = Callable[[Feedback], Awaitable[None]]

MOST_BYTES = 256 * 1024
MOST_RECIPIENTS = 20
IDLE_SECONDS = 120.0
READ_AT_ONCE = 2
COMPLAINT_BOXES = ("fbl", "abuse")
ACCEPTED = "250 2.0.0 taken"
TWICE = "550 5.5.0 this recipient is named already"
NOT_HERE = "550 5.1.1 no such address here"
NOT_A_REPORT = "550 5.7.1 only feedback reports (RFC 5965) are read at this address"
NOT_NOW = "451 4.3.0 try again later"

Purpose = tuple[str, str]  # "bounce", "unsubscribe" or "complaint"; the delivery key or ""

log = structlog.get_logger()


class InboundMail:
    """A mail server for what comes back; each finding is told to `hear`."""

    def __init__(self, context: ChannelContext, hear: Hear) -> None:
        """Listens on TIDEWIRE_INBOUND_ADDRESS. Raises Misconfigured where a setting is wrong."""
        self._settings = read_settings(context.environment, context.base_url)
        self._tokens = context.tokens
        self._hear = hear
        self._server: asyncio.Server | None = None
        self._readers = asyncio.Semaphore(READ_AT_ONCE)

    @property
    def wanted(self) -> bool:
        """True where the operator has set an address to listen on."""
        return bool(self._settings.inbound_host)

    @property
    def port(self) -> int:
        """The port that it listens on."""
        if self._server is None:
            raise Misconfigured("Inbound mail is not started.", "Set TIDEWIRE_INBOUND_ADDRESS.")
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self) -> None:
        """Listen. Raises Misconfigured where the address cannot be had."""
        if not self.wanted:
            raise Misconfigured("Inbound mail has no address.", "Set TIDEWIRE_INBOUND_ADDRESS.")
        loop = asyncio.get_running_loop()
        host, port = self._settings.inbound_host, self._settings.inbound_port
        try:
            self._server = await loop.create_server(self._protocol, host, port)
        except OSError as error:
            raise Misconfigured(
                f"Inbound mail cannot listen on {host}:{port}: {error.strerror}.",
                "Choose another TIDEWIRE_INBOUND_ADDRESS.",
            ) from error

    async def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    def _protocol(self) -> SMTP:
        kind = LMTP if self._settings.inbound_lmtp else SMTP
        return kind(
            Desk(self._settings, self._tokens, self._hear, self._readers),
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname=self._settings.bounce_domain,
            ident="Tidewire",
            timeout=IDLE_SECONDS,
            loop=asyncio.get_running_loop(),
        )


@dataclass  # no slots: aiosmtpd looks at every member, which they break before Python 3.11.3
class Desk:
    """Judges addresses and reads mail: the handler that aiosmtpd calls, one a connection."""

    settings: MailSettings
    tokens: Tokens
    hear: Hear
    readers: asyncio.Semaphore
    purposes: list[Purpose] = field(default_factory=list)  # of the recipients so far

    async def handle_MAIL(  # noqa: N802
        self, _server: Any, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """A new mail begins."""
        self.purposes.clear()
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 2.1.0 ok"

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take addresses of our own making only, each once, and one complaint box."""
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 too many recipients"
        purpose = self.purpose_of(address)
        if purpose is None:
            return NOT_HERE
        if not envelope.rcpt_tos:
            self.purposes.clear()
        if purpose in self.purposes:
            return TWICE
        self.purposes.append(purpose)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 ok"

    async def handle_DATA(self, server: Any, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Read the mail once for all recipients; LMTP gets a reply for each (RFC 2033, 4.2)."""
        raw = envelope.content if isinstance(envelope.content, bytes) else b""
        purposes = tuple(self.purposes)
        async with self.readers:
            found = await asyncio.to_thread(judged, purposes, raw, self.tokens)
        answers = [await self._take(one) for one in found]
        if isinstance(server, LMTP):
            return "\r\n".join(answers)
        bad = [answer for answer in answers if answer != ACCEPTED]
        return bad[0] if bad else ACCEPTED

    async def handle_exception(self, error: Exception) -> str:
        """Whatever went wrong, the sender is told no more than that."""
        log.warning("inbound mail not read", fault=type(error).__name__)
        return NOT_NOW

    def purpose_of(self, address: str) -> Purpose | None:
        """(purpose, delivery key) of an address of ours; None for any other."""
        local, _, domain = address.rpartition("@")
        if domain.lower() not in (self.settings.domain, self.settings.bounce_domain):
            return None
        if local.lower() in COMPLAINT_BOXES:
            return "complaint", ""
        for purpose in verp.PREFIXES:
            try:
                return purpose, verp.read_local_part(self.tokens, purpose, local)
            except NotFound:
                continue
        return None

    async def _take(self, feedback: Feedback | str) -> str:
        if isinstance(feedback, str):
            return feedback
        try:
            await self.hear(feedback)
        except Exception as error:  # the sender keeps the mail and tries again
            log.warning("inbound mail not recorded", fault=type(error).__name__)
            return NOT_NOW
        return ACCEPTED


def judged(purposes: Sequence[Purpose], raw: bytes, tokens: Tokens) -> list[Feedback | str]:
    """What a mail means at each of its recipients: feedback, or just the answer to give.

    Strangers write this mail: whatever fault it makes in reading, it is no report.
    """
    message = _read(purposes, raw)
    found: list[Feedback | str] = []
    for purpose, key in purposes:
        try:
            found.append(findings(purpose, key, message, tokens) or ACCEPTED)
        except NotFound:
            found.append(NOT_A_REPORT)
        except Exception as error:
            log.info("inbound mail not understood", fault=type(error).__name__)
            found.append(NOT_A_REPORT if purpose == "complaint" else ACCEPTED)
    return found


def _read(purposes: Sequence[Purpose], raw: bytes) -> Message | None:
    if all(purpose == "unsubscribe" for purpose, _ in purposes):
        return None  # who writes there leaves, whatever they write
    try:
        return reports.read(raw)
    except Exception as error:
        log.info("inbound mail not understood", fault=type(error).__name__)
        return None


def findings(purpose: str, key: str, message: Message | None, tokens: Tokens) -> Feedback | None:
    """What a mail to one of our addresses means; None where it means nothing.

    `message` is None where it cannot be read. Raises NotFound where a complaint box gets
    something that is no report.
    """
    if purpose == "unsubscribe":
        return _feedback(key, Event.UNSUBSCRIBED, 0, "by mail")
    if message is None:
        if purpose == "complaint":
            raise NotFound("This is not a feedback report.", "")
        return None
    about = reports.complaint_of(message, tokens)
    if about is not None:
        return _feedback(about, Event.COMPLAINED, 0, "feedback report")
    if purpose == "complaint":
        if not reports.is_report(message):
            raise NotFound("This is not a feedback report.", "")
        return None
    bounce = reports.bounce_of(message)
    if bounce is None:
        return None
    return _feedback(key, Event.BOUNCED, bounce.code, bounce.detail, permanent=bounce.permanent)


def _feedback(
    key: str, event: Event, code: int, detail: str, *, permanent: bool = True
) -> Feedback:
    release_id, version, endpoint_id = read_delivery_key(key)
    return Feedback(release_id, version, endpoint_id, event, code, detail, permanent)
