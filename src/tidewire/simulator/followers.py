"""Subscribers of the wire's hub (W3C WebSub): they ask, confirm that they meant it, and check."""

import asyncio
import hashlib
import hmac
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web

from tidewire.simulator.feed_readers import entries
from tidewire.simulator.tempers import WebTemper
from tidewire.simulator.truth import Truth

SHARE, LEAST, MOST = 0.004, 3, 40  # of the outlets; the hub takes sixty requests a minute
AGAIN_SECONDS = 0.5  # until the hub is asked again that did not answer

TOPICS = (
    "en.atom",
    "de.json",
    "fr.rss?text=summary",
    "en/country/150.atom",
    "ja.atom",
    "de/technology.json",
    "es.rss",
    "zh-Hans.json?text=summary",
)
TEMPERS = (WebTemper.FAST, WebTemper.SHAKY, WebTemper.GONE, WebTemper.FAST, WebTemper.FAST)
MEDIA_TYPES = {
    "atom": "application/atom+xml",
    "rss": "application/rss+xml",
    "json": "application/feed+json",
}


def followers(outlets: int) -> int:
    """How many follow feeds in a world with so many outlets."""
    return min(max(LEAST, round(outlets * SHARE)), MOST)


@dataclass(slots=True)
class Followers:
    """`count` callbacks on the world's HTTPS port, each for one topic of the wire at `base_url`."""

    seed: int
    truth: Truth
    base_url: str
    port: int
    count: int
    confirmed: set[int] = field(default_factory=set)
    tries: dict[tuple[int, str], int] = field(default_factory=dict)

    def routes(self) -> list[web.RouteDef]:
        """Where they are told."""
        return [web.get("/told/{number}", self.confirm), web.post("/told/{number}", self.take)]

    def topic(self, number: int) -> str:
        """The feed that this one follows, as the path of its document."""
        return f"/feeds/{TOPICS[number % len(TOPICS)]}"

    def callback(self, number: int) -> str:
        """Where it is told."""
        return f"https://reader-{number:04d}.sim.localhost:{self.port}/told/{number}"

    def secret(self, number: int) -> str:
        """What its pushes are signed with; every fifth has none."""
        if number % 5 == 4:
            return ""
        return hashlib.sha256(f"{self.seed} follower {number}".encode()).hexdigest()

    async def subscribe(self) -> None:
        """Ask the hub for all; it may not be there yet."""
        timeout = aiohttp.ClientTimeout(total=10)
        async with aiohttp.ClientSession(timeout=timeout) as session:
            for number in range(self.count):
                await self._insist(session, number)

    async def confirm(self, request: web.Request) -> web.Response:
        """Say whether we meant it (WebSub, section 5.3)."""
        number, asked = self._number(request), request.query
        if number is None or asked.get("hub.topic") != self.base_url + self.topic(number):
            return web.Response(status=404)
        if asked.get("hub.mode") == "denied":
            self.truth.fault(f"websub: {self.topic(number)} was denied")
            return web.Response(status=204)
        self.confirmed.add(number)
        return web.Response(text=asked.get("hub.challenge", ""))

    async def take(self, request: web.Request) -> web.Response:
        """Look at a push (WebSub, section 7), and answer by the callback's temper."""
        number, body = self._number(request), await request.read()
        if number is None:
            return web.Response(status=404)
        if wrong := self._wrong(request, number, body):
            self.truth.fault(f"websub: what {self.callback(number)} was sent {wrong}")
            return self._said(400)
        address = f"{self.topic(number)} {self.callback(number)}"
        (entry,) = entries(self._form(number), body)
        self.tries[number, entry] = self.tries.get((number, entry), 0) + 1
        temper = TEMPERS[number % len(TEMPERS)]
        if temper is WebTemper.GONE:
            self.truth.refuse("websub", address, entry)
            return self._said(410)
        if temper is WebTemper.SHAKY and self.tries[number, entry] == 1:
            return self._said(500)
        self.truth.accept("websub", address, entry)
        return self._said(204)

    async def _insist(self, session: aiohttp.ClientSession, number: int) -> None:
        """Ask the hub until it has taken the request."""
        while True:
            if await self._ask(session, number):
                return
            await asyncio.sleep(AGAIN_SECONDS)

    async def _ask(self, session: aiohttp.ClientSession, number: int) -> bool:
        """True once the hub has taken the request."""
        form = {
            "hub.mode": "subscribe",
            "hub.topic": self.base_url + self.topic(number),
            "hub.callback": self.callback(number),
            "hub.secret": self.secret(number),
        }
        asked = {name: value for name, value in form.items() if value}
        try:
            async with session.post(f"{self.base_url}/hub", data=asked) as answer:
                if answer.status not in (202, 429, 503):
                    self.truth.fault(f"websub: the hub answered {answer.status} to {number}")
                    return True
                return answer.status == 202
        except (aiohttp.ClientError, TimeoutError):
            return False

    def _wrong(self, request: web.Request, number: int, body: bytes) -> str:
        """What is not as it must be, "" where all is."""
        secret, said = self.secret(number), request.headers.get("X-Hub-Signature", "")
        wanted = f"sha256={hmac.digest(secret.encode(), body, 'sha256').hex()}" if secret else ""
        if not hmac.compare_digest(said, wanted):
            return "has another signature"
        if request.content_type != MEDIA_TYPES[self._form(number)]:
            return f"is {request.content_type}"
        links = ", ".join(request.headers.getall("Link", []))
        if f'<{self.base_url}{self.topic(number)}>; rel="self"' not in links:
            return "does not name its topic"
        if len(entries(self._form(number), body)) != 1:
            return "has not one entry"
        return ""

    def _form(self, number: int) -> str:
        return self.topic(number).partition("?")[0].rpartition(".")[2]

    def _number(self, request: web.Request) -> int | None:
        text = request.match_info["number"]
        return int(text) if text.isdecimal() and int(text) < self.count else None

    def _said(self, status: int) -> web.Response:
        self.truth.answer("websub", status)
        return web.Response(status=status)
