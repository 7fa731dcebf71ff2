"""One connection to the relay: a pipelined ESMTP client (RFC 5321, RFC 2920, RFC 6531).

The end of one message and the envelope of the next go out in one write, so that a message
costs one round trip, one write and, mostly, one read. Nothing waits in between: each reply is
handed to the method that stands for the state, as it comes.

    state    what it answers   2xx, 3xx                              4xx, 5xx
    -----    ---------------   --------                              --------
    _reset   RSET              -> _mail                              -> _mail
    _mail    MAIL FROM         -> _rcpt                              refused -> _rcpt
    _rcpt    RCPT TO           -> _data                              refused -> _data
    _data    DATA              354 -> _ready; refused before:        refused; next letter
                                 an empty message -> _void;
                               another: the line is lost
    _ready   nothing yet       the line is lost                      refused; the line is lost
    _final   the message       settled; next letter                  settled; next letter
    _void    an empty message  next letter                           next letter

From _ready the content goes out once everything that has come in is read -> _final. The next
letter begins at _mail, or at _reset where a transaction was left open; its envelope went out
with the content before it. Without PIPELINING each command goes out alone: what is refused
then ends its letter at once, and the next envelope waits for the answer to the content.
421 loses the line in every state (RFC 5321, 3.8).
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tidewire.channels.email.line import Line, Lost, Patience
from tidewire.channels.email.mailbox import Mailbox
from tidewire.channels.email.reply import Reply, outcome_of
from tidewire.model.delivery import Deferred, Outcome, Refused

GO_ON = 354
CLOSING = 421
END = b".\r\n"

Piece = bytes | memoryview
Settle = Callable[[Outcome], None]
State = Callable[[Reply], None]


@dataclass(slots=True)
class Letter:
    """One message to one recipient.

    `content` makes it: (header block, body), CRLF, dot-stuffed, without the last dot.
    `settle` is called once with what became of it.
    """

    sender: str
    recipient: Mailbox
    content: Callable[[], tuple[Piece, Piece]]
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
        self._letters: Iterator[Letter] = iter(())
        self._letter: Letter | None = None  # taken, its content not sent
        self._sent: Letter | None = None  # sent whole, not answered
        self._refusal: Outcome | None = None  # what the relay has against `_letter`
        self._held: list[bytes] = []  # commands that wait for the answer to the one before
        self._stale = False  # a transaction is open that must be reset first
        self._cleared = False  # the relay waits for the content
        self._surplus = False  # the relay answered what nobody had asked
        self._state: State = self._mail
        self._lost: Lost | None = None
        self._busy = False  # letters are under way, until `_done`
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.fruitful = False  # it has had an answer about a letter, or once was good
        self.unsent: Letter | None = None  # taken, but the relay never heard of its content

    @property
    def usable(self) -> bool:
        """True while the line is up and nothing unasked-for has come."""
        return self._line.quiet and not self._surplus

    async def deliver(self, letters: Iterator[Letter]) -> None:
        """Send letter after letter; each is settled before the end.

        Raises Lost where the connection ends: what was sent whole is settled as uncertain,
        a letter whose content was not sent is left in `unsent`.
        """
        self.unsent = None
        self._line.listen(self._hear, self._end)
        try:
            self._letters, self._busy = letters, True
            self._done = asyncio.get_running_loop().create_future()
            self._next()
            if self._busy:
                self._watch()
            await self._done
        finally:
            self._busy = False
            self._line.listen()
        if self._lost is not None:
            raise self._lost

    def quit(self) -> None:
        """Say goodbye without waiting for the answer."""
        if self._line.quiet:
            self._line.write(b"QUIT\r\n")
        self._line.close()

    def abort(self) -> None:
        """Let go at once."""
        self._line.abort()

    def _hear(self, replies: list[Reply]) -> None:
        """Take the replies that came in together, in their order."""
        for reply in replies:
            if not self._busy:
                self._surplus = True
            elif reply.code == CLOSING and self._sent is None:
                self._end(Lost(reply.text, CLOSING))
            else:
                self._state(reply)
        if self._busy:
            if self._cleared:
                self._send_content()
            self._watch()

    def _reset(self, _reply: Reply) -> None:
        self._go(self._mail)

    def _mail(self, reply: Reply) -> None:
        if not reply.good:
            self._heed(reply, _not_the_recipient)
        self._go(self._rcpt)

    def _rcpt(self, reply: Reply) -> None:
        if not reply.good:
            self._heed(reply, outcome_of)
        self._go(self._data)

    def _data(self, reply: Reply) -> None:
        if reply.good and reply.code != GO_ON:
            self._end(Lost(f"a strange answer to DATA: {reply.text}"))
            return
        if not reply.good:
            self._heed(reply, _not_the_recipient)
        if self._refusal is None:
            self._state, self._cleared = self._ready, True
        elif reply.good:  # the recipient was refused: end the message (RFC 2920, 3.1)
            self._settle_refused()
            self._line.write(END + self._following())
            self._state = self._void
        else:
            self._settle_refused()
            self._next()

    def _ready(self, reply: Reply) -> None:
        if not reply.good:
            self._heed(reply, _not_the_recipient)
        self._end(Lost(f"the relay answered a message before it had it: {reply.text}"))

    def _final(self, reply: Reply) -> None:
        letter, self._sent = self._sent, None
        if letter is not None:
            letter.settle(outcome_of(reply, letter.recipient.local))
        if reply.code == CLOSING:
            self._end(Lost(reply.text, CLOSING))
            return
        self.fruitful = True
        self._follow()

    def _void(self, _reply: Reply) -> None:
        self._follow()

    def _heed(self, reply: Reply, judge: Callable[[Reply, str], Outcome]) -> None:
        """Keep what the relay has against the letter; its first word counts."""
        if self._refusal is None and self._letter is not None:
            self._refusal = judge(reply, self._letter.recipient.local)

    def _go(self, state: State) -> None:
        """Go on to the answer of the next command, and send it if it was held back."""
        if self._refusal is not None and not self._pipelining:
            self._settle_refused()
            self._next()
            return
        self._state = state
        if self._held:
            self._line.write(self._held.pop(0))

    def _settle_refused(self) -> None:
        letter, refusal = self._letter, self._refusal
        self._letter, self._refusal = None, None
        self._stale = True
        self.fruitful = True
        if letter is not None and refusal is not None:
            letter.settle(refusal)

    def _send_content(self) -> None:
        """Send the letter and, where the relay is pipelining, the envelope of the next."""
        letter = self._letter
        assert letter is not None
        self._cleared = False
        try:
            head, body = letter.content()
        except Exception as error:
            self._letter = None
            detail = f"the mail could not be written: {type(error).__name__}"
            letter.settle(Deferred(0, detail, blame_host=False))
            reason = "a message could not be written, so the connection was given up"
            self._end(Lost(reason))
            return
        self._letter, self._sent, self._stale = None, letter, False
        self._line.write(b"".join((head, body, END, self._following())))
        self._state = self._final

    def _following(self) -> bytes:
        """The envelope of the next letter, which is taken; none where it must wait."""
        return self._envelope() if self._pipelining else b""

    def _follow(self) -> None:
        """Go on with the letter whose envelope is out, or take one."""
        if self._letter is not None:
            self._begin()
        else:
            self._next()

    def _next(self) -> None:
        """Take the next letter and send its envelope; without one, all is done."""
        envelope = self._envelope()
        if self._letter is None:
            self._finish()
            return
        self._line.write(envelope)
        self._begin()

    def _begin(self) -> None:
        self._state = self._reset if self._stale else self._mail

    def _envelope(self) -> bytes:
        """Take the next letter that this relay can carry; its commands, or the first of them."""
        for letter in self._letters:
            if letter.recipient.utf8 and not self._utf8:
                text = "the relay offers no SMTPUTF8, which this address needs"
                letter.settle(Refused(553, text))
                continue
            self._letter = letter
            commands = self._commands(letter)
            if self._pipelining:
                return commands
            first, *self._held = commands.splitlines(keepends=True)
            return first
        return b""

    def _commands(self, letter: Letter) -> bytes:
        reset = "RSET\r\n" if self._stale else ""
        to = letter.recipient
        options = f" BODY=8BITMIME SMTPUTF8{self._return}" if to.utf8 else self._return
        return (
            f"{reset}MAIL FROM:<{letter.sender}>{options}\r\n"
            f"RCPT TO:<{to.local}@{to.domain}>\r\nDATA\r\n"
        ).encode()

    def _watch(self) -> None:
        """Have the relay answer in time."""
        waits = self._sent is not None or self._state == self._void
        self._line.expect(self._patience.final if waits else self._patience.command)

    def _end(self, lost: Lost) -> None:
        """The line is of no more use: say so of every letter that was under way."""
        if not self._busy:
            return
        if self._sent is not None:
            self._sent.settle(lost.outcome(unseen=True))
            self._sent = None
        if self._refusal is not None:
            self._settle_refused()
        self.unsent, self._letter = self._letter, None
        self._lost = lost
        self._finish()

    def _finish(self) -> None:
        self._busy = False
        if not self._done.done():  # it is where the wait was cancelled
            self._done.set_result(None)


def _not_the_recipient(reply: Reply, local: str) -> Outcome:
    # MAIL and DATA are refused for our own sake: the recipient's address is not to blame.
    if reply.code >= 500:
        return Refused(reply.code, reply.told(local))
    return outcome_of(reply, local)
