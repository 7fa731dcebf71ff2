"""What a returned mail says: delivery status (RFC 3464) and feedback reports (RFC 5965).

Bodies tell what happened, never to whom: that comes from a signed token alone.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message
from email.parser import HeaderParser
from email.utils import parseaddr
from functools import partial
from itertools import islice

from flufl.bounce import all_failures

from tidewire.channels.channel import Tokens
from tidewire.channels.email import verp
from tidewire.channels.email.verdict import discreet, gone, status_in
from tidewire.model.errors import NotFound

DETAIL = 200
SMTP_CODE = re.compile(r"(?<![\d.])([45]\d\d)(?![\d.]*\d)")
LINK = re.compile(r"/unsubscribe/([A-Za-z0-9_-]{1,200})")
MAILTO = re.compile(r"mailto:([^@>\s]{1,64})@", re.IGNORECASE)
STATUS_PART = re.compile(rb"message/(?:global-)?delivery-status", re.IGNORECASE)
STATUS_AS_TEXT = "text/x-delivery-status"
EMPTY_LINE = re.compile(r"\r?\n[ \t]*\r?\n")
PARTS = re.compile(rb"boundary[\s*\d]*=|message/", re.IGNORECASE)
MOST_PARTS = 20  # a report has one boundary, and two parts that are messages
MOST_HEADER_LINES = 300
MOST_LINES = 20_000
MOST_KEYS = 20
MOST_BLOCKS = 20
NOTE_CHARACTERS = 4000
LONGEST_SENDER = 1000
NOT_A_COMPLAINT = ("not-spam", "auth-failure", "dmarc")


@dataclass(frozen=True, slots=True)
class Bounce:
    """A mail came back for good; `permanent` is false where a later mail may get through.

    `detail` names nobody.
    """

    permanent: bool
    code: int
    detail: str


def read(raw: bytes) -> Message | None:
    """Parse what came in; broken mail is parsed as far as it goes.

    None where it is made of more than any report needs, and so made to cost time.
    """
    head = re.split(rb"\r?\n\r?\n", raw, maxsplit=1)[0]
    many = head.count(b"\n") > MOST_HEADER_LINES or raw.count(b"\n") > MOST_LINES
    if many or len(PARTS.findall(raw)) > MOST_PARTS:
        return None
    # Read as text, a status part may be encoded and in UTF-8, as RFC 6533 has it.
    return message_from_bytes(STATUS_PART.sub(STATUS_AS_TEXT.encode(), raw))


def bounce_of(message: Message) -> Bounce | None:
    """What a bounce says; None where it is a delay, a success, or no bounce at all."""
    blocks = [block for block in _status_blocks(message) if block.get("Action")]
    if blocks:
        failed = [b for b in blocks if _text(b, "Action").lower().startswith("failed")]
        found = [_bounce(block) for block in failed]
        return max(found, key=lambda bounce: bounce.permanent, default=None)
    try:
        _, permanent = all_failures(message)
    except Exception:  # the library trips over some broken mail: then it is no bounce
        return None
    return _plain_bounce(message) if permanent else None


def complaint_of(message: Message, tokens: Tokens) -> str | None:
    """The delivery key that a feedback report is about; None where it is none of ours.

    Reports that say the opposite ("not-spam"), or speak of something else, are none.
    """
    fields = _feedback_fields(message)
    if fields is None or _text(fields, "Feedback-Type").lower() in NOT_A_COMPLAINT:
        return None
    return next(_keys(fields, list(_enclosed(message)), tokens), None)


def is_report(message: Message) -> bool:
    """True for a feedback report, whatever it says."""
    return _feedback_fields(message) is not None


def _bounce(block: Message) -> Bounce:
    diagnosis = _text(block, "Diagnostic-Code")
    status = status_in(_text(block, "Status"))
    detail = f"{status or status_in(diagnosis)} {diagnosis}"
    for name in ("Original-Recipient", "Final-Recipient"):
        local = _text(block, name).rpartition(";")[2].strip().rpartition("@")[0]
        detail = discreet(detail, local)
    code = _code(diagnosis)
    return Bounce(gone(status, code, diagnosis), code, detail[:DETAIL].strip())


def _plain_bounce(message: Message) -> Bounce:
    """A bounce in a form of its own, judged by the words above the mail that it returns."""
    part = next((p for p in message.walk() if p.get_content_type() == "text/plain"), message)
    words = _decoded(part)[:NOTE_CHARACTERS].partition("\n---")[0]
    code = _code(words)
    return Bounce(gone("", code, words), code, "a bounce in a form of its own")


def _code(text: str) -> int:
    found = SMTP_CODE.search(text)
    return int(found[1]) if found else 0


def _status_blocks(message: Message) -> Iterator[Message]:
    # Only the report's own parts: the mail it encloses may itself hold a report.
    for part in _parts(message):
        if part.get_content_type() == STATUS_AS_TEXT:
            for block in EMPTY_LINE.split(_decoded(part), MOST_BLOCKS)[:MOST_BLOCKS]:
                yield HeaderParser().parsestr(block.lstrip())


def _feedback_fields(message: Message) -> Message | None:
    for part in _parts(message):
        if part.get_content_type() == "message/feedback-report":
            inner = part.get_payload()
            return inner[0] if isinstance(inner, list) and inner else part  # type: ignore[return-value]
    return None


def _enclosed(message: Message) -> Iterator[Message]:
    for part in _parts(message):
        kind, inner = part.get_content_type(), part.get_payload()
        if kind in ("message/rfc822", "message/global") and isinstance(inner, list):
            yield from inner  # type: ignore[misc]
        elif kind in ("text/rfc822-headers", "message/global-headers"):
            body = inner[0].as_string() if isinstance(inner, list) else str(inner)  # type: ignore[union-attr]
            yield message_from_string(body)


def _parts(message: Message) -> list[Message]:
    payload = message.get_payload()
    return payload if isinstance(payload, list) else []  # type: ignore[return-value]


def _keys(fields: Message, originals: list[Message], tokens: Tokens) -> Iterator[str]:
    """The delivery keys that tokens in the report prove."""
    senders = [_text(fields, "Original-Mail-From"), *(_text(m, "Return-Path") for m in originals)]
    lists = [_text(m, "List-Unsubscribe") for m in originals]
    locals_ = [parseaddr(sender[:LONGEST_SENDER])[1].partition("@")[0] for sender in senders]
    tries: list[Callable[[], str]] = [
        partial(verp.read_local_part, tokens, "bounce", text) for text in locals_
    ]
    for text in lists:
        tries += [partial(tokens.read, "unsubscribe", token) for token in LINK.findall(text)]
        found = MAILTO.findall(text)
        tries += [partial(verp.read_local_part, tokens, "unsubscribe", part) for part in found]
    ids = [_text(m, "Message-ID") for m in originals]
    tries += [partial(verp.read_message_id, tokens, text) for text in ids]
    for attempt in islice(tries, MOST_KEYS):
        try:
            yield attempt()
        except NotFound:
            continue


def _text(message: Message, name: str) -> str:
    items = message.raw_items()  # as it came: the library makes "?" of 8-bit characters
    found = next((value for key, value in items if key.lower() == name.lower()), "")
    value = str(found).encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return " ".join("".join(c if c.isprintable() else " " for c in value).split())


def _decoded(part: Message) -> str:
    """The text of a part, out of its transfer encoding; UTF-8 whatever it says."""
    raw = part.get_payload(decode=True)
    return raw.decode("utf-8", "replace") if isinstance(raw, bytes) else ""
