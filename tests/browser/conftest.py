"""The real site on a free port, a real database behind it, and Chromium to look at it."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from datetime import timedelta

import psycopg
import pytest
import uvicorn
from playwright.async_api import Browser, Page, async_playwright
from psycopg import sql
from psycopg.conninfo import make_conninfo

from browser_pages import ARGUMENTS
from site_world import T0, UNTRANSLATED, Open, Site, add_world
from tidewire.access.tokens import Signer
from tidewire.app.assemble import House
from tidewire.app.settings import read_settings
from tidewire.app.web import create_app
from tidewire.bus.postgres import PostgresBell
from tidewire.clock import FixedClock
from tidewire.formats.addresses import translate_url
from tidewire.intake.translation_link import TranslationLink, write_link
from tidewire.model.issuer import Caller, Role
from tidewire.newsroom.indexing import index_wire
from tidewire.reports.routes import report_link
from tidewire.store.database import Database
from wire import a_vault

EXPECTED = ("410 (Gone)", "404 (Not", "422 (Unproc")  # answers that tests ask for


@pytest.fixture(scope="session")
async def site(
    postgres: str, template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Site]:
    """The whole application over a database of its own, filled with a small world."""
    name = f"site_{os.getpid()}"
    with psycopg.connect(make_conninfo(postgres, dbname="postgres"), autocommit=True) as admin:
        create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
        admin.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
    database = Database(make_conninfo(postgres, dbname=name))
    await database.open()
    await add_world(database)
    await index_wire(database)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # from here on, who comes early waits
        base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        home = str(tmp_path_factory.mktemp("home"))
        settings = read_settings({"TIDEWIRE_HOME": home, "TIDEWIRE_BASE_URL": base_url})
        signer, bell = Signer(b"s" * 32), PostgresBell(database)
        clock = FixedClock(T0)
        house = House(settings, database, clock, signer, bell, a_vault(database, clock))
        app = create_app(house)
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, lifespan="off"))
        serving = asyncio.create_task(server._serve([listener]))
        yield Site(
            base_url,
            report_link(signer, base_url, "tidal"),
            lambda to: translate_url(base_url, write_link(signer, a_link(to))),
        )
        server.should_exit = True
        await serving
    await bell.close()
    await database.close()


def a_link(to: str) -> TranslationLink:
    """A translator's, for the release in English alone."""
    editor = Caller(0, Role.EDITOR, "Mara Muster")
    return TranslationLink(UNTRANSLATED, to, "Lou Example", T0 + timedelta(days=3), editor)


@pytest.fixture(scope="session")
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium. Without it these tests are skipped, but never in CI."""
    found = shutil.which("chromium")
    if found is None and "CI" not in os.environ:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    assert found is not None, "Chromium must be there in CI"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield browser
        await browser.close()


@pytest.fixture
async def look(chromium: Browser, site: Site) -> AsyncIterator[Open]:
    """Open an address of the site; afterwards, nothing was complained of or loaded elsewhere."""
    complaints: list[str] = []
    contexts = []

    async def at(address: str, *, dark: bool = False, width: int = 1280) -> Page:
        context = await chromium.new_context(
            color_scheme="dark" if dark else "light",
            viewport={"width": width, "height": 900},
            locale="en",
            reduced_motion="reduce",
        )
        contexts.append(context)
        page = await context.new_page()
        page.on("console", lambda said: complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda asked: elsewhere(asked.url))
        answer = await page.goto(address if "://" in address else site.base_url + address)
        expected = 410 if "/killed/" in address else 404 if "/nothing/" in address else 200
        assert answer is not None and answer.status == expected, address
        return page

    def elsewhere(url: str) -> None:
        if not url.startswith((site.base_url, "data:")):
            complaints.append(f"asked for {url}")

    yield at
    for context in contexts:
        await context.close()
    # Chromium says of every answer above 399 that it failed; a killed release is 410 on purpose.
    unasked = [one for one in complaints if not any(code in one for code in EXPECTED)]
    assert unasked == []
