"""HTTPS endpoints of the world's outlets: fast, slow, busy, broken, gone, and silent ones."""

import asyncio
import base64
import hmac
import socket
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from aiohttp import web

from tidewire.simulator.certificates import Certificates
from tidewire.simulator.tempers import WebTemper, slowness, web_temper
from tidewire.simulator.truth import Truth

LARGEST_BODY = 5_000_000
RETRY_AFTER = 20  # seconds


@dataclass(slots=True)
class WebSink:
    """The servers' memory. `secret` gives an outlet's HMAC secret, "" for Ed25519.

    In a `calm` world every endpoint is fast.
    """

    seed: int
    truth: Truth
    secret: Callable[[int], str]
    tries: dict[tuple[int, str], int] = field(default_factory=dict)
    resting: asyncio.Event = field(default_factory=asyncio.Event)
    calm: bool = False

    async def listen(
        self,
        door: socket.socket,
        certificates: Certificates,
        beside: Iterable[web.RouteDef] = (),
    ) -> web.AppRunner:
        """Serve on a listening socket; one port answers for every host, and what is `beside`."""
        application = web.Application(client_max_size=LARGEST_BODY)
        application.router.add_routes([web.post("/hook", self.take), *beside])
        runner = web.AppRunner(
            application, access_log=None, handler_cancellation=True, shutdown_timeout=1.0
        )
        await runner.setup()
        await web.SockSite(runner, door, ssl_context=certificates.server_context()).start()
        return runner

    async def take(self, request: web.Request) -> web.Response:
        """Answer one webhook (Standard Webhooks 1.0) by the outlet's temper."""
        number = _outlet(request.host)
        body = await request.read()
        webhook_id = request.headers.get("webhook-id", "")
        if number is None or not self._signed(request, number, body):
            self.truth.answer("webhook", 401)
            self.truth.fault(f"webhook to {request.host} is not signed as it must be")
            return web.Response(status=401)
        key = (number, webhook_id)
        self.tries[key] = self.tries.get(key, 0) + 1
        answer = await self._answer(number, self.tries[key])
        url = f"https://{request.host}{request.path}"
        if answer.status < 300:
            self.truth.accept("webhook", url, webhook_id)
        elif answer.status == 410:
            self.truth.refuse("webhook", url, webhook_id)
        self.truth.answer("webhook", answer.status)
        return answer

    async def _answer(self, number: int, tries: int) -> web.Response:
        temper = WebTemper.FAST if self.calm else web_temper(self.seed, number)
        if temper is WebTemper.SILENT:
            self.truth.answer("webhook", "silent")
            await self.resting.wait()
        if temper is WebTemper.SLOW:
            await asyncio.sleep(slowness(self.seed, number))
        if temper is WebTemper.GONE:
            return web.Response(status=410)
        if temper is WebTemper.BROKEN or (temper is WebTemper.SHAKY and tries == 1):
            return web.Response(status=500, text="out of order")
        if temper is WebTemper.BUSY and tries == 1:
            return web.Response(status=429, headers={"Retry-After": str(RETRY_AFTER)})
        if temper is WebTemper.SILENT:
            return web.Response(status=503)
        return web.Response(status=204)

    def _signed(self, request: web.Request, number: int, body: bytes) -> bool:
        """Whether one of the signatures is the HMAC of an outlet that has a secret.

        An outlet without a secret takes Ed25519 ("v1a") and looks at its form alone.
        """
        headers = request.headers
        stamped = f"{headers.get('webhook-id', '')}.{headers.get('webhook-timestamp', '')}."
        signatures = headers.get("webhook-signature", "").split()
        secret = self.secret(number)
        if not secret:
            return any(one.startswith("v1a,") for one in signatures)
        raw = base64.b64decode(secret.removeprefix("whsec_"))
        digest = hmac.digest(raw, stamped.encode() + body, "sha256")
        wanted = "v1," + base64.b64encode(digest).decode()
        return any(hmac.compare_digest(wanted, one) for one in signatures)


def _outlet(host: str) -> int | None:
    name = host.partition(".")[0]
    digits = name.removeprefix("outlet-")
    return int(digits) if name.startswith("outlet-") and digits.isdecimal() else None
