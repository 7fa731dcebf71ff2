"""Figures and health of a program, on an address of its own, and on the public one."""

import asyncio
import os
import signal
import tempfile
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway_world import add_desktops
from programs import Installation, free_port
from tidewire import clock
from tidewire.access.tokens import Signer
from tidewire.app.assemble import House
from tidewire.app.health import watched
from tidewire.app.settings import read_settings
from tidewire.app.web import create_app
from tidewire.bus.bell import Topic
from tidewire.bus.postgres import PostgresBell
from tidewire.clock import SystemClock
from tidewire.delivery.attempt import attempt_page
from tidewire.meters import StreamCount
from tidewire.model.delivery import ChannelCode
from tidewire.model.errors import Misconfigured
from tidewire.store.database import Database
from wire import ScriptedChannel, a_vault, add_release, add_subscriber, dispatch, go


def settings(home: Path, **more: str):
    own = {"TIDEWIRE_HOME": str(home), "TIDEWIRE_METRICS_ADDRESS": f"127.0.0.1:{free_port()}"}
    return read_settings(own | more)


@pytest.fixture
async def house(database: Database, tmp_path: Path) -> AsyncIterator[House]:
    bell = PostgresBell(database)
    clock = SystemClock()
    vault = a_vault(database, clock)
    yield House(settings(tmp_path), database, clock, Signer(b"s" * 32), bell, vault)
    await bell.close()


async def ask(house: House, path: str, **headers: str) -> httpx.Response:
    async with httpx.AsyncClient() as client:
        return await client.get(f"http://{house.settings.metrics}{path}", headers=headers)


def figures(answer: httpx.Response) -> dict[str, float]:
    """Sample with its labels -> value, read by Prometheus' own parser."""
    return {
        ",".join(
            [sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


async def test_a_program_lives_before_it_is_ready(house: House) -> None:
    house.loading["index"] = "The audience index is being loaded."
    async with watched(house, "worker"):
        assert (await ask(house, "/healthz")).json() == {"status": "ok", "program": "worker"}
        answer = await ask(house, "/readyz")
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["detail"] == "The audience index is being loaded."
        house.loading.clear()
        assert (await ask(house, "/readyz")).status_code == 200


async def test_an_old_schema_or_a_database_that_is_gone_is_not_ready(house: House) -> None:
    async with house.database.transaction() as tx:
        await tx.execute("INSERT INTO migration (number, name) VALUES (9999, 'newer')")
    async with watched(house, "web"):
        assert "9999" in (await ask(house, "/readyz")).json()["detail"]
    await house.database.close()
    async with watched(house, "web"):
        answer = await ask(house, "/readyz")
        assert answer.status_code == 503
        assert "does not answer" in answer.json()["detail"]
        assert (await ask(house, "/healthz")).status_code == 200
        assert figures(await ask(house, "/metrics"))["tidewire_store_up"] == 0


async def test_deliveries_are_counted_by_channel_and_outcome_only(house: House) -> None:
    channel = ScriptedChannel(house.clock)
    async with house.database.transaction() as tx:
        for number in range(4):
            address = f"https://secret-{number}.example/"
            await add_subscriber(tx, house.clock.now(), address=address)
    await add_desktops(house.database, house.clock.now(), 2)
    await add_release(house.database, house.clock.now())
    await go(house.database, house.clock)
    await house.bell.ring(Topic.PUBLISHED, "1")
    house.meters.stream = lambda: StreamCount(connections=3, cut=1, frames=7, position=1)
    async with watched(house, "worker"):
        before = figures(await ask(house, "/metrics"))
        assert before["tidewire_pages,channel=webhook,state=ready"] == 1
        assert before["tidewire_oldest_due_seconds,channel=webhook"] > 0
        assert before["tidewire_oldest_due_seconds,channel=email"] == 0
        work = dispatch(house.database, house.clock, channel)
        await attempt_page(replace(work, meters=house.meters), ChannelCode.WEBHOOK)
        answer = await ask(house, "/metrics")
        async with asyncio.timeout(20):  # a look at the store is a second old at most
            while figures(answer)["tidewire_pages,channel=webhook,state=ready"]:
                answer = await ask(house, "/metrics")
        found = figures(answer)
    assert found["tidewire_receipts_total,channel=webhook,outcome=accepted"] == 4
    assert found["tidewire_accepted_seconds_count,channel=webhook"] == 4
    assert found["tidewire_accepted_seconds_bucket,channel=webhook,le=+Inf"] == 4
    assert found["tidewire_ledger_position"] >= 2
    assert found["tidewire_wire_sequence"] == 1
    assert found["tidewire_bell_rung_total"] == 1
    assert found["tidewire_stream_connections"] == 3
    assert found["tidewire_stuck,channel=webhook"] == 0
    for hidden in ("secret", "example", "Jellytower", "Nordmeer"):
        assert hidden not in answer.text


async def test_figures_are_for_this_machine_or_for_a_token(house: House, tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="TIDEWIRE_METRICS_ADDRESS"):
        settings(tmp_path, TIDEWIRE_METRICS_ADDRESS="0.0.0.0:9100")
    guarded = replace(house, settings=settings(tmp_path, TIDEWIRE_METRICS_TOKEN="letmein"))
    async with watched(guarded, "web"):
        for given in ("", "Bearer wrong", "letmein"):
            assert (await ask(guarded, "/metrics", authorization=given)).status_code == 401
        assert (await ask(guarded, "/metrics", authorization="Bearer letmein")).status_code == 200
    public = httpx.ASGITransport(create_app(house))
    async with httpx.AsyncClient(transport=public, base_url="http://wire") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/metrics")).status_code == 404


async def test_two_programs_do_not_share_an_address(house: House) -> None:
    async with watched(house, "web"):
        with pytest.raises(Misconfigured, match="of its own"):
            async with watched(house, "worker"):
                pass


def test_a_program_that_hangs_is_ended_and_started_again() -> None:
    with tempfile.TemporaryDirectory(prefix="wire ", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        installation = Installation(Path(folder))
        installation.environment["TIDEWIRE_HUNG_SECONDS"] = "8"
        log = installation.log("serve")
        with installation.running("serve"):
            _until(lambda: log.read_text().count("worker ready") == 1, "the worker is ready")
            hung = _worker(installation.home)
            os.kill(hung, signal.SIGSTOP)
            _until(lambda: "program hangs" in log.read_text(), "it is seen")
            _until(lambda: log.read_text().count("worker ready") == 2, "it is back")
            assert _worker(installation.home) != hung


def _worker(home: Path) -> int:
    """The process id of the worker of this installation."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().split(b"\0")
            own = f"TIDEWIRE_HOME={home}".encode() in (folder / "environ").read_bytes().split(b"\0")
        except OSError:
            continue
        if own and b"worker" in command:
            return int(folder.name)
    raise AssertionError("no worker runs")


def _until(holds, what: str) -> None:
    give_up = clock.stopwatch() + 120
    while not holds():
        assert clock.stopwatch() < give_up, f"never: {what}"
        clock.pause(0.1)
