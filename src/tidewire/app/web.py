"""The web application: the one place where routes are mounted."""

import asyncio
from functools import partial
from pathlib import Path

import uvicorn
from fastapi import FastAPI
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

import tidewire.newsroom
from tidewire.app import api_reference, problems
from tidewire.app.assemble import House
from tidewire.app.connection import BUSY_AT, BoundedConnection
from tidewire.app.health import health_routes
from tidewire.channels.email import routes as email
from tidewire.channels.email.settings import relay_notice
from tidewire.channels.feed import routes as feed
from tidewire.channels.webhook import routes as webhook
from tidewire.channels.websub import routes as websub
from tidewire.delivery.feedback import hear
from tidewire.desk import routes as desk
from tidewire.intake import picture_routes
from tidewire.intake import routes as intake
from tidewire.intake import translator_routes as translator
from tidewire.intake.submit import Intake, examine
from tidewire.newsroom import routes as newsroom
from tidewire.newsroom import search_routes
from tidewire.outlets import routes as outlets
from tidewire.reports import routes as reports
from tidewire.translation.settings import open_provider

HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self';"
        # Nothing of ours connects; auditors (Lighthouse) fetch /robots.txt from within a page.
        b" connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"strict-origin-when-cross-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
)


def create_app(house: House) -> ASGIApp:
    """The ASGI application: pages, API, feeds, unsubscription."""
    app = FastAPI(
        title="Tidewire",
        version="1",
        description="Hand in press releases, decide about them, and read the wire.",
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    problems.install(app)
    context = house.channel_context()
    shelf = newsroom.open_shelf(house.database)
    app.router.routes.extend(health_routes(house, "web"))
    app.include_router(
        intake.routes(
            house.database,
            house.clock,
            house.bell,
            house.vault,
            translator=open_provider(house.settings.environment),
        )
    )
    app.include_router(picture_routes.routes(house.database, house.clock, house.bell, house.vault))
    app.include_router(
        translator.routes(
            Intake(house.database, house.clock, house.bell, house.vault),
            house.signer,
            house.settings.base_url,
        )
    )
    app.include_router(
        desk.routes(
            house.database,
            house.clock,
            house.bell,
            house.vault,
            check=partial(examine, house.database, house.clock),
            replacement=intake.replacement(house.database, house.clock, house.bell, house.vault),
        )
    )
    app.include_router(
        reports.routes(
            house.database,
            house.clock,
            house.signer,
            house.settings.base_url,
            mail_leaves=relay_notice(house.settings.environment) is None,
        )
    )
    app.include_router(feed.routes(context))
    app.include_router(websub.routes(context))
    app.include_router(
        outlets.routes(
            house.database, house.clock, house.bell, house.signer, house.settings.base_url
        )
    )
    app.include_router(webhook.routes(house.settings.keys, house.clock))
    app.include_router(email.routes(context, partial(hear, house.database, house.clock)))
    app.include_router(api_reference.routes(app))
    app.include_router(search_routes.routes(house.database, house.settings.base_url))
    app.include_router(newsroom.routes(house.database, house.settings.base_url, house.clock, shelf))
    static = Path(tidewire.newsroom.__file__).parent / "static"
    app.mount("/static", StaticFiles(directory=static), name="static")
    return SafeHeaders(
        newsroom.Quick(app, shelf)
    )  # around all of it, so that no answer goes without them


class SafeHeaders:
    """Adds the headers that keep pages from running or loading what is not ours."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; headers are added to the start of the answer."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message.get("headers", [])}
                message["headers"] = [
                    *message.get("headers", []),
                    *(pair for pair in HEADERS if pair[0] not in present),
                ]
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)


async def run_web(house: House, stopping: asyncio.Event) -> None:
    """Serve until `stopping` is set; open requests are finished first."""
    address = house.settings.http
    config = uvicorn.Config(
        create_app(house),
        host=address.host,
        port=address.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        http=BoundedConnection,
        ws="none",
        limit_concurrency=BUSY_AT,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server._serve())
    ended = asyncio.create_task(stopping.wait())
    await asyncio.wait({serving, ended}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    ended.cancel()
    await serving
