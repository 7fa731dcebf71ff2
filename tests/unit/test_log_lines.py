"""What the log says of errors: their kind and their place, never a release's text."""

import json
import subprocess
import sys

import psycopg
import pytest

from tidewire.app.running import facts

PROGRAM = """
import asyncio, gc, logging, structlog
from tidewire.app.running import start_log
start_log()

def fail(word):
    raise ValueError(word)

def logged(name):
    try:
        fail("SECRET TEXT")
    except ValueError:
        logging.getLogger(name).exception("It failed\\nSECRET MORE")

for name in ("uvicorn.error", "aiohttp.server", "psycopg.pool", "mail.log", "elsewhere"):
    logged(name)
logging.getLogger("aiohttp").error("%d", "SECRET ARGUMENT")
try:
    fail("SECRET TEXT")
except ValueError:
    structlog.get_logger().exception("ours")

async def main():
    async def lost(word):
        fail(word)
    task = asyncio.create_task(lost("SECRET TEXT"))
    await asyncio.wait({task})
    del task
    gc.collect()
    asyncio.get_running_loop().call_soon(fail, "SECRET TEXT")
    await asyncio.sleep(0)
    await asyncio.sleep(0)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def lines() -> list[dict[str, object]]:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout == b""
    assert b"SECRET" not in done.stderr
    assert b"Traceback" not in done.stderr
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_libraries_log_one_line_each_without_values(lines: list[dict[str, object]]) -> None:
    named = {line["logger"]: line for line in lines if line["event"] == "It failed"}
    assert set(named) == {
        "uvicorn.error", "aiohttp.server", "psycopg.pool", "mail.log", "elsewhere",
    }  # fmt: skip
    assert {(line["level"], line["error"]) for line in named.values()} == {("error", "ValueError")}
    assert [line["event"] for line in lines if line.get("logger") == "aiohttp"] == ["%d"]


def test_what_asyncio_finds_is_told_without_values(lines: list[dict[str, object]]) -> None:
    told = [line for line in lines if line.get("logger") == "asyncio"]
    assert [line["event"] for line in told] == [
        "Task exception was never retrieved",
        "Exception in callback fail",
    ]
    assert all(line["error"] == "ValueError" and line["at"] for line in told)


def test_our_own_lines_have_no_traceback_either(lines: list[dict[str, object]]) -> None:
    [ours] = [line for line in lines if line["event"] == "ours"]
    assert ours["error"] == "ValueError"


def test_facts_of_an_sql_error_are_its_state_and_place(postgres: str) -> None:
    with psycopg.connect(postgres) as connection:
        try:
            connection.execute("SELECT %s::integer", ("SECRET TEXT",))
        except psycopg.Error as error:
            said = facts(error)
    assert said["error"] == "InvalidTextRepresentation"
    assert said["sqlstate"] == "22P02"
    assert any(str(place).startswith("test_log_lines.py:") for place in said["at"])
    assert "SECRET" not in str(said)
