"""What comes back after a mail: the bounce and the complaint, as mail servers write them."""

import uuid
from email.utils import format_datetime

from tidewire.clock import Clock
from tidewire.simulator.mail_sink import Mail

HOST = "mx.sim.localhost"

_REPORT = """\
From: Mail system <postmaster@{host}>
To: <{sender}>
Subject: {subject}
Date: {date}
Message-ID: <{id}@{host}>
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={report};
 boundary="{id}"

--{id}
Content-Type: text/plain; charset=us-ascii

{words}

--{id}
Content-Type: message/{report}

{fields}
--{id}
Content-Type: text/rfc822-headers

"""

_BOUNCE = """\
Reporting-MTA: dns; {host}
Arrival-Date: {date}

Final-Recipient: {kind}; {recipient}
Action: failed
Status: 5.1.1
Remote-MTA: dns; {host}
Diagnostic-Code: smtp; 550 5.1.1 no such mailbox
"""

_COMPLAINT = """\
Feedback-Type: abuse
User-Agent: tidewire-simulator/1
Version: 1
Original-Mail-From: <{sender}>
Original-Rcpt-To: <{recipient}>
Arrival-Date: {date}
Reporting-MTA: dns; {host}
"""


def bounce(mail: Mail, clock: Clock) -> bytes:
    """A delivery status notification (RFC 3464; RFC 6533 for an address in UTF-8)."""
    said = _said(mail, clock) | {
        "subject": "Undelivered mail",
        "report": "delivery-status",
        "words": "The mailbox is no longer in use.",
    }
    return _report(mail, said, _BOUNCE)


def complaint(mail: Mail, clock: Clock) -> bytes:
    """An abuse report (RFC 5965): the person says that this mail is not wanted."""
    said = _said(mail, clock) | {
        "subject": "Abuse report",
        "report": "feedback-report",
        "words": "This is an abuse report for a message that was received here.",
    }
    return _report(mail, said, _COMPLAINT)


def _said(mail: Mail, clock: Clock) -> dict[str, str]:
    return {
        "id": uuid.uuid4().hex,
        "host": HOST,
        "date": format_datetime(clock.now()),
        "sender": mail.sender,
        "recipient": mail.recipient,
        "kind": "rfc822" if mail.recipient.isascii() else "utf-8",
    }


def _report(mail: Mail, said: dict[str, str], fields: str) -> bytes:
    head = _REPORT.format(**said, fields=fields.format(**said)).replace("\n", "\r\n")
    headers = mail.content[: mail.content.find(b"\r\n\r\n") + 2]
    return head.encode() + headers + f"\r\n--{said['id']}--\r\n".encode()
