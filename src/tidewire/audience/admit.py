"""Take subscribers in from a CSV file: whole rows kept, bad rows told with their line.

Each batch is one transaction, so whoever is stored is stored whole: profile, interest and
addresses. An import that was broken off is finished by running it again.
"""

import asyncio
import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TypeVar

from tidewire.audience.rejects import Rejection, Rejects, Summary
from tidewire.audience.rows import FORMS, Form
from tidewire.audience.sheet import Row, Sheet
from tidewire.bus.bell import Bell, Topic
from tidewire.clock import Clock
from tidewire.model.delivery import ChannelCode
from tidewire.model.errors import BadInput, Conflict
from tidewire.model.subscriber import Kind
from tidewire.store import arrivals
from tidewire.store.arrivals import Arrival, Clash, Lexicon
from tidewire.store.database import Connection, Database
from tidewire.waiting import end_tasks

Key = TypeVar("Key")

BATCH = 50_000  # rows


@dataclass(slots=True)
class _Batch:
    rows: dict[int, Row] = field(default_factory=dict)
    arrivals: list[Arrival] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Admission:
    """What an import works with."""

    database: Database
    bell: Bell
    clock: Clock

    async def admit(
        self, kind: Kind, path: Path, progress: Callable[[int], None] = lambda _: None
    ) -> Summary:
        """Import a file; `progress` is told the bytes read so far.

        Raises BadInput where the file as a whole cannot be taken, Conflict where another
        import is running.
        """
        form = FORMS[kind]
        with contextlib.closing(Sheet(path, form.columns)) as sheet, _uncollected():
            async with self.database.session() as session:
                if not await arrivals.begin(session):
                    raise Conflict("Another import is running.", "Wait until it has ended.")
                summary = await self._batches(session, form, sheet, progress)
                await arrivals.end(session)
        if not summary.kept and not summary.rejected:
            raise BadInput(f"{path.name} has a header but no rows.")
        await self.bell.ring(Topic.AUDIENCE, kind.name.lower())
        return summary

    async def _batches(
        self, session: Connection, form: Form, sheet: Sheet, progress: Callable[[int], None]
    ) -> Summary:
        """Read one batch while the one before is stored."""
        entry = _Entry(session, form.kind, self.clock, sheet)
        rows, today = sheet.rows(), self.clock.now().date().isoformat()
        storing: asyncio.Task[None] | None = None
        try:
            while batch := await asyncio.to_thread(_next_batch, form, rows, today):
                if storing:
                    await storing
                storing = asyncio.create_task(entry.store(batch))
                progress(sheet.position)
            if storing:
                await storing
        finally:
            if storing and not storing.done():
                await end_tasks([storing])
            entry.rejects.close()
        return entry.summary


class _Entry:
    """One import under way: the session it stores in, and what came of it so far."""

    def __init__(self, session: Connection, kind: Kind, clock: Clock, sheet: Sheet) -> None:
        self.summary = Summary()
        self.rejects = Rejects(sheet)
        self._session = session
        self._kind = kind
        self._clock = clock
        self._lexicon = Lexicon()
        self._mostly_new = True

    async def store(self, batch: _Batch) -> None:
        """Store the good rows of a batch in one transaction, then write down the others."""
        async with self._session.transaction():
            new, renewed, clashes = await self._take_in(batch.arrivals)
        self._mostly_new = new > renewed
        rejected = {
            clash.line: Rejection(batch.rows[clash.line], _said(clash)) for clash in clashes
        }
        every = sorted((*batch.rejected, *rejected.values()), key=lambda one: one.row.line)
        self.summary.reject(every, self.rejects)
        if self._kind is Kind.OUTLET:
            taken = [arrival for arrival in batch.arrivals if arrival.line not in rejected]
            self.summary.silent += sum(not arrival.endpoints for arrival in taken)
        self.summary.new += new
        self.summary.renewed += renewed

    async def _take_in(self, arriving: Sequence[Arrival]) -> tuple[int, int, Sequence[Clash]]:
        """How many are new, how many are renewed, and which clash."""
        session, kind, now = self._session, self._kind, self._clock.now()
        await self._lexicon.learn(session, arriving)
        if (
            self._mostly_new
            and not any(arrival.endpoints for arrival in arriving)
            and await arrivals.add(session, kind, arriving, self._lexicon, now)
        ):
            return len(arriving), 0, ()
        clashes = await arrivals.bring(session, kind, arriving, self._lexicon)
        return *await arrivals.take_in(session, kind, now), clashes


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """No search for cycles meanwhile: rows hold none, and the search takes as long as the rest."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _next_batch(form: Form, rows: Iterator[Row], today: str) -> _Batch | None:
    """The next rows, checked; the second of an id or an address in the batch is rejected."""
    batch = _Batch()
    ids: dict[str, int] = {}
    addresses: dict[tuple[ChannelCode, str], int] = {}
    for row in islice(rows, BATCH):
        try:
            arrival = _read(form, row, today)
            _only_once("outside_id", arrival.outside_id, ids)
            for channel, address, _ in arrival.endpoints:
                _only_once(f"{channel.label} address", (channel, address), addresses)
        except ValueError as error:
            batch.rejected.append(Rejection(row, str(error)))
            continue
        ids[arrival.outside_id] = row.line
        for channel, address, _ in arrival.endpoints:
            addresses[channel, address] = row.line
        batch.arrivals.append(arrival)
        batch.rows[row.line] = row
    return batch if batch.arrivals or batch.rejected else None


def _read(form: Form, row: Row, today: str) -> Arrival:
    if row.fault:
        raise ValueError(row.fault)
    arrival = form.read(row.line, row.values)
    if arrival.consent and arrival.consent[2] > today:
        raise ValueError(f"consent_date {arrival.consent[2]} lies ahead.")
    return arrival


def _only_once(what: str, value: Key, first: Mapping[Key, int]) -> None:
    if value in first:
        raise ValueError(f"this {what} stands on line {first[value]} already.")


def _said(clash: Clash) -> str:
    what = "outside_id" if clash.channel is None else f"{clash.channel.label} address"
    if clash.first_line is not None:
        return f"this {what} stands on line {clash.first_line} already."
    holder = f"the subscriber with outside_id {clash.holder!r}" if clash.holder else "another one"
    return f"this {what} belongs to {holder} already."
