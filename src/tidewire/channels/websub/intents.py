"""Intents: ask each callback whether it meant it (W3C WebSub, section 5.3), and end leases.

What was asked lies in the store until its callback has answered, so that any worker may ask.
"""

import asyncio
import hmac
import secrets
from dataclasses import replace
from datetime import timedelta
from enum import Enum
from urllib.parse import urlencode

import aiohttp
import structlog
from yarl import URL

from tidewire.channels.channel import ChannelContext
from tidewire.channels.egress import Blocked
from tidewire.channels.known_feeds import known
from tidewire.channels.posting.connector import guarded_connector
from tidewire.channels.posting.settings import PostingSettings
from tidewire.channels.websub.address import read
from tidewire.model.errors import BadInput, NotFound
from tidewire.store import subscriptions
from tidewire.store.subscriptions import Intent

AT_ONCE = 20
SECONDS = 10.0  # for a callback to answer
WAITS = (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10))
GONE = "There is no such feed any more."

log = structlog.get_logger()


class Verdict(Enum):
    """What a callback said: yes, no, or nothing that could be understood as either."""

    MEANT = "meant"
    NOT_MEANT = "not meant"
    UNHEARD = "unheard"


class Intents:
    """Verifies what was asked of the hub. Callbacks are reached past the egress guard only."""

    def __init__(self, context: ChannelContext) -> None:
        """Raises Misconfigured where a setting is wrong; connects to nothing yet."""
        self._context = context
        settings = PostingSettings.of(context.environment)
        self._egress, self._trust = settings.egress, settings.trust()

    async def turn(self) -> int:
        """Verify what is due, end leases that have run out; returns how many were verified."""
        now = self._context.clock.now()
        async with self._context.database.transaction() as tx:
            await subscriptions.expire(tx, now)
            for orphan in await subscriptions.without_circuit(tx):
                intent = Intent(0, orphan.address, "denied", orphan.feed, 0, "", GONE, now)
                await subscriptions.end(tx, orphan.address)
                await subscriptions.ask(tx, intent)
            due = await subscriptions.due(tx, now, AT_ONCE)
        if due:
            async with self._session() as session:
                await asyncio.gather(*(self._verify(session, intent) for intent in due))
        return len(due)

    def _session(self) -> aiohttp.ClientSession:
        connector = guarded_connector(self._egress, self._trust, keeps=False)
        timeout = aiohttp.ClientTimeout(total=SECONDS)
        return aiohttp.ClientSession(
            connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar()
        )

    async def _verify(self, session: aiohttp.ClientSession, intent: Intent) -> None:
        if intent.mode == "subscribe" and not await self._is_there(intent):
            return
        verdict = await self._ask(session, intent)
        now = self._context.clock.now()
        async with self._context.database.transaction() as tx:
            if verdict is Verdict.UNHEARD and intent.tries <= len(WAITS):
                await subscriptions.put_off(tx, intent, now + WAITS[intent.tries - 1])
                return
            if verdict is Verdict.MEANT and intent.mode == "subscribe":
                until = now + timedelta(seconds=intent.lease_seconds)
                await subscriptions.begin(tx, intent, until)
            elif verdict is Verdict.MEANT and intent.mode == "unsubscribe":
                await subscriptions.end(tx, intent.address)
            await subscriptions.drop(tx, intent)
        log.info("intent verified", mode=intent.mode, feed=intent.feed, verdict=verdict.value)

    async def _is_there(self, intent: Intent) -> bool:
        """Is there still such a feed? If not, its subscriber is told (hub.mode=denied)."""
        async with self._context.database.transaction() as tx:
            try:
                await known(tx, intent.feed)
            except NotFound:
                denied = replace(intent, mode="denied", reason=GONE)
                await subscriptions.drop(tx, intent)
                await subscriptions.ask(tx, denied)
                return False
        return True

    async def _ask(self, session: aiohttp.ClientSession, intent: Intent) -> Verdict:
        topic, callback = read(intent.address)
        challenge = secrets.token_urlsafe(32)
        asked = {"hub.mode": intent.mode, "hub.topic": topic.url(self._context.base_url)}
        if intent.mode == "denied":
            asked["hub.reason"] = intent.reason
        else:
            asked["hub.challenge"] = challenge
        if intent.mode == "subscribe":
            asked["hub.lease_seconds"] = str(intent.lease_seconds)
        url = f"{callback}{'&' if '?' in callback else '?'}{urlencode(asked)}"
        try:
            self._egress.check_url(callback)
            target = URL(url, encoded=True)
            async with session.get(target, allow_redirects=False) as answer:
                if answer.status >= 500:
                    return Verdict.UNHEARD
                if not 200 <= answer.status < 300:
                    return Verdict.NOT_MEANT
                said = await _beginning(answer.content, len(challenge) + 1)
        except (Blocked, BadInput):
            return Verdict.NOT_MEANT
        except aiohttp.ClientConnectorError as error:
            blocked = isinstance(error.os_error, Blocked)
            return Verdict.NOT_MEANT if blocked else Verdict.UNHEARD
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return Verdict.UNHEARD
        agreed = intent.mode == "denied" or hmac.compare_digest(said, challenge.encode())
        return Verdict.MEANT if agreed else Verdict.NOT_MEANT


async def _beginning(content: aiohttp.StreamReader, most: int) -> bytes:
    """At most so many bytes of an answer."""
    read = b""
    while len(read) < most and (part := await content.read(most - len(read))):
        read += part
    return read
