"""Put subscribers and releases into a test's store, and move releases on, without HTTP."""

import random
from collections.abc import AsyncGenerator, Callable, Sequence
from datetime import datetime
from pathlib import Path

from editions import a_release
from tidewire.access import keys
from tidewire.access.refs import new_ref
from tidewire.audience.index import AudienceIndex
from tidewire.clock import Clock, FixedClock
from tidewire.delivery.attempt import Dispatch
from tidewire.delivery.plan import Plan, plan_waiting
from tidewire.ledger.record import record_opened
from tidewire.model.delivery import Accepted, ChannelCode, Outcome, Outgoing, Receipt
from tidewire.model.issuer import Issuer
from tidewire.model.opening import Opening, Why
from tidewire.model.release import Act, Edition, Release, State
from tidewire.model.subscriber import Clause
from tidewire.publish.moment import Press, publish_due
from tidewire.publish.stage import Stage, stage_waiting
from tidewire.store import endpoints, interests, releases
from tidewire.store.database import Connection, Database
from tidewire.vault.keys import MasterKey
from tidewire.vault.reading import Reading
from tidewire.vault.text import Text
from tidewire.vault.vault import Vault

MASTER_KEY = b"the master key of these tests..."
MASTER = MasterKey(MASTER_KEY)


class SilentBell:
    """A bell nobody hears: in these tests every step is taken by hand."""

    async def ring(self, topic: object, what: str = "") -> None:
        """Nothing."""

    def listen(self, *topics: object) -> object:
        """Never called here."""
        raise AssertionError

    async def close(self) -> None:
        """Nothing."""


def a_vault(database: Database, clock: Clock) -> Vault:
    """The vault of a test's house: its openings go to the ledger, as they always do."""

    async def record(opening: Opening, opened: Sequence[tuple[int, int]]) -> None:
        async with database.session() as own, own.transaction():
            await record_opened(own, opening, opened, clock.now())

    return Vault(MASTER, record)


def keep_master_key(file: Path) -> None:
    """Give programs that are run as users run them the master key of these tests."""
    file.touch(mode=0o600)
    file.write_text(f"{MASTER_KEY.hex()}\n")


def a_reading(vault: Vault) -> Reading:
    """A stage's reading in this vault."""
    return Reading(vault, Opening("stage", Why.STAGE))


class ScriptedChannel:
    """A channel whose answers a test writes: `answer(outgoing)` for each delivery."""

    code = ChannelCode.WEBHOOK

    def __init__(self, clock: Clock, answer: Callable[[Outgoing], Outcome] | None = None) -> None:
        self.clock = clock
        self.answer = answer or (lambda _: Accepted(200))
        self.sent: list[tuple[Edition, str, Outgoing]] = []
        self.prepared: list[bytes] = []
        self.warmed: list[tuple[Edition, str, tuple[str, ...]]] = []

    def host(self, address: str) -> str:
        """The address itself stands for its host."""
        return address

    def prepare(self, edition: Edition, language: str, deliveries: Sequence[Outgoing]) -> bytes:
        """What it was asked to prepare, in words that a test can read."""
        return f"{edition.ref} {language} {len(deliveries)}".encode()

    async def warm(self, edition: Edition, language: str, addresses: Sequence[str]) -> None:
        """Remember for whom."""
        self.warmed.append((edition, language, tuple(addresses)))

    async def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",
    ) -> AsyncGenerator[Receipt, None]:
        """Answer each delivery as the test says."""
        self.prepared.append(prepared)
        for one in sorted(deliveries, key=lambda one: one.endpoint_id):
            self.sent.append((edition, language, one))
            yield Receipt(one.endpoint_id, one.attempt, self.answer(one), self.clock.now())

    async def close(self) -> None:
        """Nothing is held."""


async def add_subscriber(
    tx: Connection,
    now: datetime,
    *,
    kind: int = 1,
    languages: Sequence[str] = ("en",),
    channel: ChannelCode = ChannelCode.WEBHOOK,
    address: str = "",
    clause: Clause | None = None,
) -> tuple[int, int]:
    """(subscriber id, endpoint id; 0 for a desktop) of a new subscriber."""
    row = await (
        await tx.execute(
            "INSERT INTO subscriber (kind, country, languages, name, created_at, changed_at,"
            " consent_basis, consent_source) VALUES (%s, 'DE', %s, 'Sample', %s, %s, 'consent',"
            " 'form') RETURNING id",
            (kind, list(languages), now, now),
        )
    ).fetchone()
    assert row is not None
    await interests.replace(tx, row[0], (clause or Clause(),), now)
    if kind == 3:
        return row[0], 0
    return row[0], await endpoints.add(
        tx, row[0], channel, address or f"https://e{row[0]}.example/"
    )


async def add_release(
    database: Database, now: datetime, *, t0: datetime | None = None, content: Release | None = None
) -> int:
    """A release that is scheduled for `t0` (default: now); returns its id."""
    async with database.transaction() as tx:
        slug = f"issuer-{random.getrandbits(40):x}"
        issuer = await keys.open_issuer(tx, Issuer(0, slug, "Nordmeer Sample AG"), now)
        assert issuer.issuer_id is not None
        release_id = await releases.insert(
            tx, new_ref(), issuer_id=issuer.issuer_id, key=None, now=now
        )
        assert release_id is not None
        text = Text(content or a_release())
        sealed = await a_vault(database, FixedClock(now)).seal_text(tx, release_id, 1, text)
        await releases.put_version(
            tx, release_id, 1, act=Act.PUBLISH, sealed=sealed, now=now, t0=t0 or now
        )
        await releases.set_state(tx, release_id, State.SCHEDULED)
    return release_id


async def add_version(
    database: Database, release_id: int, version: int, act: Act, now: datetime
) -> None:
    """A correction, withdrawal or kill of a public release, due now."""
    async with database.transaction() as tx:
        if act is Act.CORRECT:
            text = Text(a_release(), "Wrong.")
            vault = a_vault(database, FixedClock(now))
            sealed = await vault.seal_text(tx, release_id, version, text)
            await releases.put_version(
                tx, release_id, version, act=act, sealed=sealed, now=now, t0=now
            )
        else:
            await releases.put_retraction(
                tx, release_id, version, act=act, content=a_release(), note="Wrong.", now=now
            )


async def go(database: Database, clock: Clock) -> int:
    """Stage, plan and publish what waits; returns how many editions were published."""
    bell, vault = SilentBell(), a_vault(database, clock)
    index = await AudienceIndex.load(database)
    await stage_waiting(Stage(database, clock, bell, index, a_reading(vault)))
    await plan_waiting(Plan(database, clock, bell, vault))
    return await publish_due(Press(database, clock, bell, vault))


def dispatch(
    database: Database, clock: Clock, channel: ScriptedChannel, owner: str = "w"
) -> Dispatch:
    """A worker's hands with one scripted channel, and no jitter."""
    channels = {channel.code: channel}
    vault = a_vault(database, clock)
    return Dispatch(database, clock, channels, vault, owner, jitter=lambda: 0.0)
