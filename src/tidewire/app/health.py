"""How a program is: does it live, is it ready, and its figures; on an address of its own."""

import asyncio
import contextlib
import hmac
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

import psycopg
import uvicorn
from psycopg_pool import PoolTimeout
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tidewire.app.assemble import House
from tidewire.app.connection import BoundedConnection
from tidewire.app.details import problem
from tidewire.clock import stopwatch
from tidewire.model.errors import Misconfigured
from tidewire.publish.stage import LEAD
from tidewire.store import migrations
from tidewire.store.standing import Standing, standing
from tidewire.watch import figures

FRESH_SECONDS = 1.0
STORE_SECONDS = 3.0  # how long the database may take to say how it stands


@contextlib.asynccontextmanager
async def watched(house: House, program: str) -> AsyncIterator[None]:
    """Answer on TIDEWIRE_METRICS_ADDRESS until the block ends; without one, nowhere.

    Raises Misconfigured where somebody listens there.
    """
    address = house.settings.metrics
    if address is None:
        yield
        return
    try:
        door = socket.create_server(
            (address.host, address.port),
            family=socket.AF_INET6 if ":" in address.host else socket.AF_INET,
        )
    except OSError as error:
        raise Misconfigured(
            f"Tidewire cannot listen on {address}: {error.strerror}.",
            "Each program needs a TIDEWIRE_METRICS_ADDRESS of its own.",
        ) from error
    looks = _Looks(house)
    application = Starlette(
        routes=[*_routes(looks, program), Route("/metrics", _metrics(house, looks))]
    )
    config = uvicorn.Config(
        application,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        http=BoundedConnection,
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve(sockets=[door]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def health_routes(house: House, program: str) -> list[Route]:
    """/healthz: this process lives. /readyz: it can do its work, or problem details say why not."""
    return _routes(_Looks(house), program)


def _routes(looks: "_Looks", program: str) -> list[Route]:
    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok", "program": program}, headers=_FRESH)

    async def readyz(_request: Request) -> Response:
        _, why = await looks.look()
        if why:
            return problem(503, "This program is not ready.", why, headers=dict(_FRESH))
        return JSONResponse({"status": "ready", "program": program}, headers=_FRESH)

    return [Route("/healthz", healthz), Route("/readyz", readyz)]


_FRESH = {"Cache-Control": "no-store"}


def _metrics(house: House, looks: "_Looks") -> Callable[[Request], Awaitable[Response]]:
    token = house.settings.metrics_token.encode()

    async def metrics(request: Request) -> Response:
        given = request.headers.get("authorization", "").partition(" ")[2].encode()
        if token and not hmac.compare_digest(given, token):
            said = {"WWW-Authenticate": "Bearer"}
            return problem(401, "The token is missing or wrong.", headers=said)
        stands, _ = await looks.look()
        found = figures.text(house.meters, house.bell.counters, stands, looks.asked)
        return Response(found, media_type=figures.MEDIA_TYPE, headers=_FRESH)

    return metrics


class _Looks:
    """Looks at the store, at most one each second however many ask."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._alone = asyncio.Lock()
        self._until = 0.0
        self._last: tuple[Standing | None, str] = None, ""
        self.asked = house.clock.now()  # our own time at the last look

    async def look(self) -> tuple[Standing | None, str]:
        """(how the store stands, why this program is not ready: "" where it is)."""
        async with self._alone:
            if stopwatch() >= self._until:
                self._last = await self._ask(self._house)
                self._until = stopwatch() + FRESH_SECONDS
            stands, why = self._last
        return stands, why or " ".join(self._house.loading.values())

    async def _ask(self, house: House) -> tuple[Standing | None, str]:
        try:
            async with asyncio.timeout(STORE_SECONDS), house.database.transaction() as tx:
                self.asked = house.clock.now()
                stands = await standing(tx, self.asked, LEAD)
        except (psycopg.Error, PoolTimeout, TimeoutError):
            return None, "The database does not answer as it should."
        known = migrations.newest()
        if stands.migration != known:
            return stands, f"The database is at migration {stands.migration}, not at {known}."
        return stands, ""
