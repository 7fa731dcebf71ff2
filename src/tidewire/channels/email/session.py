"""One connection to the relay: a pipelined ESMTP client (RFC 5321, RFC 2920, RFC 6531).

The end of one message and the envelope of the next go out together, so that a message
costs one round trip; the next one is signed while the relay thinks.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tidewire.channels.email.line import Line, Lost, Patience
from tidewire.channels.email.mailbox import Mailbox
from tidewire.channels.email.reply import Reply, outcome_of
from tidewire.model.delivery import Deferred, Outcome, Refused

GO_ON = 354
CLOSING = 421  # RFC 5321, 3.8: the server closes the channel


Settle = Callable[[Outcome], None]


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one recipient.

    `content` makes it: (header block, body), CRLF, dot-stuffed, without the last dot.
    `settle` is called once with what became of it.
    """

    sender: str
    recipient: Mailbox
    content: Callable[[], tuple[bytes, bytes]]
    settle: Settle


class Session:
    """Sends letters over one open line."""

    def __init__(self, line: Line, extensions: frozenset[str], patience: Patience) -> None:
        """`extensions` are the EHLO keywords, in capitals, that the relay offers."""
        self._line = line
        self._patience = patience
        self._pipelining = "PIPELINING" in extensions
        self._utf8 = "SMTPUTF8" in extensions
        # Bounces need not hold the mail that they return (RFC 3461, 4.3).
        self._return = " RET=HDRS" if "DSN" in extensions else ""
        self._stale = False  # a transaction is open that must be reset first
        self.fruitful = False  # it has had an answer about a letter, or once was good
        self.unsent: Letter | None = None  # taken, but the relay never heard of its content

    @property
    def usable(self) -> bool:
        """True while the line is up and nothing unasked-for has come."""
        return self._line.quiet

    async def deliver(self, letters: Iterator[Letter]) -> None:
        """Send letter after letter; each is settled before the end.

        Raises Lost where the connection ends: what was sent whole is settled as uncertain,
        a letter whose content was not sent is left in `unsent`.
        """
        self.unsent = None
        current = self._begin(letters)
        while current is not None:
            self.unsent = current
            current = await self._one(current, letters)
        self.unsent = None

    def quit(self) -> None:
        """Say goodbye without waiting for the answer."""
        if self._line.quiet:
            self._line.write(b"QUIT\r\n")
        self._line.close()

    def abort(self) -> None:
        """Let go at once."""
        self._line.abort()

    async def _one(self, letter: Letter, letters: Iterator[Letter]) -> Letter | None:
        ready, refusal = await self._envelope(letter)
        if refusal is None:
            return await self._content(letter, letters)
        if ready:  # 354 though the recipient was refused: end the message (RFC 2920, 3.1)
            self._line.write(b".\r\n")
            await self._line.reply(self._patience.final)
        self.fruitful = True
        letter.settle(refusal)
        return self._begin(letters)

    def _begin(self, letters: Iterator[Letter]) -> Letter | None:
        """Take the next letter that this relay can carry and, where it may, send its envelope."""
        for letter in letters:
            if letter.recipient.utf8 and not self._utf8:
                text = "the relay offers no SMTPUTF8, which this address needs"
                letter.settle(Refused(553, text))
                continue
            if self._pipelining:
                self._line.write(b"".join(self._commands(letter)))
            return letter
        return None

    def _commands(self, letter: Letter) -> list[bytes]:
        options = " BODY=8BITMIME SMTPUTF8" if letter.recipient.utf8 else ""
        commands = [
            f"MAIL FROM:<{letter.sender}>{options}{self._return}\r\n".encode(),
            f"RCPT TO:<{letter.recipient.address}>\r\n".encode(),
            b"DATA\r\n",
        ]
        if self._stale:
            commands.insert(0, b"RSET\r\n")
        return commands

    async def _envelope(self, letter: Letter) -> tuple[bool, Outcome | None]:
        """Whether the relay waits for content, and the refusal if there is one."""
        stale, refusal, ready = self._stale, None, False
        names = ["RSET"] if stale else []
        for name, command in zip(
            [*names, "MAIL", "RCPT", "DATA"], self._commands(letter), strict=True
        ):
            if not self._pipelining:
                self._line.write(command)
            reply = await self._answer()
            if name == "DATA" and reply.good:
                if reply.code != GO_ON:
                    raise Lost(f"a strange answer to DATA: {reply.text}")
                ready = True
            elif not reply.good and refusal is None and name != "RSET":
                local = letter.recipient.local
                judge = outcome_of if name == "RCPT" else _not_the_recipient
                refusal = judge(reply, local)
                if not self._pipelining:
                    break
        self._stale = refusal is not None
        return ready, refusal

    async def _content(self, letter: Letter, letters: Iterator[Letter]) -> Letter | None:
        try:
            head, body = letter.content()
        except Exception as error:
            self.unsent = None
            detail = f"the mail could not be written: {type(error).__name__}"
            letter.settle(Deferred(0, detail, blame_host=False))
            raise Lost("a message could not be written, so the connection was given up") from error
        self._line.write(head, body, b".\r\n")
        self.unsent = None
        try:
            following = self._begin(letters) if self._pipelining else None
            self.unsent = following
            reply = await self._line.reply(self._patience.final)
        except Lost as lost:
            letter.settle(lost.outcome(unseen=True))
            raise
        letter.settle(outcome_of(reply, letter.recipient.local))
        if reply.code == CLOSING:
            raise Lost(reply.text, CLOSING)
        self.fruitful = True
        return following if self._pipelining else self._begin(letters)

    async def _answer(self) -> Reply:
        reply = await self._line.reply(self._patience.command)
        if reply.code == CLOSING:
            raise Lost(reply.text, CLOSING)
        return reply


def _not_the_recipient(reply: Reply, local: str) -> Outcome:
    # MAIL and DATA are refused for our own sake: the recipient's address is not to blame.
    if reply.code >= 500:
        return Refused(reply.code, reply.told(local))
    return outcome_of(reply, local)
