"""A release, its correction and its kill, pushed to one outlet in three ways by a worker."""

import asyncio
import json
from pathlib import Path

import pytest

import ftp_server
import ssh_server
from contract.webhook_world import World, make_authority
from contract.wordpress_world import PASSWORD, USER, StrictSites
from editions import BODY_MARKS
from tidewire.access.tokens import Signer
from tidewire.channels.channel import ChannelContext
from tidewire.channels.registry import CHANNELS
from tidewire.clock import FixedClock
from tidewire.delivery.attempt import Dispatch, attempt_page
from tidewire.model.delivery import ChannelCode
from tidewire.model.release import Act
from tidewire.store import endpoints
from tidewire.store.database import Database
from wire import a_vault, add_release, add_subscriber, add_version, go

NAME = "{ref}-{language}-v{version}.json"
PUSHED = (ChannelCode.SFTP, ChannelCode.FTPS, ChannelCode.WORDPRESS)


def texts(folder: Path) -> list[str]:
    """The files of a folder in the order of their names."""
    return [file.read_text() for file in sorted(folder.iterdir())]


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    """What SFTP and FTPS write into."""
    made = (tmp_path / "sftp", tmp_path / "ftps")
    for folder in made:
        folder.mkdir()
    return made


async def deliver(context: ChannelContext) -> None:
    """Send what is due, as a worker does."""
    database, clock = context.database, context.clock
    channels = {code: CHANNELS[code](context) for code in PUSHED}
    vault = a_vault(database, clock)
    dispatch = Dispatch(database, clock, channels, vault, "w", jitter=lambda: 0.0)
    for code in PUSHED:
        while await attempt_page(dispatch, code):
            pass
    for channel in channels.values():
        await channel.close()


async def test_a_release_its_correction_and_its_kill_reach_files_and_post(
    database: Database, clock: FixedClock, tmp_path: Path, folders: tuple[Path, Path]
) -> None:
    authority = make_authority(tmp_path)
    context = ChannelContext(
        clock, database, Signer(b"0" * 32), "https://wire.example", tmp_path / "keys"
    )
    world, sites = World(authority, context), StrictSites()
    port = await world.serve(sites.answer)
    with (
        ssh_server.sshd(tmp_path) as sshd,
        ftp_server.ftpd(folders[1], authority.server_file("127.0.0.1")) as ftpd,
    ):
        async with database.transaction() as tx:
            who, first = await add_subscriber(
                tx,
                clock.now(),
                languages=("de",),
                channel=ChannelCode.SFTP,
                address=sshd.address(f"{folders[0]}/{NAME}"),
            )
            await endpoints.set_secret(tx, first, sshd.private_key)
            for code, address, secret in (
                (ChannelCode.FTPS, ftpd.address(NAME), ftp_server.PASSWORD),
                (ChannelCode.WORDPRESS, f"https://{USER}@127.0.0.1:{port}/blog", PASSWORD),
            ):
                await endpoints.add(tx, who, code, address, secret)
        release_id = await add_release(database, clock.now())
        lent, shown = world.lent(), []
        for version, act in ((1, Act.PUBLISH), (2, Act.CORRECT), (3, Act.KILL)):
            if version > 1:
                clock.advance(60)
                await add_version(database, release_id, version, act, clock.now())
            await go(database, clock)
            await deliver(lent)
            (post,) = sites.posts.values()
            shown.append((post["status"], BODY_MARKS["de"] in post["content"]))
    await world.end()

    assert shown == [("publish", True), ("publish", True), ("draft", False)]
    for folder in folders:
        found = await asyncio.to_thread(texts, folder)
        assert [json.loads(text)["act"] for text in found] == ["publish", "correct", "kill"]
        assert [BODY_MARKS["de"] in text for text in found] == [True, True, False]
    async with database.transaction() as tx:
        rows = await tx.execute(
            "SELECT channel, state, count(*) FROM delivery WHERE channel <> 3 GROUP BY 1, 2"
            " ORDER BY 1"
        )
        assert await rows.fetchall() == [(int(code), 2, 3) for code in PUSHED]
        rows = await tx.execute(
            "SELECT count(*) FROM ledger_entry WHERE event = 2 AND detail LIKE '%sha256%read back'"
        )
        assert await rows.fetchone() == (6,)
