"""A mail: its body once per rendition, its header block and signature once per recipient.

Format: RFC 5322, 2045, 2047. List fields: RFC 2919, 2369, 8058. Auto-Submitted: RFC 3834.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from urllib.parse import urlsplit

from tidewire.channels.channel import Tokens
from tidewire.channels.email import fields, verp
from tidewire.channels.email.dkim import DkimSigner, Field, body_hash
from tidewire.channels.email.mailbox import Mailbox
from tidewire.channels.email.settings import MailSettings
from tidewire.formats.addresses import unsubscribe_url
from tidewire.model.delivery import Outgoing, delivery_key, read_delivery_key

BOUNDARY_CHARACTERS = 32
MOSTLY = 0.8  # from this share of ASCII on, quoted-printable is shorter and can be read


@dataclass(frozen=True, slots=True)
class Body:
    """What all recipients of one rendition share.

    `fields` describe the body (MIME-Version, Content-Type ...). `content` has CRLF line
    ends, is 7-bit and dot-stuffed (RFC 5321, 4.5.2); `digest` is DKIM's bh= of it unstuffed.
    `reply_to` is the field for whoever answers, where the release names somebody.
    """

    subject: Field
    fields: tuple[Field, ...]
    content: bytes
    digest: str
    reply_to: Field | None = None


def body(subject: str, language: str, text: str, html: str = "") -> Body:
    """Put text and HTML into one body; every line <= 998 octets whatever they hold."""
    message = EmailMessage(policy=SMTP)
    message.set_content(text, cte=_encoding(text))
    if html:
        message.add_alternative(html, subtype="html", cte=_encoding(html))
        seed = hashlib.sha256((text + "\0" + html).encode()).hexdigest()
        message.set_boundary(f"=_{seed[:BOUNDARY_CHARACTERS]}")
    head, _, content = message.as_bytes().partition(b"\r\n\r\n")
    described = _split(head)
    described.append(fields.structured("Content-Language", language))
    stuffed = (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:]
    title = fields.unstructured("Subject", subject)
    return Body(title, tuple(described), stuffed, body_hash(content))


class Writer:
    """Writes the header block of one recipient's mail and signs it."""

    def __init__(
        self, settings: MailSettings, tokens: Tokens, signer: DkimSigner, base_url: str
    ) -> None:
        """`base_url` is where unsubscribe links lead, without a trailing slash."""
        self._settings = settings
        self._tokens = tokens
        self._signer = signer
        self._base_url = base_url
        self._one_click = _one_click(base_url)
        self._from = fields.address("From", settings.sender_name, settings.sender)
        answers = settings.reply_to
        self._reply_to = fields.address("Reply-To", "", answers) if answers else None

    def envelope_sender(self, delivery: Outgoing) -> str:
        """The address that a bounce of this delivery comes back to (VERP)."""
        local = verp.local_part(self._tokens, "bounce", delivery.key)
        return f"{local}@{self._settings.bounce_domain}"

    def header(self, content: Body, to: Mailbox, delivery: Outgoing, at: datetime) -> bytes:
        """The signed header block, with the empty line that ends it."""
        return self._signed(
            [
                self._from,
                *self._answers_to(content),
                fields.address("To", delivery.name, to.address),
                content.subject,
                fields.date(at),
                *self._threading(delivery),
                *self._list_fields(delivery),
                (b"Auto-Submitted", b" auto-generated"),
                *content.fields,
            ],
            content,
            at,
        )

    def letter_header(self, content: Body, to: Mailbox, name: str, at: datetime) -> bytes:
        """The signed header block of a mail that is no delivery: an answer to a request.

        `name` is its unique id, the left side of its Message-ID.
        """
        domain = self._settings.domain
        return self._signed(
            [
                self._from,
                *self._answers_to(content),
                fields.address("To", "", to.address),
                content.subject,
                fields.date(at),
                fields.structured("Message-ID", f"<{name}@{domain}>"),
                (b"Auto-Submitted", b" auto-replied"),
                *content.fields,
            ],
            content,
            at,
        )

    def _signed(self, block: list[Field], content: Body, at: datetime) -> bytes:
        return self._signer.sign(block, content.digest, at) + fields.joined(block) + b"\r\n"

    def _answers_to(self, content: Body) -> Sequence[Field]:
        field = content.reply_to or self._reply_to
        return [field] if field else []

    def _threading(self, delivery: Outgoing) -> Sequence[Field]:
        """Message-ID, and for a correction or kill the reference to the first version."""
        domain = self._settings.domain
        own = verp.message_id(self._tokens, delivery.key, domain)
        release_id, version, endpoint_id = read_delivery_key(delivery.key)
        made = [fields.structured("Message-ID", own)]
        if version > 1:
            first = delivery_key(release_id, 1, endpoint_id)
            original = verp.message_id(self._tokens, first, domain)
            made.append(fields.structured("References", original))
        return made

    def _list_fields(self, delivery: Outgoing) -> Sequence[Field]:
        settings = self._settings
        list_name = f"{delivery.language.lower()}.releases.{settings.domain}"
        local = verp.local_part(self._tokens, "unsubscribe", delivery.key)
        token = self._tokens.sign("unsubscribe", delivery.key)
        link = unsubscribe_url(self._base_url, token)
        ways = f"<{link}>,\r\n <mailto:{local}@{settings.bounce_domain}?subject=unsubscribe>"
        made = [
            fields.structured("List-Id", f"<{list_name}>"),
            fields.structured("List-Unsubscribe", ways),
        ]
        if self._one_click:
            one_click = "List-Unsubscribe=One-Click"
            made.append(fields.structured("List-Unsubscribe-Post", one_click))
        return made


def _one_click(base_url: str) -> bool:
    # RFC 8058, 3.1 wants an https link; a rehearsal on this machine does without.
    parts = urlsplit(base_url)
    return parts.scheme == "https" or parts.hostname in ("localhost", "127.0.0.1", "::1")


def _encoding(text: str) -> str:
    plain = sum(c.isascii() for c in text)
    return "quoted-printable" if plain >= MOSTLY * len(text) else "base64"


def _split(head: bytes) -> list[Field]:
    found: list[Field] = []
    for line in head.split(b"\r\n"):
        if line[:1] in b" \t" and found:
            found[-1] = (found[-1][0], found[-1][1] + b"\r\n" + line)
        else:
            name, _, value = line.partition(b":")
            found.append((name, value))
    return found
