"""What failures mean that both ways of filing have in common. Pure."""

import errno
import socket
import ssl

from tidewire.channels.egress import Blocked
from tidewire.channels.filing.filer import NotTheSame
from tidewire.channels.filing.reach import Unreached
from tidewire.model.delivery import Deferred, Outcome, Refused
from tidewire.model.errors import BadInput

# Out of files, memory or ports, without a network: no host is to blame.
OUR_LIMITS = frozenset(
    {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EADDRNOTAVAIL}
    | {errno.ENETUNREACH, errno.ENETDOWN}
)


def outcome_of_common(error: Exception, *, written: bool) -> Outcome:
    """`written`: the file may have got its name all the same, so the next try is a repeat."""
    if isinstance(error, BadInput):
        return Refused(0, error.message)
    if isinstance(error, NotTheSame):
        return Deferred(0, "what was read back is not what was written")
    if isinstance(error, Unreached):
        return _unreached(error.cause)
    if isinstance(error, TimeoutError):
        return Deferred(0, "timeout", overloaded=True, unseen=written)
    if isinstance(error, OSError | EOFError):
        return Deferred(0, f"broken off: {_name(error)}", unseen=written)
    return Deferred(0, f"our own fault: {type(error).__name__}", blame_host=False, unseen=written)


def _unreached(cause: Exception) -> Outcome:
    if isinstance(cause, Blocked):
        return Refused(0, "the address is private or reserved")
    if isinstance(cause, TimeoutError):
        return Deferred(0, "timeout", overloaded=True)
    return Deferred(0, f"connect: {_name(cause)}", blame_host=not _is_ours(cause))


def _is_ours(cause: Exception) -> bool:
    if isinstance(cause, socket.gaierror):
        return cause.errno == socket.EAI_AGAIN
    return (
        isinstance(cause, OSError)
        and not isinstance(cause, ssl.SSLError)
        and cause.errno in OUR_LIMITS
    )


def _name(cause: Exception) -> str:
    """What happened in one word: "ECONNREFUSED"; what is not the system's by its class."""
    number = cause.errno if isinstance(cause, OSError) else None
    if isinstance(cause, ssl.SSLError | socket.gaierror) or number is None:
        return type(cause).__name__
    return errno.errorcode.get(number, type(cause).__name__)
