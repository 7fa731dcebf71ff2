"""What a mail server answers (RFC 5321, 4.2), and what that means for a delivery."""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from tidewire.channels.email.verdict import discreet, gone, without_local
from tidewire.model.delivery import Accepted, Deferred, Outcome, Refused

LONGEST_LINE = 4096  # RFC 5321 says 512; some servers are talkative
MOST_LINES = 100
DETAIL = 200
LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?", re.DOTALL)


class BadReply(Exception):
    """The server said something that is not a reply."""


@dataclass(slots=True)
class Reply:
    """A whole reply: its code and its lines of text.

    `good` is true for 2xx and 3xx. `text` is code and text in one line without addresses,
    cut to 200 characters.
    """

    code: int
    lines: tuple[str, ...]
    good: bool = field(init=False)
    text: str = field(init=False)
    _words: str = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self.good = self.code < 400
        self._words = discreet(" ".join(self.lines))
        self.text = _cut(self.code, self._words)

    def told(self, local: str = "") -> str:
        """The text, also without the local part of the recipient's address."""
        words = without_local(self._words, local)
        return self.text if words is self._words else _cut(self.code, words)


def _cut(code: int, words: str) -> str:
    return f"{code} {words}"[:DETAIL].rstrip()


class ReplyReader:
    """Cuts what comes in into replies."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[str] = []

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that `data` completes. Raises BadReply."""
        *whole, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) > LONGEST_LINE:
            raise BadReply("a reply line does not end")
        return [reply for line in whole if (reply := self._take(line)) is not None]

    @property
    def empty(self) -> bool:
        """True where nothing is left half read."""
        return not self._buffer and not self._lines

    def _take(self, line: bytes) -> Reply | None:
        reply, more = _line(line)
        if not more and not self._lines:
            return reply
        self._lines.extend(reply.lines)
        if len(self._lines) > MOST_LINES:
            raise BadReply("what came is not a mail server's reply")
        if more:
            return None
        lines, self._lines = tuple(self._lines), []
        return Reply(reply.code, lines)


@lru_cache(maxsize=64)  # servers say the same few things again and again
def _line(line: bytes) -> tuple[Reply, bool]:
    """One line read as a reply, and whether more lines belong to it. Raises BadReply."""
    found = LINE.fullmatch(line.rstrip(b"\r"))
    if not found:
        raise BadReply("what came is not a mail server's reply")
    text = (found[3] or b"").decode("utf-8", "replace")
    return Reply(int(found[1]), (text,)), found[2] == b"-"


def outcome_of(reply: Reply, local: str = "") -> Outcome:
    """What a server's last word on one message means; `local` is not told on.

    A 4xx is about this message or mailbox, not a fault of the relay, except 421.
    """
    detail = reply.told(local)
    if reply.good:
        return Accepted(reply.code, detail)
    if reply.code < 500:
        return Deferred(reply.code, detail, blame_host=reply.code == 421)
    said = " ".join(reply.lines)
    return Refused(reply.code, detail, suppress=gone("", reply.code, said))
