"""The SFTP channel against the channels' contract, on OpenSSH's own server."""

import asyncio
import hashlib
import json
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import asyncssh
import pytest
import uvloop

import ssh_server
from contract.channel_contract import ChannelContract, Copy, outgoing, send_all
from contract.webhook_world import World
from editions import an_edition
from ssh_server import Sshd
from tidewire.channels.sftp.channel import SftpChannel
from tidewire.clock import stopwatch
from tidewire.model.delivery import Accepted, Deferred, Outcome, Outgoing, Refused
from tidewire.model.release import Act

NAME = "{ref}-{language}-v{version}.json"
OTHER_KEY = "SHA256:" + "A" * 43


def files(folder: Path) -> dict[str, bytes]:
    """The files that lie in a folder."""
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sshd]:
    """OpenSSH's server."""
    with ssh_server.sshd(tmp_path_factory.mktemp("sshd")) as running:
        yield running


@pytest.fixture
async def channel(world: World) -> AsyncIterator[SftpChannel]:
    """A channel that may reach loopback."""
    made = SftpChannel(world.lent())
    yield made
    await made.close()


@dataclass
class SftpRig:
    """The contract's rig: one folder on OpenSSH's server, a file name for each endpoint."""

    channel: SftpChannel
    server: Sshd
    folder: Path

    def deliveries(self, count: int, language: str) -> list[Outgoing]:
        """Endpoints of one login."""
        return [
            self._to(n, self.server.address(f"{self.folder}/{n}-{NAME}"), language)
            for n in range(1, count + 1)
        ]

    def dead(self) -> Outgoing | None:
        """Nobody listens on this port of loopback."""
        return self._to(9001, f"sftp://x@127.0.0.1:1025/{NAME}?host_key={OTHER_KEY}", "de")

    def unwilling(self) -> Outgoing | None:
        """A folder that is not there."""
        return self._to(9002, self.server.address(f"{self.folder}/none/{NAME}"), "de")

    async def received(self) -> list[Copy]:
        """The files that are there."""
        return [
            Copy(name, json.dumps(json.loads(there), ensure_ascii=False))
            for name, there in files(self.folder).items()
        ]

    def _to(self, endpoint_id: int, address: str, language: str) -> Outgoing:
        return outgoing(endpoint_id, address, language, secret=self.server.private_key)


class TestSftp(ChannelContract):
    """The contract."""

    @pytest.fixture
    async def rig(self, channel: SftpChannel, server: Sshd, tmp_path: Path) -> SftpRig:
        """The channel with its server."""
        folder = tmp_path / "inbox"
        folder.mkdir()
        return SftpRig(channel, server, folder)


async def outcome(
    channel: SftpChannel, server: Sshd, address: str, *, act: Act = Act.PUBLISH, secret: str = ""
) -> Outcome:
    """What becomes of one delivery."""
    edition = an_edition(act)
    delivery = outgoing(1, address, "de", edition=edition, secret=secret or server.private_key)
    (receipt,) = await send_all(channel, edition, "de", [delivery])
    return receipt.outcome


async def test_the_receipt_holds_size_and_digest_of_what_is_there(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    found = await outcome(channel, server, server.address(f"{tmp_path}/inbox-{NAME}"))
    ((name, there),) = files(tmp_path).items()
    digest = hashlib.sha256(there).hexdigest()
    assert found == Accepted(0, f"{len(there)} bytes, sha256 {digest}, read back")
    assert name == "inbox-tw000042-de-v1.json"


@pytest.mark.parametrize(
    ("ending", "sign"),
    [
        ("ninjs.json", '"version":"3.1"'),
        ("ninjs-1.6.json", '"version":"1.6"'),
        ("xml", "<newsItem"),
        ("nitf.xml", "<nitf"),
    ],
)
async def test_the_ending_of_the_name_chooses_the_format(
    channel: SftpChannel, server: Sshd, tmp_path: Path, ending: str, sign: str
) -> None:
    address = server.address(f"{tmp_path}/in-{{ref}}-{{language}}.{ending}")
    assert isinstance(await outcome(channel, server, address), Accepted)
    ((name, there),) = files(tmp_path).items()
    assert name == f"in-tw000042-de.{ending}"
    assert sign in there.decode().replace(": ", ":")


async def test_a_correction_and_a_kill_are_files_of_their_own(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    address = server.address(f"{tmp_path}/in-{NAME}")
    for act in (Act.PUBLISH, Act.CORRECT):
        assert isinstance(await outcome(channel, server, address, act=act), Accepted)
    edition = an_edition(Act.KILL, version=3)
    kill = outgoing(1, address, "de", edition=edition, secret=server.private_key)
    await send_all(channel, edition, "de", [kill])
    assert {name: json.loads(there)["act"] for name, there in files(tmp_path).items()} == {
        "in-tw000042-de-v1.json": "publish",
        "in-tw000042-de-v2.json": "correct",
        "in-tw000042-de-v3.json": "kill",
    }


async def test_a_kill_takes_earlier_files_away_where_the_address_says_so(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    address = server.address(f"{tmp_path}/in-{NAME}", more="&on_kill=remove")
    for act in (Act.PUBLISH, Act.KILL):
        last = await outcome(channel, server, address, act=act)
    assert isinstance(last, Accepted)
    assert last.detail.endswith("earlier files removed")
    assert list(files(tmp_path)) == ["in-tw000042-de-v2.json"]


async def test_a_server_with_another_key_than_before_is_refused_and_gets_nothing(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    address = server.address(f"{tmp_path}/in-{NAME}", fingerprint=OTHER_KEY)
    found = await outcome(channel, server, address)
    assert found == Refused(
        0, f"the server has another host key than the pinned one: {server.fingerprint}"
    )
    assert files(tmp_path) == {}


async def test_one_of_several_pinned_keys_will_do(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    more = f"&host_key={server.fingerprint}"
    address = server.address(f"{tmp_path}/in-{NAME}", fingerprint=OTHER_KEY, more=more)
    assert isinstance(await outcome(channel, server, address), Accepted)


async def test_the_workers_own_event_loop_serves_as_well(
    world: World, server: Sshd, tmp_path: Path
) -> None:
    address = server.address(f"{tmp_path}/in-{NAME}")

    async def once() -> Outcome:
        channel = SftpChannel(world.lent())
        try:
            return await outcome(channel, server, address)
        finally:
            await channel.close()

    assert isinstance(await asyncio.to_thread(uvloop.run, once()), Accepted)


async def test_a_password_opens_a_server_too(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    class Host(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return True

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("wire", "a fictional password")

    key = asyncssh.generate_private_key("ssh-ed25519")
    other = await asyncssh.create_server(
        Host, "127.0.0.1", 0, server_host_keys=[key], sftp_factory=True
    )
    async with other:
        where = f"wire@127.0.0.1:{other.get_port()}{tmp_path}/in-{NAME}"
        address = f"sftp://{where}?host_key={key.get_fingerprint()}"
        right = await outcome(channel, server, address, secret="a fictional password")
        wrong = await outcome(channel, server, address, secret="another")
    assert isinstance(right, Accepted)
    assert isinstance(wrong, Refused)
    assert wrong.detail == "the login is turned down"


async def test_a_server_that_is_stuck_holds_nobody_up_for_longer_than_one_file(
    world: World, tmp_path: Path
) -> None:
    opened: list[Any] = []

    class Stuck(asyncssh.SFTPServer):
        def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
            opened.append(super().open(path, pflags, attrs))
            return opened[-1]

        async def write(self, file_obj: object, offset: int, data: bytes) -> int:
            await asyncio.Event().wait()
            return 0

    class Host(asyncssh.SSHServer):
        def begin_auth(self, username: str) -> bool:
            return False

    key = asyncssh.generate_private_key("ssh-ed25519")
    other = await asyncssh.create_server(
        Host, "127.0.0.1", 0, server_host_keys=[key], sftp_factory=Stuck
    )
    channel = SftpChannel(world.lent(TIDEWIRE_PUSH_TIMEOUT="1"))
    async with other:
        where = f"sftp://wire@127.0.0.1:{other.get_port()}{tmp_path}"
        deliveries = [
            outgoing(n, f"{where}/{n}-{NAME}?host_key={key.get_fingerprint()}", "de", secret="x")
            for n in range(1, 201)
        ]
        before = stopwatch()
        receipts = await send_all(channel, an_edition(), "de", deliveries)
        spent = stopwatch() - before
        await channel.close()
    for file in opened:
        file.close()
    assert spent < 15  # not 200 times a second, nor an eighth of that
    assert {type(one.outcome) for one in receipts} == {Deferred}
    assert sum(isinstance(one.outcome, Deferred) and one.outcome.unseen for one in receipts) <= 8


async def test_a_silent_server_is_left_after_its_time(world: World, server: Sshd) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    port = await world.serve_raw(silent, tls=False)
    channel = SftpChannel(world.lent(TIDEWIRE_PUSH_TIMEOUT="0.3"))
    found = await outcome(channel, server, f"sftp://x@127.0.0.1:{port}/{NAME}?host_key={OTHER_KEY}")
    await channel.close()
    assert found == Deferred(0, "timeout", overloaded=True)


async def test_what_does_not_speak_ssh_is_tried_again(
    world: World, channel: SftpChannel, server: Sshd
) -> None:
    async def chatter(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 ready\r\n" * 2000)
        await writer.drain()
        writer.close()

    port = await world.serve_raw(chatter, tls=False)
    found = await outcome(channel, server, f"sftp://x@127.0.0.1:{port}/{NAME}?host_key={OTHER_KEY}")
    assert isinstance(found, Deferred)
    assert found.detail.startswith("broken off: ")


async def test_a_key_that_the_server_does_not_know_is_refused(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    ssh_server.make_key(tmp_path / "stranger")
    address = server.address(f"{tmp_path}/in-{NAME}")
    secret = (tmp_path / "stranger").read_text()
    found = await outcome(channel, server, address, secret=secret)
    assert isinstance(found, Refused)
    assert found.detail == "the login is turned down"


async def test_a_secret_that_is_no_key_is_refused_and_not_told(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    secret = (
        "-----BEGIN OPENSSH PRIVATE KEY-----\nbm90IGEga2V5\n-----END OPENSSH PRIVATE KEY-----\n"
    )
    found = await outcome(channel, server, server.address(f"{tmp_path}/in-{NAME}"), secret=secret)
    assert found == Refused(0, "The secret is not a private key that can be read.")


async def test_a_folder_that_may_not_be_written_to_is_tried_again(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    found = await outcome(channel, server, server.address(f"{tmp_path}/gone/{NAME}"))
    assert found == Deferred(2, "the server says: NoSuchFile", blame_host=False)


async def test_no_temporary_file_stays_where_the_name_is_taken_by_a_folder(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    taken = tmp_path / "in-tw000042-de-v1.json"
    taken.mkdir()
    found = await outcome(channel, server, server.address(f"{tmp_path}/in-{NAME}"))
    assert isinstance(found, Deferred)
    assert files(tmp_path) == {}


async def test_a_repeat_writes_the_same_file_again(
    channel: SftpChannel, server: Sshd, tmp_path: Path
) -> None:
    address = server.address(f"{tmp_path}/in-{NAME}")
    first = outgoing(1, address, "de", secret=server.private_key)
    for delivery in (first, replace(first, attempt=2, repeat=True)):
        (receipt,) = await send_all(channel, an_edition(), "de", [delivery])
        assert isinstance(receipt.outcome, Accepted)
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "[::1]", "0x7f.1"])
async def test_a_private_address_is_refused_before_anything_is_sent(
    world: World, host: str
) -> None:
    channel = SftpChannel(world.lent(TIDEWIRE_EGRESS_ALLOW=""))
    address = f"sftp://x@{host}/{NAME}?host_key={OTHER_KEY}"
    (receipt,) = await send_all(channel, an_edition(), "de", [outgoing(1, address, "de")])
    await channel.close()
    assert isinstance(receipt.outcome, Refused)


async def test_a_name_that_leads_to_a_private_address_is_refused(world: World) -> None:
    channel = SftpChannel(world.lent(TIDEWIRE_EGRESS_ALLOW="10.0.0.0/8"))
    address = f"sftp://x@inside.localhost:2222/{NAME}?host_key={OTHER_KEY}"
    (receipt,) = await send_all(channel, an_edition(), "de", [outgoing(1, address, "de")])
    await channel.close()
    assert isinstance(receipt.outcome, Refused)
