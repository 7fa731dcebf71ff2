"""The play: import the world, hand a release in, publish it, wait, and judge."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from pyroaring import BitMap

from tidewire.access.keys import issue_key, open_editor, open_issuer
from tidewire.access.tokens import desktop_key
from tidewire.app.demo.setting import (
    TELL_SECONDS,
    Setting,
    Tell,
    connect_desktops,
    follow_feeds,
    rest_world,
    start_wire,
)
from tidewire.app.demo.verdict import Verdict, counted, judge
from tidewire.app.pushing import import_endpoints
from tidewire.audience.admit import Admission
from tidewire.audience.rejects import Summary
from tidewire.clock import stopwatch
from tidewire.intake.beside import renamed
from tidewire.ledger.sums import desktops_served
from tidewire.model.delivery import DeliveryState
from tidewire.model.errors import Unavailable
from tidewire.model.issuer import Issuer
from tidewire.model.picture import Picture
from tidewire.model.subscriber import Kind
from tidewire.simulator.world import desktop_id
from tidewire.store import audience_sets, claims, version_facts
from tidewire.store.claims import Standing
from tidewire.store.database import Connection

# What grows with the world does so by its scale: (of the smallest, more for a whole one).
LEAD_SECONDS = (3.0, 57.0)  # from the schedule to T0
WINDOW_SECONDS = (20.0, 60.0)  # retries that are due within it after T0 are waited for
STUCK_SECONDS = (45.0, 135.0)
LOOK_SECONDS = (0.25, 0.75)
QUIET_SECONDS = 1.5
SECOND_LOOKS = 8  # ledger and world are two sources: what crosses between them is asked again

ISSUER = Issuer(0, "lanternfish", "Lanternfish Ferries", "https://lanternfish.example")


@dataclass(frozen=True, slots=True)
class Keys:
    """The bearer keys of who hands in and who decides."""

    issuer: str
    editor: str


@dataclass(frozen=True, slots=True)
class Look:
    """What stands in ledger and world at one moment."""

    t0: datetime
    now: datetime
    table: Mapping[str, Mapping[str, int]]
    seen: Mapping[str, int]
    settled: bool

    def shape(self) -> tuple[str, str]:
        """What must stand still before it is called quiet."""
        return str(self.table), str(self.seen)


@dataclass(slots=True)
class Play:
    """One demo. `show` is called with every look."""

    setting: Setting
    tell: Tell
    show: Callable[[Look], None]
    ref: str = ""
    release_id: int = 0
    keys: Keys = field(default_factory=lambda: Keys("", ""))

    async def prepare(self) -> None:
        """Take the world in, start the wire, bring the desktops on line."""
        await self._import()
        self.tell("starting the wire ...")
        async with self.setting.house.database.transaction() as tx:
            self.keys = await self._accounts(tx)
            await self._desktop_keys(tx)
        await start_wire(self.setting)
        self.tell(f"{self.setting.world['connected']:,} desktops connect ...")
        await connect_desktops(self.setting)
        self.tell(f"{self.setting.world['followers']:,} subscribers follow feeds at the hub ...")
        await follow_feeds(self.setting)

    async def publish(
        self, document: dict[str, Any], pictures: Mapping[str, tuple[Picture, bytes]]
    ) -> datetime:
        """Upload pictures and hand in over the API, approve, schedule; returns T0."""
        refs = {name: await self._upload(*found) for name, found in pictures.items()}
        handed = renamed(document, refs) if refs else document
        taken = await self._post("/api/v1/releases", self.keys.issuer, handed)
        self.ref = taken["ref"]
        desk = f"/api/v1/desk/releases/{self.ref}"
        await self._post(f"{desk}/approve", self.keys.editor, {})
        at = self.setting.house.clock.now() + timedelta(seconds=self._scaled(LEAD_SECONDS))
        decided = await self._post(f"{desk}/schedule", self.keys.editor, {"at": at.isoformat()})
        async with self.setting.house.database.transaction() as tx:
            self.release_id = (await version_facts.versions(tx, self.ref))[0].release_id
        return datetime.fromisoformat(decided["t0"])

    async def settle(self, t0: datetime) -> None:
        """Wait until nothing moves and nothing more is due soon."""
        changed, before = stopwatch(), ("", "")
        while True:
            look = await self.look(t0)
            self.show(look)
            if look.shape() != before:
                changed, before = stopwatch(), look.shape()
            still = stopwatch() - changed
            quiet = QUIET_SECONDS + self._scaled(LOOK_SECONDS)
            if (look.settled and still > quiet) or still > self._scaled(STUCK_SECONDS):
                return
            self.setting.programs.check()
            await asyncio.sleep(self._scaled(LOOK_SECONDS))

    async def judge(self, t0: datetime) -> Verdict:
        """Bring the world to rest, then hold the ledger against it."""
        await rest_world(self.setting)
        await self.settle(t0)
        verdict = await self._judge()
        for _ in range(SECOND_LOOKS):
            if verdict.agree:
                break
            await asyncio.sleep(1.0)
            verdict = await self._judge()
        return verdict

    async def look(self, t0: datetime) -> Look:
        """Ask ledger and world."""
        async with self.setting.house.database.transaction() as tx:
            window = timedelta(seconds=self._scaled(WINDOW_SECONDS))
            found = await claims.standings(tx, self.release_id, t0 + window)
            planned = await claims.planned(tx, self.release_id)
            table = counted(found)
            table["stream"].update(await self._stream(tx))
        seen = (await self.setting.ask(f"{self.setting.control}/progress"))["accepted"]
        now = self.setting.house.clock.now()
        return Look(t0, now, table, seen, planned and now > t0 and not _open(found))

    async def _judge(self) -> Verdict:
        truth = await self.setting.ask(f"{self.setting.control}/truth")
        async with self.setting.house.database.transaction() as tx:
            return await judge(tx, self.ref, truth, self.setting.house.clock.now())

    async def _stream(self, tx: Connection) -> dict[str, int]:
        due = await audience_sets.due(tx, self.release_id, 1, Kind.DESKTOP)
        took = await desktops_served(tx, self.release_id, 1)
        return {"accepted": len(took), "deferred": len(BitMap().union(*due.values()) - took)}

    async def _import(self) -> None:
        house, world = self.setting.house, self.setting.folder / "world"
        admission = Admission(house.database, house.bell, house.clock)
        for kind in Kind:
            name = f"{kind.name.lower()}s"
            self.tell(f"importing {self.setting.world[name]:,} {name} ...")
            file = world / f"{name}.csv"
            summary = await admission.admit(kind, file, self._progress(file.stat().st_size))
            self._tell_rejected(file, summary)
        self.tell(f"importing {self.setting.world['pushed']:,} places to push to ...")
        file = world / "endpoints.csv"
        self._tell_rejected(file, await import_endpoints(house, file))

    def _tell_rejected(self, file: Path, summary: Summary) -> None:
        for line, reason in summary.first:
            self.tell(f"{file.name} line {line}: {reason}")

    def _progress(self, size: int) -> Callable[[int], None]:
        """Tell now and then how much of a file has been read."""
        said = stopwatch()

        def tell(octets: int) -> None:
            nonlocal said
            if stopwatch() - said > TELL_SECONDS:
                said = stopwatch()
                self.tell(f"  {octets / size:.0%}")

        return tell

    def _scaled(self, limits: tuple[float, float]) -> float:
        return limits[0] + limits[1] * self.setting.scale

    async def _accounts(self, tx: Connection) -> Keys:
        now = self.setting.house.clock.now()
        issuer = await open_issuer(tx, ISSUER, now)
        editor = await open_editor(tx, "editor", now)
        return Keys(
            await issue_key(tx, issuer.account_id, now), await issue_key(tx, editor.account_id, now)
        )

    async def _desktop_keys(self, tx: Connection) -> None:
        """Write the keys of those desktops that are on line."""
        count = int(self.setting.world["connected"])
        names = [desktop_id(number) for number in range(1, count + 1)]
        signer = self.setting.house.signer
        lines = [
            f"{name}\t{desktop_key(signer, desktop, generation)}\n"
            for name, desktop, generation in await claims.desktops(tx, names)
        ]
        file = Path(self.setting.world["keys"])
        await asyncio.to_thread(file.write_text, "".join(lines), "ascii")

    async def _upload(self, picture: Picture, raw: bytes) -> str:
        """The name by which a release names the picture."""
        path, kind = "/api/v1/pictures", {"Content-Type": picture.media_type}
        return str((await self._send(path, self.keys.issuer, kind, data=raw))["picture"])

    async def _post(self, path: str, key: str, document: Mapping[str, Any]) -> Any:
        return await self._send(path, key, {"Idempotency-Key": "demo"}, json=document)

    async def _send(self, path: str, key: str, said: Mapping[str, str], **body: Any) -> Any:
        """POST to the API. Raises Unavailable with what it said where it refused."""
        url = self.setting.house.settings.base_url + path
        headers = {"Authorization": f"Bearer {key}", **said}
        async with self.setting.web.post(url, headers=headers, **body) as answer:
            said = await answer.json(content_type=None)
            if answer.status >= 300:
                raise Unavailable(f"{path} answered {answer.status}: {said}.")
            return said


def _open(found: Sequence[Standing]) -> bool:
    """Whether anything is on its way, or is tried again soon."""
    waiting = (DeliveryState.STAGED, DeliveryState.STARTED)
    return any(one.soon or (one.state in waiting and one.count) for one in found)
