"""What an endpoint's answer, or its silence, means. Pure."""

import errno
import socket
import ssl
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tidewire.channels.egress import Blocked
from tidewire.channels.posting.connection import BrokenOff
from tidewire.channels.posting.pool import NoConnection
from tidewire.model.delivery import Accepted, Deferred, Outcome, Refused
from tidewire.model.errors import BadInput

GONE = 410
TOO_MANY = 429
# X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH of OpenSSL.
WRONG_NAME = (62, 64)
# Out of files, memory or ports, without a network: no host is to blame.
OUR_LIMITS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
    | {errno.ENETUNREACH, errno.ENETDOWN}
)


def outcome_of_answer(status: int, later: str, now: datetime) -> Outcome:
    """What an HTTP status (RFC 9110 section 15) means for the delivery; `later`: Retry-After.

    2xx is accepted. 410 ends the subscription. A redirect is refused, not followed. All
    else is deferred, the other 4xx too: Standard Webhooks has whatever is not 2xx tried
    again, and an outlet that deploys a bug at noon has mended it by one.
    """
    if 200 <= status < 300:
        return Accepted(status)
    if 300 <= status < 400:
        return Refused(status, "a redirect is not followed")
    if status == GONE:
        return Refused(status, "gone for good", disable=True)
    return Deferred(
        status,
        after=retry_after(later, now),
        blame_host=status >= 500,
        overloaded=status == TOO_MANY,
    )


def outcome_of_failure(error: Exception) -> Outcome:
    """What a try that brought no answer means for the delivery; the code is 0.

    A blocked address, a certificate for another name and a broken URL or secret will not
    mend by themselves: refused. An expired certificate gets renewed, a host comes back.
    """
    if isinstance(error, BadInput):
        return Refused(0, error.message)
    if isinstance(error, NoConnection):
        return _outcome_without_connection(error.cause)
    if isinstance(error, TimeoutError):
        return Deferred(0, "timeout", overloaded=True, unseen=True)
    if isinstance(error, BrokenOff):
        return Deferred(0, f"broken off: {error}", unseen=True)
    return Deferred(0, f"our own fault: {type(error).__name__}", blame_host=False)


def _outcome_without_connection(cause: Exception) -> Outcome:
    if isinstance(cause, Blocked):
        return Refused(0, "the address is private or reserved")
    if isinstance(cause, ssl.SSLCertVerificationError):
        if cause.verify_code in WRONG_NAME:
            return Refused(0, "the certificate is for another name")
        return Deferred(0, f"certificate: {cause.verify_message}")
    # The system's own ETIMEDOUT is a TimeoutError too.
    if isinstance(cause, TimeoutError):
        return Deferred(0, "timeout", overloaded=True)
    if isinstance(cause, OSError):
        return Deferred(0, f"connect: {_name(cause)}", blame_host=not _ours(cause))
    return Deferred(0, f"connect: {type(cause).__name__}")


def _ours(cause: OSError) -> bool:
    """Is it the network or the machine here that failed? A silent resolver counts as ours."""
    if isinstance(cause, socket.gaierror):
        return cause.errno == socket.EAI_AGAIN
    return not isinstance(cause, ssl.SSLError) and cause.errno in OUR_LIMITS


def _name(cause: OSError) -> str:
    """What happened in one word: "ECONNREFUSED"; for names that do not resolve "gaierror"."""
    if isinstance(cause, ssl.SSLError):  # its errno is none of the system's
        return cause.reason or "TLS"
    if isinstance(cause, socket.gaierror):
        return type(cause).__name__
    return errno.errorcode.get(cause.errno or 0, type(cause).__name__)


def retry_after(value: str, now: datetime) -> float | None:
    """Seconds that Retry-After (RFC 9110 section 10.2.3) asks for; None without a valid one."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return max(0.0, (at - now).total_seconds())
    except (ValueError, OverflowError):
        return None
