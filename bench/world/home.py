"""A home with the whole world loaded: made once, with progress, and kept for the next run."""

import csv
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import uvloop

from tidewire.access.keys import issue_key, open_editor, open_issuer
from tidewire.access.tokens import desktop_key
from tidewire.app.assemble import House, open_house
from tidewire.app.demo.programs import free_ports
from tidewire.app.settings import read_settings
from tidewire.audience.admit import Admission
from tidewire.clock import stopwatch
from tidewire.model.errors import Misconfigured
from tidewire.model.issuer import Issuer
from tidewire.model.subscriber import Kind
from tidewire.simulator.csv_files import write_csv_files
from tidewire.simulator.world import Size, World, desktop_id, webhook_url
from tidewire.store import claims

SEED = 1
FULL = Size(connected=20_000)
ISSUER = Issuer(0, "lanternfish", "Lanternfish Ferries", "https://lanternfish.example")

Rewrite = Callable[[dict[str, str], int], None]


@dataclass(frozen=True, slots=True)
class Home:
    """A data folder in which everybody is known; `keys` are the bearer keys of its accounts."""

    folder: Path
    scale: float
    https: int
    issuer_key: str
    editor_key: str

    @property
    def size(self) -> Size:
        """How many there are."""
        return FULL.scaled(self.scale)

    @property
    def desktop_keys(self) -> Path:
        """The file of the keys of those desktops that are on line."""
        return self.folder / "desktops.keys"


def open_home(folder: Path, scale: float, size: Size | None = None) -> Home:
    """The home in `folder`, made where it is missing. Raises Misconfigured for another scale.

    `size` goes before what the scale says, where the home is made.
    """
    file = folder / "bench.json"
    if file.exists():
        home = Home(folder, **json.loads(file.read_text("utf-8")))
        if home.scale != scale:
            raise Misconfigured(
                f"{folder} holds a world at scale {home.scale:g}, not {scale:g}.",
                "Give another --home.",
            )
        return home
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)  # the private server may run as another user
    home = uvloop.run(_fill(folder, scale, size or FULL.scaled(scale)))
    kept = {name: value for name, value in asdict(home).items() if name != "folder"}
    file.write_text(json.dumps(kept), "utf-8")
    return home


async def _fill(folder: Path, scale: float, size: Size) -> Home:
    async with open_house(read_settings({"TIDEWIRE_HOME": str(folder)})) as house:
        return await _make(house, folder, scale, size)


async def _make(house: House, folder: Path, scale: float, size: Size) -> Home:
    port, began = free_ports(1)[0], stopwatch()
    world = folder / "world"
    world.mkdir(exist_ok=True)
    print(f"making {size.desktops:,} desktops, {size.journalists:,} journalists ...", flush=True)
    write_csv_files(World(SEED, size), world, port)
    _make_all_due(world, size, port)
    admission = Admission(house.database, house.bell, house.clock)
    for kind in Kind:
        await _admit(admission, kind, world / f"{kind.name.lower()}s.csv")
    now = house.clock.now()
    async with house.database.transaction() as tx:
        issuer, editor = await open_issuer(tx, ISSUER, now), await open_editor(tx, "editor", now)
        keys = [await issue_key(tx, one.account_id, now) for one in (issuer, editor)]
        names = [desktop_id(number) for number in range(1, size.connected + 1)]
        lines = [
            f"{name}\t{desktop_key(house.signer, desktop, generation)}\n"
            for name, desktop, generation in await claims.desktops(tx, names)
        ]
    home = Home(folder, scale, port, *keys)
    home.desktop_keys.write_text("".join(lines), "ascii")
    shutil.rmtree(world)
    print(f"the world is made and loaded: {stopwatch() - began:.0f} s", flush=True)
    return home


async def _admit(admission: Admission, kind: Kind, file: Path) -> None:
    began, size = stopwatch(), _size(file)

    def progress(octets: int) -> None:
        print(f"  {file.stem}: {octets / size:.0%}, {stopwatch() - began:.0f} s", flush=True)

    summary = await admission.admit(kind, file, progress)
    if summary.rejected:
        raise AssertionError(f"{file.name}: {summary.rejected} rejected, {summary.first[:3]}")


def _size(file: Path) -> int:
    return file.stat().st_size


def _make_all_due(world: Path, size: Size, port: int) -> None:
    """Every outlet has a webhook, every journalist a mailbox, and those on line want all.

    The mailboxes have no number that the simulator's tempers go by: all of them are open.
    """
    secrets = World(SEED, size)

    def outlet(row: dict[str, str], number: int) -> None:
        row |= {"interest": "", "mail": "", "webhook": webhook_url(number, port)}
        row["webhook_secret"] = secrets.secret(number)

    def journalist(row: dict[str, str], number: int) -> None:
        row |= {"interest": "", "mail": f"j{number:05d}@newsroom-{number % 400:03d}.example"}

    def desktop(row: dict[str, str], _number: int) -> None:
        row["interest"] = ""

    _rewrite(world / "outlets.csv", outlet, size.outlets)
    _rewrite(world / "journalists.csv", journalist, size.journalists)
    _rewrite(world / "desktops.csv", desktop, size.connected)


def _rewrite(file: Path, change: Rewrite, rows: int) -> None:
    """Change the first rows of a file; the rest is copied as it stands (a row is a line)."""
    fresh = file.with_suffix(".new")
    with file.open(encoding="utf-8", newline="") as old, fresh.open("w", encoding="utf-8") as new:
        header = next(csv.reader([old.readline()]))
        writer = csv.DictWriter(new, header, lineterminator="\n")
        writer.writeheader()
        for number, row in enumerate(_first(old, header, rows), start=1):
            change(row, number)
            writer.writerow(row)
        shutil.copyfileobj(old, new, 1 << 20)
    fresh.replace(file)


def _first(file: Iterator[str], header: list[str], rows: int) -> Iterator[dict[str, str]]:
    for _, line in zip(range(rows), file, strict=False):
        values = next(csv.reader([line]))
        row: Mapping[str, str] = dict(zip(header, values, strict=True))
        yield dict(row)
