"""The doctor: each condition made real, and what is said of it."""

import asyncio
import json
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from programs import Installation, free_port
from tidewire.app.commands.doctor import examine
from tidewire.app.settings import read_settings
from tidewire.audience.index import AudienceIndex
from tidewire.bus.postgres import PostgresBell
from tidewire.clock import Clock, FixedClock, SystemClock
from tidewire.delivery.plan import Plan, plan_waiting
from tidewire.model.delivery import ChannelCode
from tidewire.publish.stage import Stage, stage_waiting
from tidewire.simulator.mail_sink import MailSink
from tidewire.simulator.truth import Truth
from tidewire.store import pages
from tidewire.store.database import Database
from tidewire.vault.unlock import unlock
from wire import SilentBell, a_reading, a_vault, add_release, add_subscriber, go

LONG_AGO = timedelta(minutes=5)


@pytest.fixture
def settings(database: Database, tmp_path: Path) -> dict[str, str]:
    return {"TIDEWIRE_HOME": str(tmp_path), "TIDEWIRE_DATABASE_URL": database.url}


async def said(
    settings: Mapping[str, str], clock: Clock | None = None, **more: str
) -> dict[str, str]:
    """What the doctor finds: code -> sentences."""
    found, _ = await examine(read_settings({**settings, **more}), clock or SystemClock())
    words: dict[str, str] = {}
    for one in found:
        words[one.code] = f"{words.get(one.code, '')}{one.what} {one.do}\n"
    return words


def minutes_ago(minutes: float) -> FixedClock:
    return FixedClock(SystemClock().now() - timedelta(minutes=minutes))


async def test_programs_that_are_missing_are_named(settings, database) -> None:
    found = await said(settings)
    assert "No worker is connected" in found["no-worker"]
    assert "tidewire gateway" in found["no-gateway"]
    assert "TIDEWIRE_SMTP_URL" in found["no-relay"]
    assert "no-database" not in found
    idle = Database(database.url, name="tidewire worker --no-staging")
    await idle.open()
    try:
        found = await said(settings)
        assert "without --no-staging" in found["no-staging"]
        assert "no-worker" not in found
        assert "LISTEN" in found["no-bell"]
        async with PostgresBell(database).listen():
            assert "no-bell" not in await said(settings)
    finally:
        await idle.close()


async def test_a_database_that_is_away_is_told_and_not_raised(settings) -> None:
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    found, _ = await examine(
        read_settings({**settings, "TIDEWIRE_DATABASE_URL": url}), SystemClock()
    )
    assert [one.code for one in found] == ["no-database"]
    assert "does not answer" in found[0].what


async def test_an_empty_or_older_database_is_told(settings, database) -> None:
    async with database.transaction() as tx:
        await tx.execute("DELETE FROM migration WHERE number > 0")
        await tx.execute("INSERT INTO migration (number, name) VALUES (0, 'none')")
    assert "it migrates" in (await said(settings))["old-schema"]
    async with database.transaction() as tx:
        await tx.execute("INSERT INTO migration (number, name) VALUES (9999, 'newer')")
    assert "newer Tidewire" in (await said(settings))["new-schema"]
    async with database.transaction() as tx:
        await tx.execute("DROP TABLE migration")
    assert "empty, or older" in (await said(settings))["old-schema"]


async def test_a_database_that_takes_no_writes_is_told(settings, database) -> None:
    assert "read-only" not in await said(settings)
    name = conninfo_to_dict(database.url)["dbname"]
    with psycopg.connect(database.url, autocommit=True) as connection:
        change = sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on")
        connection.execute(change.format(sql.Identifier(str(name))))
    assert "takes no writes" in (await said(settings))["read-only"]


async def test_a_database_that_fails_to_write_is_told(settings, database) -> None:
    with psycopg.connect(database.url, autocommit=True) as connection:
        connection.execute("CREATE TABLE tidewire_doctor ()")  # in the way of the doctor's own
    assert "cannot write: DuplicateTable" in (await said(settings))["no-writes"]


async def test_a_clock_that_is_off_is_told_with_its_direction(settings) -> None:
    assert "clock-skew" not in await said(settings)
    assert "5 min behind" in (await said(settings, minutes_ago(5)))["clock-skew"]
    assert "5 min ahead" in (await said(settings, minutes_ago(-5)))["clock-skew"]


async def test_a_release_without_an_audience_is_told_after_its_moment(settings, database) -> None:
    await add_release(database, SystemClock().now())
    assert "unstaged" not in await said(settings)  # a worker may still be about to
    await add_release(database, SystemClock().now() - LONG_AGO)
    found = (await said(settings))["unstaged"]
    assert "2 releases should be public and have no audience" in found
    assert "5 min ago" in found


async def test_a_release_that_is_staged_and_not_public_is_told(settings, database) -> None:
    await add_release(database, SystemClock().now() - LONG_AGO)
    index = await AudienceIndex.load(database)
    past = minutes_ago(4)
    await stage_waiting(
        Stage(database, past, SilentBell(), index, a_reading(a_vault(database, past)))
    )
    found = await said(settings)
    assert "One release has an audience, but is not public" in found["unpublished"]
    assert "no pages" in found["unplanned"]
    await plan_waiting(Plan(database, past, SilentBell(), a_vault(database, past)))
    assert "unplanned" not in await said(settings)


async def test_a_release_that_was_returned_is_not_told_as_late(settings, database) -> None:
    release = await add_release(database, SystemClock().now() - LONG_AGO)
    async with database.transaction() as tx:
        await tx.execute("UPDATE release SET state = 'withdrawn' WHERE id = %s", (release,))
    assert not {"unstaged", "unpublished"} & set(await said(settings))


async def test_deliveries_that_wait_and_leases_that_ran_out_are_told(settings, database) -> None:
    past = minutes_ago(5)
    async with database.transaction() as tx:
        for number in range(3):
            await add_subscriber(
                tx, past.now(), kind=2, channel=ChannelCode.EMAIL, address=f"a{number}@x.example"
            )
    await add_release(database, past.now())
    await go(database, past)
    assert (
        "email: pages that are due and wait: 1; the first has waited 5 min."
        in (await said(settings))["deliveries-wait"]
    )
    async with database.transaction() as tx:
        page = await pages.claim(
            tx, ChannelCode.EMAIL, "w", past.now(), past.now() + timedelta(seconds=20)
        )
        assert page is not None
        await tx.execute("UPDATE delivery SET state = 1 WHERE page_id = %s", (page.id,))
    found = await said(settings)
    assert "email: pages that were held by a worker that is gone" in found["lease-expired"]
    assert "begun by a worker that is gone: 3;" in found["orphans"]
    async with database.transaction() as tx:
        await pages.extend(tx, page, SystemClock().now() + timedelta(seconds=20))
    assert not {"lease-expired", "orphans"} & set(await said(settings))
    async with database.transaction() as tx:
        await tx.execute(
            "UPDATE delivery SET state = 3, due_at = %s WHERE page_id = %s", (past.now(), page.id)
        )
    assert (
        "due again and are not collected: 3; the first was due 5 min ago"
        in (await said(settings))["retries-wait"]
    )


async def test_broken_hosts_and_disabled_endpoints_are_told(settings, database) -> None:
    async with database.transaction() as tx:
        now = SystemClock().now()
        ids = [
            (await add_subscriber(tx, now, address=f"https://{host}/{number}"))[1]
            for number, host in enumerate(("a.example:8443", "a.example", "b.example"))
        ]
        await tx.execute(
            "INSERT INTO endpoint_health (endpoint_id, failures) SELECT unnest(%s::int[]), 4",
            (ids,),
        )
    found = await said(settings)
    assert "fail time after time: 3, at a.example, b.example" in found["hosts-fail"]
    async with database.transaction() as tx:
        await tx.execute("UPDATE endpoint SET state = 3 WHERE id = %s", (ids[0],))
    found = await said(settings)
    assert "time after time: 2" in found["hosts-fail"]
    assert "disabled and get nothing: 1" in found["disabled"]


async def test_a_relay_is_asked_whether_it_takes_mail(settings) -> None:
    sink = await MailSink(1, Truth(), lambda _: None).listen("127.0.0.1", 0)
    port = sink.sockets[0].getsockname()[1]
    found = await said(settings, TIDEWIRE_SMTP_URL=f"smtp://127.0.0.1:{port}")
    assert not {"relay", "no-relay"} & set(found)
    sink.close()
    await sink.wait_closed()
    found = await said(settings, TIDEWIRE_SMTP_URL=f"smtp://127.0.0.1:{port}")
    assert "Connection refused" in found["relay"]

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"554 we know nobody\r\n")
        await reader.read()
        writer.close()

    server = await asyncio.start_server(refuse, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    found = await said(settings, TIDEWIRE_SMTP_URL=f"smtp://wire:secret@127.0.0.1:{port}")
    assert f"127.0.0.1:{port} answers 554" in found["relay"]
    assert "secret" not in found["relay"]
    server.close()
    await server.wait_closed()


async def test_nats_that_is_away_is_told(settings) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        found = await said(settings, TIDEWIRE_NATS_URL=f"nats://127.0.0.1:{port}")
    assert "No NATS server answers" in found["no-bell"]


async def test_a_master_key_that_is_not_the_one_is_told(
    settings, database, clock, tmp_path: Path
) -> None:
    file, own = tmp_path / "master.key", str(tmp_path / "master.key")
    await unlock(database, file, clock.now())
    assert "no-master-key" not in await said(settings, TIDEWIRE_MASTER_KEY_FILE=own)
    other = str(tmp_path / "other.key")
    assert "is not there" in (await said(settings, TIDEWIRE_MASTER_KEY_FILE=other))["no-master-key"]
    file.write_text("ab" * 32)
    assert "is another one" in (await said(settings, TIDEWIRE_MASTER_KEY_FILE=own))["no-master-key"]


def test_the_command_says_it_in_plain_words_and_in_json(settings, tmp_path: Path) -> None:
    installation = Installation(tmp_path)
    installation.environment |= settings
    told = installation.command("doctor")
    assert told.returncode == 1
    assert "No worker is connected" in told.stdout
    assert "Traceback" not in told.stdout + told.stderr
    document = json.loads(installation.command("doctor", "--json").stdout)
    assert document["ok"] is False
    assert {"no-worker", "no-web", "no-gateway"} <= {one["code"] for one in document["findings"]}
