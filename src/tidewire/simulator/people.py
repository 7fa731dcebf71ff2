"""People behind the mailboxes: they click, unsubscribe and complain; their servers bounce."""

import asyncio
import email
import email.policy
import re
import smtplib
from dataclasses import dataclass, field

import aiohttp

from tidewire.clock import Clock
from tidewire.simulator.answers import bounce, complaint
from tidewire.simulator.mail_sink import Mail
from tidewire.simulator.tempers import Habit, MailTemper, habit, mail_temper
from tidewire.simulator.truth import Truth

ONE_CLICK = {"List-Unsubscribe": "One-Click"}  # RFC 8058 section 3.2

PATIENCE = 30  # tries, a second apart

_WEB_LINK = re.compile(r"<(https?://[^<>]+)>")
_RELEASE_LINK = re.compile(r"https?://[^\s<>\"]+/releases/[^\s<>\"]+")


@dataclass(slots=True)
class People:
    """Whoever does something with a mail. `inbound` (host, port) is where bounces are sent."""

    seed: int
    truth: Truth
    clock: Clock
    inbound: tuple[str, int] | None
    waiting: asyncio.Queue[Mail] = field(default_factory=asyncio.Queue)

    def receive(self, mail: Mail) -> None:
        """A mail has come; most people do nothing."""
        if self._bounces(mail) or habit(self.seed, mail.recipient) is not Habit.NOTHING:
            self.waiting.put_nowait(mail)

    async def live(self) -> None:
        """Act on one mail after the other until cancelled."""
        timeout = aiohttp.ClientTimeout(total=20)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            while True:
                mail = await self.waiting.get()
                try:
                    await self._act_patiently(session, mail)
                except Exception as error:  # a fault of the wire is told, and ends nobody's life
                    self.truth.fault(f"{mail.recipient} could not answer: {error!r}")
                finally:
                    self.waiting.task_done()

    async def rest(self) -> None:
        """Returns once everybody has done what they wanted to do."""
        await self.waiting.join()

    def _bounces(self, mail: Mail) -> bool:
        return mail_temper(self.seed, mail.recipient) is MailTemper.BOUNCING

    async def _act_patiently(self, session: aiohttp.ClientSession, mail: Mail) -> None:
        """Act; who finds nobody there comes back, as mail providers and people do."""
        for _ in range(PATIENCE):
            try:
                await self._act(session, mail)
            except (aiohttp.ClientConnectionError, OSError, smtplib.SMTPServerDisconnected):
                await asyncio.sleep(1.0)
            else:
                return
        await self._act(session, mail)

    async def _act(self, session: aiohttp.ClientSession, mail: Mail) -> None:
        if self._bounces(mail):
            await self._send(mail, bounce(mail, self.clock), "bounced")
            return
        wants = habit(self.seed, mail.recipient)
        if wants is Habit.COMPLAINS:
            await self._send(mail, complaint(mail, self.clock), "complained")
        elif wants is Habit.UNSUBSCRIBES:
            await self._unsubscribe(session, mail)
        elif wants is Habit.CLICKS:
            await self._click(session, mail)

    async def _send(self, mail: Mail, report: bytes, what: str) -> None:
        """Send a report with the null sender (RFC 5321, 4.5.5) to who sent the mail."""
        if self.inbound is None:
            return
        await asyncio.to_thread(_submit, self.inbound, mail.sender, report)
        self.truth.feedback[what].add(mail.recipient)

    async def _unsubscribe(self, session: aiohttp.ClientSession, mail: Mail) -> None:
        message = email.message_from_bytes(mail.content, policy=email.policy.SMTP)
        link = _WEB_LINK.search(str(message.get("List-Unsubscribe", "")))
        if link is None or "List-Unsubscribe-Post" not in message:
            self.truth.fault(f"mail to {mail.recipient} cannot be unsubscribed with one click")
            return
        async with session.post(link[1], data=ONE_CLICK, allow_redirects=False) as answer:
            if answer.status >= 300:
                self.truth.fault(f"one-click unsubscribe was answered with {answer.status}")
                return
        self.truth.feedback["unsubscribed"].add(mail.recipient)

    async def _click(self, session: aiohttp.ClientSession, mail: Mail) -> None:
        message = email.message_from_bytes(mail.content, policy=email.policy.SMTP)
        body = message.get_body(("plain", "html"))
        link = _RELEASE_LINK.search(body.get_content()) if body is not None else None
        if link is None:
            self.truth.fault(f"mail to {mail.recipient} has no link to the release")
            return
        async with session.get(link[0]) as answer:
            if answer.status != 200:
                self.truth.fault(f"{link[0]} was answered with {answer.status}")
                return
        self.truth.feedback["clicked"].add(mail.recipient)


def _submit(inbound: tuple[str, int], recipient: str, content: bytes) -> None:
    with smtplib.SMTP(*inbound, timeout=20) as session:
        options = [] if content.isascii() else ["BODY=8BITMIME"]
        session.sendmail("", [recipient], content, mail_options=options)
