"""Every error that Tidewire raises on purpose.

WireError                 message, advice, and an HTTP status
 ├─ BadInput        422   what was handed in cannot be taken; carries problems
 │   ├─ BadQuery    400   what is asked for cannot be: no such filter, a cursor not reached yet
 │   ├─ Unreadable  400   it is not even the format it says it is
 │   └─ TooLarge    413   it is over a stated limit
 ├─ Unauthenticated 401   no key, or one that is not known
 ├─ Forbidden       403   the caller's role may not do this
 ├─ NotFound        404   no such release, account, subscriber ...
 ├─ Conflict        409   it clashes with what is stored
 │   └─ MoveRefused 409   the release's state does not allow the move
 ├─ NotAcceptable   406   there is no such format
 ├─ TooMany         429   the caller asks more often than they may
 ├─ Misconfigured   500   a setting is missing or wrong: the operator must act
 └─ Unavailable     503   a part that is needed does not answer now
     └─ CannotOpen  503   a seal does not open: the key is another one, or bytes were changed
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem matters: an error stops the release, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing found wrong, where, and what to do about it.

    `pointer` is a JSON Pointer (RFC 6901) into what was handed in, "" for the whole.
    `code` is a stable word for programs, e.g. "headline-missing".
    """

    severity: Severity
    code: str
    pointer: str
    message: str
    advice: str


class WireError(Exception):
    """Something went wrong that the caller can be told about in one sentence."""

    status = 500

    def __init__(
        self, message: str, advice: str = "", *, headers: Mapping[str, str] | None = None
    ) -> None:
        """`headers` go with an HTTP answer: Retry-After, for one."""
        super().__init__(message)
        self.message = message
        self.advice = advice
        self.headers = dict(headers or {})

    def __str__(self) -> str:
        return f"{self.message} {self.advice}".strip()


class BadInput(WireError):
    """What was handed in cannot be taken; `problems` says why, field by field."""

    status = 422

    def __init__(self, message: str, advice: str = "", problems: Sequence[Problem] = ()) -> None:
        super().__init__(message, advice)
        self.problems = tuple(problems)


class BadQuery(BadInput):
    """What is asked for cannot be asked for: there is no such filter, or not yet such a place."""

    status = 400


class Unreadable(BadInput):
    """What was handed in is not the format that it says it is."""

    status = 400


class TooLarge(BadInput):
    """What was handed in is over a stated limit."""

    status = 413


class Unauthenticated(WireError):
    """No key was shown, or one that is not known here."""

    status = 401


class Forbidden(WireError):
    """The caller is known, but their role may not do this."""

    status = 403


class NotFound(WireError):
    """There is no such thing, or the caller may not know of it."""

    status = 404


class Conflict(WireError):
    """The request clashes with what is stored."""

    status = 409


class MoveRefused(Conflict):
    """The release's state does not allow this move."""


class NotAcceptable(WireError):
    """There is no such format, or none of those that the caller takes."""

    status = 406


class TooMany(WireError):
    """The caller asks more often than they may; a header says when to come back."""

    status = 429


class Misconfigured(WireError):
    """A setting is missing or wrong."""

    status = 500


class Unavailable(WireError):
    """A part that is needed does not answer at the moment."""

    status = 503


class CannotOpen(Unavailable):
    """What is under seal cannot be opened, or nothing can be sealed, here and now."""
