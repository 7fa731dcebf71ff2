"""Two Tidewires, each with a database of its own: the second takes from the first what it makes
public, and has the same releases; and the key with which it does, from the shell to the wire."""

import asyncio
import json
import re
import shutil
import socket
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from typer.testing import CliRunner, Result

from tidewire.access.tokens import open_signer
from tidewire.app.assemble import House
from tidewire.app.cli import command_line
from tidewire.app.settings import read_settings
from tidewire.app.web import create_app
from tidewire.bus.postgres import PostgresBell
from tidewire.clock import SystemClock
from tidewire.model.errors import WireError
from tidewire.store.database import Database
from wire import a_vault, go, keep_master_key

SAMPLE = Path(__file__).parents[2] / "samples" / "lanternfish"
EDITOR = "Mara Muster"
PICTURE = re.compile(r"http://127\.0\.0\.1:\d+/releases/\w+/pictures/\w+\.png")
OUTLETS = (
    "outside_id,name,country,languages,outlet_kind,interest,webhook,webhook_secret,mail\n"
    "o1,Fictional Gazette,DE,de,newspaper,,,,desk@gazette.example\n"
)
FILES = [SAMPLE / f"lanternfish.{tag}.md" for tag in ("en", "de", "ar")]
# What is one wire's own: its numbers, moments, addresses, and who is whom on it. `text` ends
# with the moment and the address; what it says besides is in `body_html`.
OWN = (
    "text",
    "sequence",
    "id",
    "published_at",
    "first_published_at",
    "url",
    "links",
    "checked",
    "issuer",
)


@dataclass
class Wire:
    """One installation: its real web over HTTP, its database, and a shell."""

    base: str
    home: Path
    database: Database

    def run(self, *words: str) -> Result:
        env = {"TIDEWIRE_HOME": str(self.home), "TIDEWIRE_DATABASE_URL": self.database.url}
        return CliRunner().invoke(command_line(), list(words), env=env)

    async def must(self, *words: str) -> str:
        """What a command says that goes well."""
        done = await asyncio.to_thread(self.run, *words)
        assert done.exit_code == 0, (words, done.output, done.exception)
        return done.stdout

    async def refused(self, *words: str) -> str:
        """What a command says that is turned down."""
        done = await asyncio.to_thread(self.run, *words)
        assert isinstance(done.exception, WireError), (words, done.output)
        return str(done.exception)

    async def publish(self) -> None:
        """What is due goes out."""
        assert await go(self.database, SystemClock()) == 1

    async def items(self, key: str) -> list[dict[str, Any]]:
        async with httpx.AsyncClient(timeout=30) as http:
            shown = {"authorization": f"Bearer {key}"}
            run = (await http.get(f"{self.base}/api/v1/wire", headers=shown)).json()
        assert isinstance(run["items"], list)
        return run["items"]

    async def key(self) -> str:
        """An outlet's key, as the shell prints it."""
        file = self.home / "outlets.csv"
        await asyncio.to_thread(file.write_text, OUTLETS)
        await self.must("import", "outlets", str(file))
        return (await self.must("outlet", "key", "o1")).strip()


@asynccontextmanager
async def serving(database: Database, home: Path) -> AsyncIterator[Wire]:
    (home / "keys").mkdir(parents=True, mode=0o700)
    keep_master_key(home / "keys" / "master.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        base = f"http://127.0.0.1:{listener.getsockname()[1]}"
        settings = read_settings({"TIDEWIRE_HOME": str(home), "TIDEWIRE_BASE_URL": base})
        clock, bell = SystemClock(), PostgresBell(database)
        vault, signer = a_vault(database, clock), open_signer(home / "keys")
        app = create_app(House(settings, database, clock, signer, bell, vault))
        server = uvicorn.Server(uvicorn.Config(app, ws="none", log_config=None, lifespan="off"))
        running = asyncio.create_task(server._serve([listener]))
        yield Wire(base, home, database)
        server.should_exit = True
        await running
        await bell.close()


@pytest.fixture
async def wires(
    database: Database, other_database: Database, tmp_path: Path
) -> AsyncIterator[tuple[Wire, Wire]]:
    async with (
        serving(database, tmp_path / "one") as one,
        serving(other_database, tmp_path / "two") as two,
    ):
        await one.must("issuer", "add", "lanternfish", "--name", "Lanternfish Ferries")
        for wire in (one, two):
            await wire.must("editor", "add", EDITOR)
        yield one, two


def same(item: dict[str, Any]) -> dict[str, Any]:
    """What must be the same on both wires; what stands around a text names its wire's address."""
    renditions = [same(one) for one in item.get("renditions", [])]
    kept = {k: v for k, v in item.items() if k not in (*OWN, "superseded_by")}
    said = json.dumps(kept | {"renditions": renditions})
    return json.loads(PICTURE.sub("PICTURE.png", said))  # type: ignore[no-any-return]


def corrected(wire: Wire) -> Path:
    """The English text with another port, and the picture beside it."""
    shutil.copy(SAMPLE / "marisol.png", wire.home)
    changed = wire.home / "changed.en.md"
    changed.write_text(FILES[0].read_text().replace("Port Ember", "Port Oak"))
    return changed


def bytes_of(item: dict[str, Any]) -> bytes:
    """The picture at the address that the item names."""
    (found,) = set(PICTURE.findall(json.dumps(item)))
    with urllib.request.urlopen(found) as answer:
        return bytes(answer.read())


async def published(wire: Wire, *files: Path) -> str:
    """A release that is out; its ref."""
    names = [str(file) for file in files]
    said = await wire.must("submit", *names, "--issuer", "lanternfish", "--json")
    ref = str(json.loads(said)["ref"])
    await wire.must("desk", "approve", ref, "--as", EDITOR, "--now")
    await wire.publish()
    return ref


async def test_a_wire_that_follows_another_has_the_same_releases(wires: tuple[Wire, Wire]) -> None:
    one, two = wires
    key, here_key = await one.key(), await two.key()
    (two.home / "key").write_text(key)
    ref = await published(one, *FILES)
    follow = ("follow", "north", one.base, "--as", EDITOR, "--once", "--publish")
    follow = (*follow, "--key-file", str(two.home / "key"))
    said = await two.must(*follow)
    assert re.fullmatch(r"1: \S+ goes out\n", said)
    here = said.split()[1]
    await two.publish()
    (there,), (item,) = await one.items(key), await two.items(here_key)
    assert same(item) == same(there) and item["languages"] == ["en", "de", "ar"]
    assert await asyncio.to_thread(bytes_of, item) == (SAMPLE / "marisol.png").read_bytes()
    assert item["issuer"] == there["issuer"] | {"slug": "north-lanternfish"}

    changed = corrected(one)
    note = "The port was named wrongly."
    new = [str(changed), *map(str, FILES[1:])]
    await one.must("desk", "correct", ref, *new, "--as", EDITOR, "--note", note)
    await one.publish()
    assert await two.must(*follow) == f"2: {here} is corrected\n"
    await two.publish()
    there, item = (await one.items(key))[-1], (await two.items(here_key))[-1]
    assert (item["id"], item["version"], item["act"], item["note"]) == (here, 2, "correct", note)
    assert same(item) == same(there) and "Port Oak" in item["text"]
    assert await two.must(*follow) == ""  # it has all there is

    await one.must(
        "submit", str(SAMPLE / "lanternfish.fr.md"), "--issuer", "lanternfish", "--to", ref
    )
    await one.must("desk", "approve-rendition", ref, "fr", "--as", EDITOR)
    await one.publish()
    assert await two.must(*follow) == f"3: {here} has one more language\n"
    await two.publish()
    there, item = (await one.items(key))[-1], (await two.items(here_key))[-1]
    assert (item["act"], item["language"]) == ("add", "fr") and same(item) == same(there)

    await one.must("desk", "kill", ref, "--as", EDITOR, "--note", "It was a rehearsal.")
    await one.publish()
    assert await two.must(*follow) == f"4: {here} is killed\n"
    await two.publish()
    item = (await two.items(here_key))[-1]
    assert (item["act"], item["note"]) == ("kill", "It was a rehearsal.")
    assert "body_html" not in item


async def test_without_publish_it_waits_and_a_newer_version_takes_its_place(
    wires: tuple[Wire, Wire],
) -> None:
    one, two = wires
    ref = await published(one, FILES[0])
    follow = ("follow", "north", one.base, "--as", EDITOR, "--once")
    said = await two.must(*follow)
    assert re.fullmatch(r"1: \S+ waits for the desk\n", said)
    here = said.split()[1]
    changed = corrected(one)
    await one.must("desk", "correct", ref, str(changed), "--as", EDITOR, "--note", "The port.")
    await one.publish()
    assert await two.must(*follow) == f"2: {here} waits for the desk\n"
    shown = json.loads(await two.must("desk", "list", "--json"))
    assert [(r["ref"], r["state"]) for r in shown] == [(here, "received")]
    assert "Port Oak" in await two.must("desk", "show", here)
    await one.must("desk", "kill", ref, "--as", EDITOR, "--note", "No.")
    await one.publish()
    assert await two.must(*follow) == f"3: {here} is killed\n"  # before anybody saw it here


async def test_what_cannot_be_followed_is_told(wires: tuple[Wire, Wire]) -> None:
    one, two = wires
    as_editor = ("--as", EDITOR, "--once")
    assert await two.must("follow", "north", one.base, *as_editor) == ""
    for words, told in (
        (("north", "https://elsewhere.example", *as_editor), one.base),
        (("North!", one.base, *as_editor), "no name"),
        (("south", "ftp://x.example", *as_editor), "no address"),
        (("south", one.base, "--as", "Nobody", "--once"), "no editor"),
        (("south", "http://127.0.0.1:1", *as_editor), "does not answer"),
        (("south", f"{one.base}/news", *as_editor), "answered 404"),
    ):
        assert told in await two.refused("follow", *words)
    (two.home / "key").write_text("tw_nobody")
    with_key = ("--key-file", str(two.home / "key"))
    said = await two.refused("follow", "north", one.base, *as_editor, *with_key)
    assert "does not take this key" in said and "tw_nobody" not in said
    said = await two.refused("follow", "east", "http://wire.example", *as_editor, *with_key)
    assert "over http" in said


async def test_a_key_from_the_shell_opens_the_wire_until_it_is_renewed(
    wires: tuple[Wire, Wire],
) -> None:
    one, _ = wires
    await published(one, FILES[0])
    key = await one.key()
    desktops = one.home / "desktops.csv"
    desktops.write_text(
        "outside_id,name,country,languages,outlet_kind,interest\nd1,D,KR,ko,terminal,\n"
    )
    await one.must("import", "desktops", str(desktops))
    wrong = (await one.must("desktop", "key", "d1")).strip()
    async with httpx.AsyncClient(base_url=one.base, timeout=30) as http:

        async def ask(query: str = "", shown: str = key, **more: str) -> httpx.Response:
            headers = {"authorization": f"Bearer {shown}", **more}
            return await http.get(f"/api/v1/wire?{query}", headers=headers)

        good = await ask()
        assert good.status_code == 200 and good.headers["content-encoding"] == "gzip"
        assert good.headers["ratelimit-policy"].startswith('"outlet";q=')
        assert good.headers["ratelimit"].startswith('"outlet";r=')
        assert (await ask(**{"if-none-match": good.headers["etag"]})).status_code == 304
        ahead = await ask("after=99")
        assert (ahead.status_code, ahead.json()["errors"][0]["pointer"]) == (400, "/after")
        for query, status in (
            ("after=-1", 422),
            ("after=x", 422),
            ("after=99999999999999999999", 422),
            ("format=fax", 406),
            ("colour=blue", 400),
        ):
            assert (await ask(query)).status_code == status
        head = await http.head("/api/v1/wire", headers={"authorization": f"Bearer {key}"})
        assert (head.status_code, head.content) == (200, b"")
        assert (await ask(shown=wrong)).status_code == 403
        waiting = asyncio.create_task(ask("after=1&wait=20"))
        await asyncio.wait([waiting], timeout=0.3)
        assert not waiting.done()
        await published(one, FILES[0])
        assert [i["sequence"] for i in (await waiting).json()["items"]] == [2]
        fresh = (await one.must("outlet", "key", "o1", "--renew")).strip()
        assert (await ask()).status_code == 401
        assert (await ask(shown=fresh)).status_code == 200
    assert "no active outlet" in await one.refused("outlet", "key", "2")  # it is a desktop
