"""What a site's answer, or its silence, means for the delivery. Pure."""

from datetime import datetime

import aiohttp

from tidewire.channels.posting.answer import outcome_of_answer, outcome_of_failure
from tidewire.channels.posting.connection import BrokenOff
from tidewire.channels.posting.pool import NoConnection
from tidewire.channels.wordpress.api import NotTheApi, Unwilling
from tidewire.model.delivery import Deferred, Outcome, Refused

BAD_REQUEST, UNAUTHORISED, FORBIDDEN, NOT_FOUND, GONE = 400, 401, 403, 404, 410


def outcome_of(error: Exception, now: datetime, *, written: bool) -> Outcome:
    """`written`: a post may have come about, so the next try is marked as a repeat."""
    if isinstance(error, Unwilling):
        return _of_answer(error, now)
    if isinstance(error, NotTheApi):
        detail = f"the site answered {error.kind}, not its REST API"
        return Deferred(error.status, detail, blame_host=False, unseen=written)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return outcome_of_failure(NoConnection(error.certificate_error))
    if isinstance(error, aiohttp.ClientConnectorError):
        return outcome_of_failure(NoConnection(error.os_error))
    if isinstance(error, TimeoutError):
        return Deferred(0, "timeout", overloaded=True, unseen=written)
    if isinstance(error, aiohttp.ClientError):
        found = outcome_of_failure(BrokenOff(type(error).__name__))
        return found if written else Deferred(0, f"broken off: {type(error).__name__}")
    return outcome_of_failure(error)


def _of_answer(answer: Unwilling, now: datetime) -> Outcome:
    """What the API itself turns down will not mend by itself: refused.

    A 403 or 404 that is not the API's own comes from what stands before it, and may pass.
    """
    said = f": {answer.code}" if answer.code else ""
    if answer.status == UNAUTHORISED:
        return Refused(answer.status, f"the login is turned down{said}")
    if answer.status in (BAD_REQUEST, FORBIDDEN) and answer.code.startswith("rest_"):
        return Refused(answer.status, f"the site turns the post down{said}")
    if answer.status in (BAD_REQUEST, FORBIDDEN, NOT_FOUND, GONE):
        detail = f"the site does not take posts here{said}"
        return Deferred(answer.status, detail, blame_host=False)
    return outcome_of_answer(answer.status, answer.retry_after, now)
