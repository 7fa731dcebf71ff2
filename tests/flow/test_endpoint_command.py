"""`tidewire endpoint add`, as a person at a shell uses it, to the file on an outlet's server."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

import ssh_server
from contract.channel_contract import outgoing, send_all
from editions import an_edition
from tidewire.access.tokens import Signer
from tidewire.app.commands import endpoint, importing
from tidewire.channels.channel import ChannelContext
from tidewire.channels.sftp.channel import SftpChannel
from tidewire.clock import FixedClock
from tidewire.model.delivery import Accepted, ChannelCode
from tidewire.model.errors import WireError
from tidewire.model.subscriber import EndpointState, Kind
from tidewire.store import endpoints, subscribers
from tidewire.store.database import Database

OUTLETS = (
    "outside_id,name,country,languages,outlet_kind,interest,webhook,webhook_secret,mail\n"
    "o1,Fictional Gazette,DE,de,newspaper,,,,desk@gazette.example\n"
    "o2,Fictional Courier,DE,de,newspaper,,,,desk@courier.example\n"
)
KEY = "SHA256:" + "A" * 43
GOOD = f"sftp://wire@files.gazette.example/in/?host_key={KEY}"
BLOG = "https://wire@blog.example/?categories=energy:Energy"


async def run(*arguments: str, secret: str = "a fictional password\n") -> str:
    """What the command says; its error is raised."""
    result = await asyncio.to_thread(
        CliRunner().invoke, endpoint.app, list(arguments), input=secret
    )
    if result.exception is not None:
        raise result.exception
    return result.stdout


async def add(channel: str, outlet: str, address: str, **more: str) -> str:
    """Add, with the secret from stdin."""
    return await run("add", channel, outlet, address, "--secret-file", "-", **more)


@pytest.fixture
async def outlets(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two outlets that mail reaches; the file they were imported from."""
    monkeypatch.setenv("TIDEWIRE_DATABASE_URL", database.url)
    monkeypatch.setenv("TIDEWIRE_HOME", str(tmp_path))
    file = tmp_path / "outlets.csv"
    await asyncio.to_thread(file.write_text, OUTLETS)
    await bring(file)
    return file


async def bring(file: Path) -> None:
    """Import the outlets."""
    done = await asyncio.to_thread(CliRunner().invoke, importing.app, ["outlets", str(file)])
    assert done.exit_code == 0


async def test_an_outlet_is_pushed_to_and_a_second_time_renews_the_secret(
    database: Database, outlets: Path
) -> None:
    said = await add("sftp", "o1", GOOD)
    assert said.startswith("It is pushed to: endpoint ")
    again = await add("sftp", "o1", GOOD, secret="another\n")
    assert again == said.replace("It is pushed to", "It has a new secret")
    async with database.transaction() as tx:
        found = await endpoints.of_address(tx, ChannelCode.SFTP, GOOD)
    assert found is not None
    assert found.secret == "another"


async def test_an_import_leaves_what_it_cannot_name(database: Database, outlets: Path) -> None:
    await add("wordpress", "o1", BLOG)
    await bring(outlets)
    async with database.transaction() as tx:
        found = await endpoints.of_address(tx, ChannelCode.WORDPRESS, BLOG)
    assert found is not None
    assert found.state is EndpointState.ACTIVE


async def test_an_address_of_another_outlet_is_not_taken(outlets: Path) -> None:
    await add("sftp", "o1", GOOD)
    with pytest.raises(WireError, match="another outlet's"):
        await add("sftp", "o2", GOOD)


async def test_what_is_disabled_is_not_sent_to(database: Database, outlets: Path) -> None:
    number = (await add("sftp", "o1", GOOD)).split()[-1].rstrip(".")
    await run("disable", number)
    async with database.transaction() as tx:
        found = await endpoints.by_id(tx, int(number))
    assert found is not None
    assert found.state is EndpointState.DISABLED


@pytest.mark.parametrize(
    ("channel", "outlet", "address", "secret", "why"),
    [
        ("telex", "o1", GOOD, "x", "no such channel"),
        ("sftp", "nobody", GOOD, "x", "no such subscriber"),
        ("sftp", "o1", "sftp://wire@files.gazette.example/in/", "x", "pins no host key"),
        ("sftp", "o1", GOOD, "", "neither a password nor"),
        ("sftp", "o1", GOOD, "-----BEGIN OPENSSH PRIVATE KEY-----\nx", "not a private key"),
        ("sftp", "o1", f"sftp://wire@10.0.0.1/?host_key={KEY}", "x", "private or reserved"),
        ("ftps", "o1", "ftps://wire@files.gazette.example:25/", "x", "Port 25"),
        ("ftps", "o1", "ftps://wire@files.gazette.example/", "two\nlines", "not a password"),
        ("wordpress", "o1", "https://blog.example/", "x", "names no user"),
        ("wordpress", "o1", BLOG, "", "not an application password"),
    ],
)
async def test_what_could_never_be_sent_is_refused_and_not_stored(
    database: Database,
    outlets: Path,
    channel: str,
    outlet: str,
    address: str,
    secret: str,
    why: str,
) -> None:
    with pytest.raises(WireError, match=why):
        await add(channel, outlet, address, secret=secret)
    async with database.transaction() as tx:
        for code in (ChannelCode.SFTP, ChannelCode.FTPS, ChannelCode.WORDPRESS):
            assert await endpoints.of_address(tx, code, address) is None


async def test_a_secret_file_that_is_not_there_is_told(outlets: Path) -> None:
    with pytest.raises(WireError, match="cannot be read"):
        await run("add", "sftp", "o1", GOOD, "--secret-file", str(outlets / "none"))


async def test_a_key_given_as_a_file_opens_the_outlets_server(
    database: Database,
    clock: FixedClock,
    outlets: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TIDEWIRE_EGRESS_ALLOW", "127.0.0.0/8")
    with ssh_server.sshd(tmp_path) as server:
        address = server.address(f"{tmp_path}/pushed-{{ref}}-{{language}}.json")
        await run("add", "sftp", "o1", address, "--secret-file", str(tmp_path / "user_key"))
        async with database.transaction() as tx:
            found = await endpoints.of_address(tx, ChannelCode.SFTP, address)
        assert found is not None
        environment = {"TIDEWIRE_EGRESS_ALLOW": "127.0.0.0/8"}
        context = ChannelContext(
            clock, database, Signer(b"0" * 32), "https://wire.example", tmp_path, environment
        )
        channel = SftpChannel(context)
        delivery = replace(outgoing(found.id, address, "de"), secret=found.secret)
        (receipt,) = await send_all(channel, an_edition(), "de", [delivery])
        await channel.close()
    assert isinstance(receipt.outcome, Accepted)
    there = tmp_path / "pushed-tw000042-de.json"
    assert json.loads(await asyncio.to_thread(there.read_bytes))["id"] == "tw000042"


ENDPOINTS = "outlet,channel,address,secret_file\n"


async def bring_endpoints(folder: Path, rows: str) -> tuple[int, str, str]:
    """(exit code, stdout, stderr) of an import of endpoints."""
    file = folder / "endpoints.csv"
    await asyncio.to_thread(file.write_text, ENDPOINTS + rows)
    done = await asyncio.to_thread(CliRunner().invoke, importing.app, ["endpoints", str(file)])
    return done.exit_code, done.stdout, done.stderr


async def test_a_file_of_endpoints_is_taken_row_by_row(
    database: Database, outlets: Path, tmp_path: Path
) -> None:
    (tmp_path / "secrets").mkdir()
    for name, text in (("one", "first\n"), ("two", "second\n")):
        await asyncio.to_thread((tmp_path / "secrets" / name).write_text, text)
    rows = (
        f"o1,sftp,{GOOD},secrets/one\n"
        f'o2,wordpress,"{BLOG}",secrets/two\n'
        "o1,sftp,sftp://wire@files.gazette.example/in/,secrets/one\n"
        f"nobody,sftp,{GOOD}&on_kill=remove,secrets/one\n"
        f"o1,telex,{GOOD},secrets/one\n"
        f"o1,sftp,{GOOD}&on_kill=keep,secrets/none\n"
        f"o2,sftp,{GOOD},secrets/one\n"
    )
    code, said, told = await bring_endpoints(tmp_path, rows)
    assert code == 0
    assert "endpoints: 2 new, 0 renewed, 5 rejected" in said
    reasons = ("pins no host key", "no such subscriber", "no such channel", "cannot be read")
    for line, reason in enumerate((*reasons, "another outlet's"), start=4):
        assert f"line {line}: " in told
        assert reason in next(one for one in told.splitlines() if f"line {line}:" in one)
    assert (tmp_path / "endpoints.rejected.csv").read_text().count("\n") == 6
    async with database.transaction() as tx:
        filed = await endpoints.of_address(tx, ChannelCode.SFTP, GOOD)
        posted = await endpoints.of_address(tx, ChannelCode.WORDPRESS, BLOG)
    assert (filed and filed.secret, posted and posted.secret) == ("first", "second")


async def test_a_row_that_comes_again_renews_the_secret(
    database: Database, outlets: Path, tmp_path: Path
) -> None:
    await add("sftp", "o1", GOOD)
    await asyncio.to_thread((tmp_path / "new").write_text, "another\n")
    _, said, _ = await bring_endpoints(tmp_path, f"o1,sftp,{GOOD},{tmp_path}/new\n")
    assert "endpoints: 0 new, 1 renewed" in said
    async with database.transaction() as tx:
        found = await endpoints.of_address(tx, ChannelCode.SFTP, GOOD)
    assert found is not None
    assert found.secret == "another"


async def test_a_file_of_which_nothing_can_be_kept_fails(outlets: Path, tmp_path: Path) -> None:
    code, _, told = await bring_endpoints(tmp_path, f"nobody,sftp,{GOOD},{outlets}\n")
    assert code == importing.NOTHING_KEPT
    assert "No row was kept." in told


async def test_an_outlet_that_is_only_pushed_to_is_imported_and_told(
    database: Database, outlets: Path, tmp_path: Path
) -> None:
    file = tmp_path / "more.csv"
    head, *_ = OUTLETS.splitlines(keepends=True)
    await asyncio.to_thread(file.write_text, head + "o3,Fictional Post,DE,de,newspaper,,,,\n")
    done = await asyncio.to_thread(CliRunner().invoke, importing.app, ["outlets", str(file)])
    assert "outlets: 1 new" in done.stdout
    assert "1 of them have neither webhook nor mail: push to them" in done.stderr
    await add("sftp", "o3", GOOD)
    async with database.transaction() as tx:
        who = await subscribers.of_outside_id(tx, Kind.OUTLET, "o3")
        assert [code for *_, code in await endpoints.active_for(tx, [who.id])] == [ChannelCode.SFTP]
