"""An SMTP server that takes mail for the whole world, quickly, and answers as people's do.

RFC 5321 with PIPELINING (RFC 2920), 8BITMIME (RFC 6152), SMTPUTF8 (RFC 6531) and
enhanced status codes (RFC 2034).
"""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from tidewire.simulator.tempers import MailTemper, mail_temper
from tidewire.simulator.truth import Truth

LONGEST_LINE = 4096
LARGEST_MAIL = 20_000_000
GREETING = b"220 sim.localhost ESMTP\r\n"
EXTENSIONS = (
    b"250-sim.localhost\r\n250-PIPELINING\r\n250-SIZE 20000000\r\n250-8BITMIME\r\n"
    b"250-ENHANCEDSTATUSCODES\r\n250 SMTPUTF8\r\n"
)

# What nearly every mail begins with; read in one go, for a world takes many.
_ENVELOPE = re.compile(
    rb"MAIL FROM:<([^<>\r\n]*)>[^\r\n]*\r\nRCPT TO:<([^<>\r\n]+)>[^\r\n]*\r\nDATA\r\n"
)
_PATH = re.compile(r"<([^<>]*)>")
_MESSAGE_ID = re.compile(rb"^message-id:\s*<?([^\s<>]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail that got its 250: the envelope, its id and its bytes (CRLF, dots undone)."""

    sender: str
    recipient: str
    message_id: str
    content: bytes


@dataclass(slots=True)
class MailSink:
    """The server's memory; `taken` hears of every mail when it is first accepted."""

    seed: int
    truth: Truth
    taken: Callable[[Mail], None]
    seen: set[tuple[str, str]] = field(default_factory=set)

    async def listen(self, host: str, port: int, *, reuse_port: bool = False) -> asyncio.Server:
        """Start to serve; port 0 takes a free one. With `reuse_port` several may share it."""
        loop = asyncio.get_running_loop()
        return await loop.create_server(
            lambda: _Session(self), host, port, backlog=512, reuse_port=reuse_port or None
        )

    def at_recipient(self, sender: str, recipient: str) -> bytes:
        """The answer to RCPT TO."""
        temper = mail_temper(self.seed, recipient)
        if temper is MailTemper.UNKNOWN:
            return b"550 5.1.1 no such mailbox here\r\n"
        if temper is MailTemper.FULL:
            return b"452 4.2.2 mailbox is full\r\n"
        if temper is MailTemper.GREYLISTED and (sender, recipient) not in self.seen:
            self.seen.add((sender, recipient))
            return b"451 4.7.1 greylisted, please come again\r\n"
        return b"250 2.1.5 ok\r\n"

    def at_end(self, sender: str, recipients: list[str], content: bytes) -> bytes:
        """The answer to a whole mail, and the note of it."""
        found = _MESSAGE_ID.search(content[: content.find(b"\r\n\r\n") + 2])
        message_id = found[1].decode("utf-8", "replace") if found else ""
        if not found:
            self.truth.fault(f"mail to {recipients[0]} has no Message-ID")
        if any(mail_temper(self.seed, r) is MailTemper.PICKY for r in recipients):
            for recipient in recipients:
                self.truth.refuse("email", recipient, sender)
            return b"554 5.7.1 not wanted here\r\n"
        for recipient in recipients:
            if self.truth.accept("email", recipient, message_id):
                self.taken(Mail(sender, recipient, message_id, content))
        return b"250 2.0.0 taken\r\n"


class _Session(asyncio.Protocol):
    """One connection: lines in, answers out in one write for all that came together."""

    def __init__(self, sink: MailSink) -> None:
        self.sink = sink
        self.buffer = bytearray()
        self.at = 0  # what lies before it in the buffer is done with
        self.answers: list[bytes] = []
        self.sender: str | None = None
        self.recipients: list[str] = []
        self.in_data = False
        self.searched = 0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self.transport = cast(asyncio.Transport, transport)  # uvloop has its own class
        self.transport.write(GREETING)

    def data_received(self, data: bytes) -> None:
        """Work off every whole line and every whole mail."""
        self.buffer += data
        while self._mail() if self.in_data else self._envelope() or self._line():
            pass
        del self.buffer[: self.at]
        self.searched = max(0, self.searched - self.at)
        self.at = 0
        if self.answers and self.transport is not None:
            self.transport.write(b"".join(self.answers))
            self.answers.clear()

    def _envelope(self) -> bool:
        """Take MAIL, RCPT and DATA that came together (RFC 2920 section 3.1)."""
        if self.sender is not None:
            return False
        found = _ENVELOPE.match(self.buffer, self.at)
        if found is None:
            return False
        self.at = found.end()
        self.answers.append(b"250 2.1.0 ok\r\n")
        self.sender = found[1].decode("utf-8", "replace")
        self._recipient(found[2].decode("utf-8", "replace"))
        self._data()
        return True

    def _line(self) -> bool:
        end = self.buffer.find(b"\r\n", self.at)
        if end < 0:
            if len(self.buffer) - self.at > LONGEST_LINE and self.transport is not None:
                self.transport.write(b"500 5.5.2 line too long\r\n")
                self.transport.close()
            return False
        line = bytes(self.buffer[self.at : end])
        self.at = end + 2
        self._command(line[:4].upper(), line)
        return True

    def _mail(self) -> bool:
        """Take one mail out of the buffer, if all of it is there (RFC 5321 section 4.5.2)."""
        if self.buffer.startswith(b".\r\n", self.at):
            end, after = self.at, self.at + 3
        else:
            found = self.buffer.find(b"\r\n.\r\n", max(self.at, self.searched - 4))
            if found < 0:
                self.searched = len(self.buffer)
                return False
            end, after = found + 2, found + 5
        content = bytes(self.buffer[self.at : end])
        self.at = self.searched = after
        self.in_data = False
        if content.startswith(b".") or b"\r\n." in content:
            content = re.sub(rb"(?m)^\.", b"", content)
        assert self.sender is not None
        self._say(self.sink.at_end(self.sender, self.recipients, content))
        self._reset()
        return True

    def _command(self, verb: bytes, line: bytes) -> None:
        if verb == b"MAIL":
            self._mail_from(line)
        elif verb == b"RCPT":
            self._rcpt_to(line)
        elif verb == b"DATA":
            self._data()
        elif verb == b"EHLO":
            self._reset()
            self.answers.append(EXTENSIONS)
        elif verb in (b"HELO", b"RSET", b"NOOP"):
            if verb != b"NOOP":
                self._reset()
            self.answers.append(b"250 2.0.0 ok\r\n")
        elif verb == b"QUIT" and self.transport is not None:
            self.transport.write(b"".join(self.answers) + b"221 2.0.0 bye\r\n")
            self.answers.clear()
            self.transport.close()
        else:
            self._say(b"502 5.5.1 not known here\r\n")

    def _mail_from(self, line: bytes) -> None:
        path = _PATH.search(line.decode("utf-8", "replace"))
        if path is None or self.sender is not None:
            self._say(b"503 5.5.1 not now\r\n")
            return
        self.sender = path[1]
        self.answers.append(b"250 2.1.0 ok\r\n")

    def _rcpt_to(self, line: bytes) -> None:
        path = _PATH.search(line.decode("utf-8", "replace"))
        if path is None or self.sender is None:
            self._say(b"503 5.5.1 not now\r\n")
            return
        self._recipient(path[1])

    def _recipient(self, address: str) -> None:
        assert self.sender is not None
        answer = self.sink.at_recipient(self.sender, address)
        if answer[:1] == b"2":
            self.recipients.append(address)
            self.answers.append(answer)
        else:
            if answer[:1] == b"5":
                self.sink.truth.refuse("email", address, self.sender)
            self._say(answer)

    def _data(self) -> None:
        if self.recipients:
            self.in_data, self.searched = True, self.at
            self.answers.append(b"354 go ahead\r\n")
        else:
            self._say(b"554 5.5.1 no valid recipients\r\n")

    def _say(self, answer: bytes) -> None:
        self.sink.truth.answer("email", answer[:3].decode())
        self.answers.append(answer)

    def _reset(self) -> None:
        self.sender, self.recipients = None, []
