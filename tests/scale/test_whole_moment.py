"""A tenth of the world in one moment: all that is due goes out once, and everybody says the same.

The release is staged, then its text, its moment and its readers change, and it is staged again
before it goes out. The sinks note every delivery by name.
"""

import asyncio
import contextlib
import copy
import csv
import email
import email.policy
import re
import socket
import tempfile
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import uvloop

from tidewire import clock
from tidewire.app.demo.verdict import Verdict, judge
from tidewire.audience.admit import Admission
from tidewire.clock import SystemClock
from tidewire.languages import KNOWN_15
from tidewire.ledger import verify
from tidewire.model.delivery import ChannelCode, DeliveryState
from tidewire.model.subscriber import Kind, SuppressionReason
from tidewire.simulator.certificates import make_certificates
from tidewire.simulator.crowds import Crowds, merged
from tidewire.simulator.csv_files import JOURNALISTS
from tidewire.simulator.feed_readers import FeedReaders
from tidewire.simulator.mail_sink import Mail, MailSink
from tidewire.simulator.truth import Truth
from tidewire.simulator.web_sink import WebSink
from tidewire.simulator.world import World
from tidewire.store import claims, suppressions, version_facts
from world.home import SEED, Home, open_home
from world.release import document
from world.wire import Wire, open_wire

SCALE = 0.1
COMING, LEAVING, LEAVING_LATE = 20, 20, 10  # journalists, between staging and moment
AHEAD = 30  # seconds; where staging takes longer, the release goes out when it is done
PATIENCE = 600.0  # seconds that a step may take before we give up: only a broken one does
SUBJECT = re.compile(rb"^Subject:.*?(?=\r\n\S)", re.MULTILINE | re.DOTALL)
OPEN = (DeliveryState.STAGED, DeliveryState.STARTED, DeliveryState.DEFERRED)


@dataclass
class Seen:
    """What was found, when all was over."""

    home: Home
    ref: str
    verdict: Verdict
    chain: verify.Verdict
    truth: dict[str, Any]
    subjects: Counter[bytes]
    early: int = 0
    left: set[str] = field(default_factory=set)
    came: set[str] = field(default_factory=set)


@pytest.fixture(scope="module")
def seen() -> Iterator[Seen]:
    with tempfile.TemporaryDirectory(prefix="tidewire-scale-") as folder:
        Path(folder).chmod(0o755)
        yield uvloop.run(_moment(open_home(Path(folder) / "home", SCALE)))


async def _moment(home: Home) -> Seen:
    truth, subjects = Truth(), Counter[bytes]()

    def taken(mail: Mail) -> None:
        found = SUBJECT.search(mail.content)
        subjects[found[0] if found else b""] += 1

    async with (
        _sinks(home, truth, taken) as (smtp, authority),
        open_wire(home, smtp, authority) as wire,
    ):
        crowds = Crowds(SEED, wire.house.settings.stream_url)
        try:
            return await _play(wire, truth, crowds, subjects)
        finally:
            await crowds.close()


async def _play(wire: Wire, truth: Truth, crowds: Crowds, subjects: Counter[bytes]) -> Seen:
    ref, _ = await wire.publish(document(), 600)
    async with wire.house.database.transaction() as tx:
        release = (await version_facts.versions(tx, ref))[0].release_id
    await _until(lambda: _paged(wire, release))
    left, came = await _leave(wire, 0, LEAVING), await _come(wire)
    await wire.post(f"/api/v1/desk/releases/{ref}/return", wire.home.editor_key, {"note": "Again."})
    await wire.post(f"/api/v1/releases/{ref}/resubmit", wire.home.issuer_key, _changed())
    await wire.schedule(ref, AHEAD)
    await crowds.connect(wire.home.desktop_keys)
    await _until(lambda: _on_line(crowds))
    await _until(lambda: _paged(wire, release))
    left |= await _leave(wire, LEAVING, LEAVING + LEAVING_LATE)
    early = sum(len(keys) for keys in truth.accepted.values())
    await _until(lambda: _settled(wire, release))
    await crowds.rest()
    await FeedReaders(truth, wire.house.settings.base_url, KNOWN_15).read_all()
    await _until(lambda: _judged(wire, ref, truth, crowds, wait=True))
    verdict, found = await _verdict(wire, ref, truth, crowds)
    async with wire.house.database.transaction() as tx:
        chain = await verify.verify(tx)
    return Seen(wire.home, ref, verdict, chain, found, subjects, early, left, came)


def _changed() -> dict[str, Any]:
    """The release with other headlines."""
    changed = copy.deepcopy(document())
    for number, rendition in enumerate(changed["renditions"]):
        rendition["headline"] = f"Lanternfish 2028 {number:02d}"
    return changed


async def _leave(wire: Wire, first: int, last: int) -> set[str]:
    """Some journalists' addresses must not be written to any more."""
    now = wire.house.clock.now()
    gone = {
        f"j{number:05d}@newsroom-{number % 400:03d}.example"
        for number in range(first + 1, last + 1)
    }
    async with wire.house.database.transaction() as tx:
        for address in gone:
            await suppressions.add(
                tx, ChannelCode.EMAIL, address, SuppressionReason.UNSUBSCRIBED, "test", now
            )
    return gone


async def _come(wire: Wire) -> set[str]:
    """Some journalists are new."""
    file = wire.home.folder / "newcomers.csv"
    addresses = {f"new{number:03d}@newcomers.example" for number in range(COMING)}
    await asyncio.to_thread(_write, file, addresses)
    house = wire.house
    summary = await Admission(house.database, house.bell, house.clock).admit(Kind.JOURNALIST, file)
    assert summary.new == COMING
    return addresses


def _write(file: Path, addresses: set[str]) -> None:
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, JOURNALISTS)
        writer.writeheader()
        for address in sorted(addresses):
            shared = {"outside_id": address, "name": "New", "mail": address, "country": "DE"}
            consent = {
                "consent_basis": "consent",
                "consent_source": "fair",
                "consent_date": "2026-01-02",
            }
            writer.writerow(
                {**shared, **consent, "languages": "de;en", "outlet_kind": "", "interest": ""}
            )


@contextlib.asynccontextmanager
async def _sinks(
    home: Home, truth: Truth, taken: Callable[[Mail], None]
) -> AsyncIterator[tuple[int, Path]]:
    """The mail port and the authority's file; everybody answers at once."""
    certificates = make_certificates(home.folder, SystemClock())
    door = socket.create_server(("127.0.0.1", home.https), backlog=2048)
    secrets = World(SEED, home.size)
    hooks = await WebSink(SEED, truth, secrets.secret, calm=True).listen(door, certificates)
    mail = await MailSink(SEED, truth, taken).listen("127.0.0.1", 0)
    try:
        yield int(mail.sockets[0].getsockname()[1]), certificates.authority
    finally:
        mail.close()
        await hooks.cleanup()


async def _until(there: Callable[[], Awaitable[bool]]) -> None:
    """Wait for something that must come; how soon proves nothing."""
    give_up = clock.stopwatch() + PATIENCE
    while not await there():
        assert clock.stopwatch() < give_up, "it never came"
        await asyncio.sleep(0.5)


async def _on_line(crowds: Crowds) -> bool:
    return bool((await crowds.progress())["came"] == crowds.total)


async def _paged(wire: Wire, release: int) -> bool:
    async with wire.house.database.transaction() as tx:
        return await claims.paged(tx, release)


async def _settled(wire: Wire, release: int) -> bool:
    async with wire.house.database.transaction() as tx:
        found = await claims.standings(tx, release, wire.house.clock.now())
        public = await claims.planned(tx, release)
    return public and not any(one.count for one in found if one.state in OPEN)


async def _verdict(
    wire: Wire, ref: str, truth: Truth, crowds: Crowds
) -> tuple[Verdict, dict[str, Any]]:
    found = merged(truth.document(), await crowds.truths())
    async with wire.house.database.transaction() as tx:
        return await judge(tx, ref, found, wire.house.clock.now()), found


async def _judged(wire: Wire, ref: str, truth: Truth, crowds: Crowds, *, wait: bool) -> bool:
    """Whether the stream's receipts are in: they are written some time after the frames."""
    verdict, _ = await _verdict(wire, ref, truth, crowds)
    stream = next(one for one in verdict.report.channels if one.channel == "stream")
    return stream.counts.accepted >= crowds.total or not wait


def _counts(seen: Seen, channel: str) -> Any:
    return next(one for one in seen.verdict.report.channels if one.channel == channel).counts


def test_nothing_is_seen_before_the_moment(seen: Seen) -> None:
    assert seen.early == 0


def test_the_ledger_and_the_world_agree_to_the_last_delivery(seen: Seen) -> None:
    assert seen.verdict.agreement.lines() == []
    assert list(seen.verdict.faults) == []
    assert seen.verdict.agree


def test_all_that_is_due_is_delivered_once(seen: Seen) -> None:
    size = seen.home.size
    expected = {
        "email": size.journalists + COMING - LEAVING - LEAVING_LATE,
        "webhook": size.outlets,
        "stream": size.connected,
    }
    assert (size.journalists, size.outlets, size.connected) == (8_600, 650, 2_000)
    for channel, count in expected.items():
        assert _counts(seen, channel).accepted == seen.verdict.seen[channel] == count
        assert len(set(seen.truth["accepted"][channel])) == count
    for channel in ("email", "webhook"):
        assert not seen.truth["repeats"][channel]
        assert _counts(seen, channel).deferred == _counts(seen, channel).refused == 0
    assert _counts(seen, "stream").due > 100_000


def test_whoever_left_after_staging_gets_nothing_and_whoever_came_gets_it(seen: Seen) -> None:
    reached = {key.partition(" ")[0] for key in seen.truth["accepted"]["email"]}
    assert not reached & seen.left
    assert len(seen.left) == LEAVING + LEAVING_LATE
    assert seen.came <= reached


def test_what_goes_out_is_the_text_as_it_was_changed_in_all_languages(seen: Seen) -> None:
    headlines = set()
    for raw in seen.subjects:
        headlines.add(email.message_from_bytes(raw, policy=email.policy.SMTP)["Subject"])
    assert headlines == {f"Lanternfish 2028 {number:02d}" for number in range(len(KNOWN_15))}
    reached = {one.name for one in seen.verdict.report.languages if one.channel == "email"}
    assert reached == set(KNOWN_15)


def test_the_ledger_verifies(seen: Seen) -> None:
    assert seen.chain.fault == ""
    assert seen.chain.rows >= 8_600 + 650
