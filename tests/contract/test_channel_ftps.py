"""The FTPS channel against the channels' contract, on pyftpdlib's server."""

import asyncio
import hashlib
import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvloop

import ftp_server
import vsftpd_server
from contract.channel_contract import ChannelContract, Copy, outgoing, send_all
from contract.webhook_world import Authority, World
from editions import an_edition
from ftp_server import PASSWORD, Ftpd
from tidewire.channels.ftps.channel import FtpsChannel
from tidewire.model.delivery import Accepted, Deferred, Outcome, Outgoing, Refused
from tidewire.model.release import Act

NAME = "{ref}-{language}-v{version}.json"


def files(folder: Path) -> dict[str, bytes]:
    """The files that lie in a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@pytest.fixture
def server(authority: Authority, tmp_path: Path) -> Iterator[Ftpd]:
    """A server with a certificate of the authority that tests trust."""
    folder = tmp_path / "inbox"
    folder.mkdir()
    with ftp_server.ftpd(folder, authority.server_file("127.0.0.1")) as running:
        yield running


@pytest.fixture
async def channel(world: World) -> AsyncIterator[FtpsChannel]:
    """A channel that may reach loopback."""
    made = FtpsChannel(world.lent())
    yield made
    await made.close()


@dataclass
class FtpsRig:
    """The contract's rig: one folder, a file name for each endpoint."""

    channel: FtpsChannel
    server: Ftpd

    def deliveries(self, count: int, language: str) -> list[Outgoing]:
        """Endpoints of one login."""
        return [
            self._to(n, self.server.address(f"{n}-{NAME}"), language) for n in range(1, count + 1)
        ]

    def dead(self) -> Outgoing | None:
        """Nobody listens on this port of loopback."""
        return self._to(9001, f"ftps://x@127.0.0.1:1025/{NAME}", "de")

    def unwilling(self) -> Outgoing | None:
        """A folder that is not there."""
        return self._to(9002, self.server.address(f"none/{NAME}"), "de")

    async def received(self) -> list[Copy]:
        """The files that are there."""
        return [
            Copy(name, json.dumps(json.loads(there), ensure_ascii=False))
            for name, there in files(self.server.folder).items()
        ]

    def _to(self, endpoint_id: int, address: str, language: str) -> Outgoing:
        return outgoing(endpoint_id, address, language, secret=PASSWORD)


class TestFtps(ChannelContract):
    """The contract."""

    @pytest.fixture
    async def rig(self, channel: FtpsChannel, server: Ftpd) -> FtpsRig:
        """The channel with its server."""
        return FtpsRig(channel, server)


async def outcome(
    channel: FtpsChannel, address: str, *, act: Act = Act.PUBLISH, secret: str = PASSWORD
) -> Outcome:
    """What becomes of one delivery."""
    edition = an_edition(act)
    delivery = outgoing(1, address, "de", edition=edition, secret=secret)
    (receipt,) = await send_all(channel, edition, "de", [delivery])
    return receipt.outcome


async def test_the_receipt_holds_size_and_digest_of_what_is_there(
    channel: FtpsChannel, server: Ftpd
) -> None:
    found = await outcome(channel, server.address(NAME))
    ((name, there),) = files(server.folder).items()
    digest = hashlib.sha256(there).hexdigest()
    assert found == Accepted(0, f"{len(there)} bytes, sha256 {digest}, read back")
    assert name == "tw000042-de-v1.json"


async def test_correction_and_kill_come_and_earlier_files_go_where_the_address_says_so(
    channel: FtpsChannel, server: Ftpd
) -> None:
    keeps, removes = server.address("keeps-" + NAME), server.address("r-" + NAME, "?on_kill=remove")
    for act in (Act.PUBLISH, Act.KILL):
        for address in (keeps, removes):
            assert isinstance(await outcome(channel, address, act=act), Accepted)
    acts = {name: json.loads(there)["act"] for name, there in files(server.folder).items()}
    assert acts == {
        "keeps-tw000042-de-v1.json": "publish",
        "keeps-tw000042-de-v2.json": "kill",
        "r-tw000042-de-v2.json": "kill",
    }


async def test_a_second_try_takes_the_place_of_the_first(
    channel: FtpsChannel, server: Ftpd
) -> None:
    for _ in range(2):
        assert isinstance(await outcome(channel, server.address(NAME)), Accepted)
    assert len(files(server.folder)) == 1


async def test_vsftpd_takes_data_connections_that_carry_on_the_session(
    channel: FtpsChannel, authority: Authority
) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="tidewire-vsftpd-", dir="/tmp") as home,
        vsftpd_server.vsftpd(Path(home), authority.server_file("127.0.0.1")) as (port, folder),
    ):
        address = f"ftps://anonymous@127.0.0.1:{port}/in/{NAME}?on_kill=remove"
        found = [await outcome(channel, address, act=act) for act in (Act.PUBLISH, Act.KILL)]
        names = list(files(folder))
    assert [type(one) for one in found] == [Accepted, Accepted], found
    assert names == ["tw000042-de-v2.json"]


async def test_the_workers_own_event_loop_serves_as_well(world: World, server: Ftpd) -> None:
    async def once() -> Outcome:
        channel = FtpsChannel(world.lent())
        try:
            return await outcome(channel, server.address(NAME))
        finally:
            await channel.close()

    assert isinstance(await asyncio.to_thread(uvloop.run, once()), Accepted)


async def test_a_wrong_password_is_refused(channel: FtpsChannel, server: Ftpd) -> None:
    found = await outcome(channel, server.address(NAME), secret="another")
    assert found == Refused(530, "the login is turned down")


async def test_a_server_that_may_not_be_read_from_gives_no_receipt_of_acceptance(
    channel: FtpsChannel, authority: Authority, tmp_path: Path
) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    with ftp_server.ftpd(folder, authority.server_file("127.0.0.1"), "elawdfm") as server:
        found = await outcome(channel, server.address(NAME))
    assert found == Deferred(550, "the server says no", blame_host=False)
    assert files(folder) == {}


async def test_a_server_without_tls_gets_neither_password_nor_text(
    channel: FtpsChannel, tmp_path: Path
) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    with ftp_server.ftpd(folder, None) as server:
        found = await outcome(channel, server.address(NAME))
    assert found == Refused(500, "the server has no explicit TLS")
    assert files(folder) == {}


async def test_a_certificate_for_another_name_is_refused(
    channel: FtpsChannel, authority: Authority, tmp_path: Path
) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with ftp_server.ftpd(folder, authority.server_file("other.example")) as server:
        found = await outcome(channel, server.address(NAME))
    assert found == Refused(0, "the certificate is for another name")


async def test_a_silent_server_is_left_after_its_time(world: World) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    port = await world.serve_raw(silent, tls=False)
    channel = FtpsChannel(world.lent(TIDEWIRE_PUSH_TIMEOUT="0.3"))
    found = await outcome(channel, f"ftps://x@127.0.0.1:{port}/{NAME}")
    await channel.close()
    assert found == Deferred(0, "timeout", overloaded=True)


async def test_what_does_not_speak_ftp_is_told_so(world: World) -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()
        writer.close()

    port = await world.serve_raw(chatter, tls=False)
    channel = FtpsChannel(world.lent())
    found = await outcome(channel, f"ftps://x@127.0.0.1:{port}/{NAME}")
    await channel.close()
    assert found == Deferred(0, "the server does not speak FTP")


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[::1]", "0x7f.1"])
async def test_a_private_address_is_refused(world: World, host: str) -> None:
    channel = FtpsChannel(world.lent(TIDEWIRE_EGRESS_ALLOW=""))
    found = await outcome(channel, f"ftps://x@{host}/{NAME}")
    await channel.close()
    assert isinstance(found, Refused)
