"""Receipts recorded each second, and what starting and settling 92,500 deliveries costs.

All of it on a private PostgreSQL of its own, with the settings that users get, each batch in a
transaction of its own that is on disk before the next begins. CPU seconds are those of our
process, and of all processes of the server. There is no peer: the target is a rate.
"""

import asyncio
import os
import resource
import statistics
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import uvloop

from result import Result
from tidewire.clock import SystemClock, stopwatch
from tidewire.delivery.attempt import BATCH_SECONDS, BATCH_SIZE
from tidewire.delivery.gather import in_batches
from tidewire.delivery.plan import PAGE_SIZE
from tidewire.delivery.settle import Try, settle
from tidewire.ledger.chain import Batch, Entry
from tidewire.ledger.record import record, record_started
from tidewire.ledger.verify import verify
from tidewire.model.delivery import Accepted, ChannelCode, Event, PageState, Receipt
from tidewire.store import deliveries, editions, pages
from tidewire.store.database import Connection, Database
from tidewire.store.deliveries import Taken
from tidewire.store.embedded import EmbeddedServer
from tidewire.store.migrations import migrate
from tidewire.store.pages import Page

MUST_REACH = 100_000  # rows/s
TURNS = 3
MAILS, HOOKS = 86_000, 6_500
WORKERS = 4  # pages in hand at once
TICK = os.sysconf("SC_CLK_TCK")

WORLD = """
    INSERT INTO issuer (slug, name, created_at) VALUES ('sample', 'Sample AG', now());
    INSERT INTO subscriber (kind, country, languages, name, consent_basis, consent_source,
        created_at, changed_at)
    SELECT 2, 'DE', '{en}', 'Reader ' || n, 'consent', 'form', now(), now()
    FROM generate_series(1, 92500) n;
    INSERT INTO endpoint (subscriber_id, channel, address)
    SELECT id, 1, 'reader-' || id || '@newsroom.example' FROM subscriber WHERE id <= 86000;
    INSERT INTO endpoint (subscriber_id, channel, address)
    SELECT id, 2, 'https://outlet-' || id || '.example/hook' FROM subscriber WHERE id > 86000;
    ANALYZE;
"""
RELEASE = """
    INSERT INTO release (ref, issuer_id, state, version, received_at)
    VALUES (%(ref)s, 1, 'published', 1, now());
    INSERT INTO release_version (release_id, version, act, document, created_at, t0, staged_at,
        sequence, published_at)
    SELECT id, 1, 'publish', %(document)s, now(), now(), now(), id, now()
    FROM release WHERE ref = %(ref)s;
"""
DOCUMENT = '{"slug": "sample", "renditions": [{"language": "en", "headline": "S", "body": "S."}]}'


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds by the clock, CPU seconds of ours and of the server's."""

    seconds: float
    ours: float
    server: float


def run() -> Result:
    """Record, then start and settle, in turns."""
    with tempfile.TemporaryDirectory(prefix="tidewire-bench-", ignore_cleanup_errors=True) as home:
        Path(home).chmod(0o755)
        server = EmbeddedServer(Path(home))
        with server as url:
            pid = int((server.place.data / "postmaster.pid").read_text().split()[0])
            return uvloop.run(_run(url, pid))


async def _run(url: str, pid: int) -> Result:
    database = Database(url)
    await database.open()
    try:
        return await _all(database, pid)
    finally:
        await database.close()


async def _all(database: Database, pid: int) -> Result:
    await migrate(database)
    async with database.transaction() as tx:
        for statement in WORLD.split(";"):
            await tx.execute(statement.encode())
    alone, whole = [], []
    for turn in range(TURNS):
        alone.append(await _measured(pid, partial(_record, database)))
        planned = await _plan(database, f"sample-{turn}")
        whole.append(await _measured(pid, partial(_deliver, database, planned)))
    rate = _rate(alone)
    figures = {
        "rows/s": rate,
        "record, our CPU ms": _middle(cost.ours for cost in alone),
        "record, server CPU ms": _middle(cost.server for cost in alone),
        "start+settle rows/s": _rate(whole),
        "start+settle, our CPU ms": _middle(cost.ours for cost in whole),
        "start+settle, server CPU ms": _middle(cost.server for cost in whole),
        "updates in place %": await _check(database),
    }
    return Result("ledger", figures, {"rows/s to target": rate / MUST_REACH}, rate >= MUST_REACH)


def _rate(costs: Iterable[Cost]) -> float:
    return statistics.median((MAILS + HOOKS) / cost.seconds for cost in costs)


def _middle(seconds: Iterable[float]) -> float:
    """The median, in ms."""
    return 1000 * statistics.median(seconds)


async def _check(database: Database) -> float:
    """Verify the chain and that all has ended; returns the share of updates that were in place."""
    async with database.transaction() as tx:
        verdict = await verify(tx)
        row = await (
            await tx.execute(
                "SELECT 100.0 * n_tup_hot_upd / n_tup_upd,"
                "  (SELECT count(*) FROM delivery WHERE state = 2)"
                " FROM pg_stat_user_tables WHERE relname = 'delivery'"
            )
        ).fetchone()
    assert row is not None
    assert not verdict.fault, verdict.fault
    assert row[1] == TURNS * (MAILS + HOOKS), row[1]
    return float(row[0])


async def _measured(pid: int, work: Callable[[], Awaitable[None]]) -> Cost:
    seconds, ours, server = stopwatch(), _ours(), _server(pid)
    await work()
    return Cost(stopwatch() - seconds, _ours() - ours, _server(pid) - server)


def _ours() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _server(pid: int) -> float:
    """CPU seconds of the server and its children, also of those that have ended."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(stat.parent.name) == pid:
            total += sum(map(int, fields[11:15]))
        elif int(fields[1]) == pid:
            total += sum(map(int, fields[11:13]))
    return total / TICK


async def _record(database: Database) -> None:
    """The ledger alone: as many entries as there are deliveries, in batches."""
    clock = SystemClock()
    waiting = list(range(1, MAILS + HOOKS + 1, BATCH_SIZE))

    async def writer() -> None:
        while waiting:
            first, now = waiting.pop(), clock.now()
            entries = [
                Entry(endpoint_id, Event.ACCEPTED, 1, now, 250, "2.0.0 Ok: queued")
                for endpoint_id in range(first, min(first + BATCH_SIZE, MAILS + HOOKS + 1))
            ]
            head = Batch(now, 1_000_000, 1, ChannelCode.EMAIL, len(entries))
            async with database.transaction() as tx:
                await record(tx, head, entries)

    await asyncio.gather(*(writer() for _ in range(WORKERS)))


async def _plan(database: Database, ref: str) -> list[Page]:
    planned = []
    async with database.transaction() as tx:
        for statement in RELEASE.split(";")[:-1]:
            await tx.execute(statement.encode(), {"ref": ref, "document": DOCUMENT})
        row = await (await tx.execute("SELECT max(id) FROM release")).fetchone()
        assert row is not None
        for code, low, high in (
            (ChannelCode.EMAIL, 1, MAILS), (ChannelCode.WEBHOOK, MAILS + 1, MAILS + HOOKS)
        ):  # fmt: skip
            for first in range(low, high + 1, PAGE_SIZE):
                ids = range(first, min(first + PAGE_SIZE, high + 1))
                page = Page(0, row[0], 1, code, "en")
                page_id = await pages.add_page(
                    tx, page, size=len(ids), state=PageState.LEASED, due_at=None
                )
                await deliveries.add(tx, page_id, page, int(code), ids)
                planned.append(Page(page_id, row[0], 1, code, "en"))
    return planned


async def _deliver(database: Database, planned: Sequence[Page]) -> None:
    waiting = list(reversed(planned))

    async def worker() -> None:
        while waiting:
            await _page(database, waiting.pop())

    await asyncio.gather(*(worker() for _ in range(WORKERS)))


async def _page(database: Database, page: Page) -> None:
    """What a worker does with a page, but for the channel, which answers at once."""
    clock = SystemClock()
    async with database.transaction() as tx:
        edition = await editions.edition(tx, page.release_id, 1)
        assert edition is not None
        taken = await deliveries.start(tx, page)
        head = Batch(
            clock.now(), page.release_id, 1, page.channel, len(taken), page_id=page.id,
            language="en",
        )  # fmt: skip
        await record_started(tx, head, [t.outgoing.endpoint_id for t in taken], clock.now())
    tries = {
        t.outgoing.endpoint_id: Try(
            t.outgoing.endpoint_id, t.outgoing.attempt, t.outgoing.address, "", t.outgoing.repeat
        )
        for t in taken
    }
    async for receipts in in_batches(_answers(taken), BATCH_SIZE, BATCH_SECONDS):
        found = [(tries.pop(r.endpoint_id), r) for r in receipts]

        async def work(tx: Connection, found: Sequence[tuple[Try, Receipt]] = found) -> None:
            await settle(tx, page, found, edition, now=clock.now(), jitter=lambda: 0.0)

        await database.complete(work)
    async with database.transaction() as tx:
        await pages.finish(tx, page)


async def _answers(taken: Sequence[Taken]) -> AsyncGenerator[Receipt, None]:
    at = SystemClock().now()
    for number, one in enumerate(taken):
        yield Receipt(
            one.outgoing.endpoint_id, one.outgoing.attempt, Accepted(250, "2.0.0 Ok: queued"),
            at + timedelta(microseconds=number),
        )  # fmt: skip
