"""Fixtures shared by all tests: a real PostgreSQL, a database of one's own, a clock that stands."""

import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tidewire.clock import FixedClock
from tidewire.store.database import Database
from tidewire.store.embedded import EmbeddedServer
from tidewire.store.migrations import migrate

_numbers = count(1)


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The connection string of a private server that lives as long as the test run."""
    with tempfile.TemporaryDirectory(prefix="tidewire-test-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)  # a server that was started by root must get in
        with EmbeddedServer(Path(home)) as url:
            yield url


@pytest.fixture(scope="session")
async def template(postgres: str) -> str:
    """The name of a migrated, empty database that others are copied from."""
    name = f"template_{os.getpid()}"
    _admin(postgres, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database = Database(make_conninfo(postgres, dbname=name), size=1)
    await database.open()
    await migrate(database)
    await database.close()
    return name


@pytest.fixture
async def database(postgres: str, template: str) -> AsyncIterator[Database]:
    """A migrated, empty database for one test."""
    async with _copied(postgres, template) as database:
        yield database


@pytest.fixture
async def other_database(postgres: str, template: str) -> AsyncIterator[Database]:
    """Another one, for the test of two installations."""
    async with _copied(postgres, template) as database:
        yield database


@asynccontextmanager
async def _copied(postgres: str, template: str) -> AsyncIterator[Database]:
    name = f"test_{os.getpid()}_{next(_numbers)}"
    create = sql.SQL("CREATE DATABASE {} TEMPLATE {}")
    _admin(postgres, create.format(sql.Identifier(name), sql.Identifier(template)))
    database = Database(make_conninfo(postgres, dbname=name))
    await database.open()
    yield database
    await database.close()
    _admin(postgres, sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands at noon UTC on 3 March 2026, a Tuesday."""
    return FixedClock(datetime(2026, 3, 3, 12, tzinfo=UTC))


def _admin(url: str, statement: sql.Composed) -> None:
    with psycopg.connect(make_conninfo(url, dbname="postgres"), autocommit=True) as connection:
        connection.execute(statement)
