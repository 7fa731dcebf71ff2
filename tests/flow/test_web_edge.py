"""The edge of the web program: limits of a connection, and answers when something breaks."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog
import uvicorn

from tidewire.access.keys import issue_key, open_issuer
from tidewire.access.tokens import Signer
from tidewire.app.assemble import House
from tidewire.app.connection import BoundedConnection
from tidewire.app.settings import read_settings
from tidewire.app.web import create_app
from tidewire.bus.postgres import PostgresBell
from tidewire.clock import FixedClock
from tidewire.model.issuer import Issuer
from tidewire.store.database import Database
from wire import a_vault


@pytest.fixture
async def site(database: Database, clock: FixedClock, tmp_path: Path) -> AsyncIterator[Any]:
    settings = read_settings({"TIDEWIRE_HOME": str(tmp_path)})
    bell, vault = PostgresBell(database), a_vault(database, clock)
    yield create_app(House(settings, database, clock, Signer(b"s" * 32), bell, vault))
    await bell.close()


class Hasty(BoundedConnection):
    """The same, with less patience."""

    head_seconds = 0.2
    body_seconds = 0.2


@contextlib.asynccontextmanager
async def served(app: Any, connection: type[BoundedConnection]) -> AsyncIterator[int]:
    config = uvicorn.Config(
        app, http=connection, ws="none", log_config=None, lifespan="off", access_log=False
    )
    server = uvicorn.Server(config)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()  # from here on, who comes early waits
        serving = asyncio.create_task(server._serve([listener]))
        yield listener.getsockname()[1]
        server.should_exit = True
        await serving


async def said_to(port: int, *pieces: bytes) -> bytes:
    """All that comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        async with asyncio.timeout(8):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


POST = b"POST /preferences HTTP/1.1\r\nHost: a.example\r\n"


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"", b"408"),
        (b"GET / HTTP/1.1\r\nHost: a", b"408"),
        (b"\r\n" * 5, b"408"),
        (POST + b"Content-Length: 9\r\n\r\nhalf", b"408"),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", b"408"),
    ],
)
async def test_what_is_not_finished_in_time_is_closed(
    site: Any, sent: bytes, status: bytes
) -> None:
    async with served(site, Hasty) as port:
        answer = await said_to(port, sent)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert answer.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nX-Long: " + b"x" * 32_768, b"431"),
        (b"GET /" + b"x" * 32_768, b"431"),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 6_000, b"431"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
async def test_a_head_that_is_none_or_too_long_is_refused(
    site: Any, sent: bytes, status: bytes
) -> None:
    async with served(site, BoundedConnection) as port:
        answer = await said_to(port, sent)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"nosniff" in answer


async def test_trailers_have_an_end(site: Any) -> None:
    head = b"POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: "
    async with served(site, BoundedConnection) as port:
        began = asyncio.get_running_loop().time()
        await said_to(port, head, *[b"x" * 100_000] * 50)
        assert asyncio.get_running_loop().time() - began < BoundedConnection.body_seconds


async def test_an_ordinary_connection_serves_several_requests(site: Any) -> None:
    async with (
        served(site, BoundedConnection) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        for _ in range(3):
            assert (await http.get("/preferences")).status_code == 200
            sent = await http.post("/preferences", data={"address": "a" * 30_000})
            assert sent.status_code == 200


def _broken(failing: Callable[[], BaseException]) -> Callable[..., Any]:
    def transaction(*_: object) -> Any:
        raise failing()

    return transaction


async def test_a_500_has_the_headers_and_says_nothing_of_its_cause(
    site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = "SECRET-TOKEN"
    monkeypatch.setattr(Database, "transaction", _broken(lambda: ValueError("SECRET TEXT")))
    monkeypatch.setattr(Signer, "read", lambda *_: _broken(lambda: ValueError("SECRET TEXT"))())
    transport = httpx.ASGITransport(app=site)  # raises what the application raises
    with structlog.testing.capture_logs() as logs:
        async with httpx.AsyncClient(transport=transport, base_url="http://a.example") as http:
            answers = [
                await http.get(f"/unsubscribe/{token}"),
                await http.post(f"/preferences/{token}"),
                await http.get("/"),
            ]
    for answer in answers:
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert "SECRET" not in answer.text
    assert [line["route"] for line in logs] == ["/unsubscribe/{token}", "/preferences/{token}", "/"]
    assert {line["error"] for line in logs} == {"ValueError"}
    assert "SECRET" not in json.dumps(logs)


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/preferences/x", 404, "Diese Seite gibt es nicht."),
        ("GET", "/nowhere/at/all", 404, "Diese Seite gibt es nicht."),
        ("POST", "/languages", 405, "Method Not Allowed"),
        ("GET", "/search?q=a&sector=fun", 422, "This search cannot be made."),
    ],
)
async def test_an_error_is_a_page_for_a_browser_and_json_for_programs(
    site: Any, method: str, path: str, status: int, said: str
) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Accept-Language": "de"}
    transport = httpx.ASGITransport(site)
    async with httpx.AsyncClient(transport=transport, base_url="http://wire") as client:
        page = await client.request(method, path, headers=browser)
        program = await client.request(method, path)
        api = await client.get("/api/v1/releases/nothing/report", headers=browser)
    assert (page.status_code, page.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert said in page.text and 'lang="de"' in page.text
    assert program.status_code == status
    assert api.headers["content-type"] == "application/problem+json"


async def test_a_picture_may_be_larger_than_what_else_comes(
    site: Any, database: Database, clock: FixedClock
) -> None:
    async with database.transaction() as tx:
        issuer = await open_issuer(tx, Issuer(0, "tidewind", "Tidewind"), clock.now())
        key = await issue_key(tx, issuer.account_id, clock.now())
    body, headers = b"no picture " * 500_000, {"Authorization": f"Bearer {key}"}
    async with (
        served(site, BoundedConnection) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers) as http,
    ):
        taken = await http.post("/api/v1/pictures", content=body)
        assert taken.json()["errors"][0]["code"] == "picture-unreadable"  # read to its end
        more, other = b"x" * 10_000_001, b"x" * 2_000_001
        assert (await http.post("/api/v1/pictures", content=more)).status_code == 413
        assert (await http.post("/api/v1/releases", content=other)).status_code == 413
