"""The migrations and the schema say the same."""

import hashlib
import subprocess
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from editions import a_release
from tidewire.model.errors import Misconfigured
from tidewire.model.opening import Opening, Why
from tidewire.store import embedded
from tidewire.store.database import Database
from tidewire.store.editions import write_document
from tidewire.store.migrations import migrate, migrations
from tidewire.vault.settle import seal_what_waits
from wire import a_vault

SCHEMA = Path(embedded.__file__).parent / "schema.sql"


def dump(url: str) -> list[str]:
    """The schema of a database as pg_dump writes it, without its comments."""
    program = embedded.wheel_binaries() / "pg_dump"
    done = subprocess.run(
        [program, "--schema-only", "--no-owner", "--dbname", url],
        check=True,
        capture_output=True,
        text=True,
    )
    return [
        line
        for line in done.stdout.splitlines()
        if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))
    ]


async def test_migrations_make_exactly_the_schema(database, postgres):
    name = "from_schema"
    with psycopg.connect(make_conninfo(postgres, dbname="postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        url = make_conninfo(postgres, dbname=name)
        with psycopg.connect(url) as connection:
            connection.execute(SCHEMA.read_bytes())
        assert dump(url) == dump(database.url)
        assert len(dump(url)) > 100
        admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


async def test_migrations_run_once(database):
    assert await migrate(database) == []


async def test_two_programs_migrate_at_once_without_harm(postgres):
    name = "migrated_twice"
    with psycopg.connect(make_conninfo(postgres, dbname="postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        import asyncio

        both = [Database(make_conninfo(postgres, dbname=name)) for _ in range(2)]
        for one in both:
            await one.open()
        done = await asyncio.gather(*(migrate(one) for one in both))
        assert sorted(map(len, done)) == [0, len(migrations())]
        for one in both:
            await one.close()
        admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


async def test_what_stood_in_the_clear_before_sealing_is_kept_and_can_be_sealed(postgres, clock):
    name = "before_sealing"
    with psycopg.connect(make_conninfo(postgres, dbname="postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        database = Database(make_conninfo(postgres, dbname=name))
        await database.open()
        document = write_document(a_release())
        async with database.transaction() as tx:
            await tx.execute(migrations()[0][2].encode())
            await tx.execute(
                "CREATE TABLE migration (number int PRIMARY KEY, name text NOT NULL,"
                " applied_at timestamptz NOT NULL DEFAULT now())"
            )
            await tx.execute("INSERT INTO migration (number, name) VALUES (1, 'house')")
            await tx.execute("INSERT INTO issuer (slug, name, created_at) VALUES ('n', 'N', now())")
            await tx.execute(
                "INSERT INTO release (ref, issuer_id, slug, state, version, idempotency_key,"
                " request_digest, received_at) VALUES"
                " ('r', 1, 'nordmeer-turm', 'received', 1, 'quallenturm', 'digest', now())"
            )
            await tx.execute(
                "INSERT INTO release_version (release_id, version, act, document, created_at)"
                " VALUES (1, 1, 'publish', %s, now())",
                (document,),
            )
        assert await migrate(database) == [number for number, _, _ in migrations()[1:]]
        vault = a_vault(database, clock)
        assert await seal_what_waits(database, vault) == 1
        async with database.transaction() as tx:
            found = await vault.edition(tx, 1, 1, Opening("a test", Why.SHOW))
            assert found is not None and found.release == a_release()
            [(key, digest)] = await (
                await tx.execute("SELECT idempotency_key, request_digest FROM release")
            ).fetchall()
        assert (key, digest) == (hashlib.sha256(b"quallenturm").hexdigest(), None)
        await database.close()
        admin.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))


async def test_a_store_that_is_newer_than_the_program_is_refused(database):
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO migration (number, name) VALUES (9999, 'from the future')")
    with pytest.raises(Misconfigured, match="9999"):
        await migrate(database)


async def test_the_ledger_cannot_be_changed_by_sql(database):
    async with database.transaction() as tx:
        await tx.execute(
            "INSERT INTO ledger_entry (batch_id, at, release_id, endpoint_id, code, version,"
            " event, attempt, repeat) VALUES (1, now(), 1, 1, 250, 1, 2, 1, false)"
        )
    for statement in (
        "UPDATE ledger_entry SET code = 550",
        "DELETE FROM ledger_entry",
        "TRUNCATE ledger_entry",
        "DELETE FROM ledger_batch",
    ):
        with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
            async with database.transaction() as tx:
                await tx.execute(statement)


def test_the_private_server_is_reached_by_socket_only(postgres):
    assert conninfo_to_dict(postgres)["host"].startswith("/")
