"""The world's file servers, sites and hub subscribers, met by clients that are not ours."""

import asyncio
import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import asyncssh
import pytest

from loopback import Loopback
from tidewire.clock import SystemClock
from tidewire.formats.feeds import MEDIA_TYPES
from tidewire.simulator.pushed import (
    USER,
    PushTemper,
    Way,
    has_key,
    host_name,
    login_name,
    password,
    pushed,
    secret,
    site_address,
)
from tidewire.simulator.run import Ports, Simulation, Wire, simulation
from tidewire.simulator.sites import API, basic
from tidewire.simulator.world import Size, World

SEED, OUTLETS = 11, 2_000  # enough for every temper, and for keys and passwords of each
WIRE = "http://127.0.0.1:1"  # nobody is there: what subscribes asks again and again
CONTENT = b"what an outlet takes"
TAKEN = f"{len(CONTENT)} {hashlib.sha256(CONTENT).hexdigest()}"


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[Simulation]:
    made, wire = World(SEED, Size(OUTLETS, 1, 1, 1)), Wire(base_url=WIRE)
    async with simulation(tmp_path, made, SystemClock(), wire=wire, ports=Ports()) as running:
        yield running


def outlet(way: Way, temper: PushTemper, *, key: bool | None = None) -> int:
    return next(
        number
        for number, found in pushed(OUTLETS).items()
        if found == (way, temper) and (key is None or has_key(number) is key)
    )


@asynccontextmanager
async def login(
    world: Simulation, number: int, given: str | None = None
) -> AsyncIterator[asyncssh.SFTPClient]:
    said = secret(SEED, number, Way.SFTP) if given is None else given
    keys = [asyncssh.import_private_key(said)] if "BEGIN" in said else None
    async with (
        asyncssh.connect(
            "127.0.0.1",
            world.ports.ssh,
            username=login_name(number),
            password=None if keys else said,
            client_keys=keys,
            known_hosts=None,
            config=None,
            agent_path=None,
        ) as connection,
        connection.start_sftp_client() as client,
    ):
        yield client


async def put(client: asyncssh.SFTPClient, name: str, content: bytes = CONTENT) -> None:
    """Write as whoever cares for a folder that is watched."""
    async with client.open(f"/in/.{name}.7.part", "wb", block_size=0) as file:
        await file.write(content)
    await client.posix_rename(f"/in/.{name}.7.part", f"/in/{name}")


@pytest.mark.parametrize("key", [True, False])
async def test_a_file_counts_once_it_has_its_name(world: Simulation, key: bool) -> None:
    number = outlet(Way.SFTP, PushTemper.TAKES, key=key)
    async with login(world, number) as client:
        async with client.open("/in/.ref_v1_de.json.7.part", "wb") as file:
            await file.write(CONTENT)
        assert not world.truth.accepted["sftp"]
        await client.posix_rename("/in/.ref_v1_de.json.7.part", "/in/ref_v1_de.json")
    address = world.files.address(number)
    assert set(world.truth.accepted["sftp"]) == {f"{address} ref_v1 {TAKEN}"}
    assert (await world.everything())["faults"] == []


async def test_a_file_that_is_changed_or_lost_afterwards_is_a_fault(world: Simulation) -> None:
    number = outlet(Way.SFTP, PushTemper.TAKES)
    async with login(world, number) as client:
        await put(client, "ref_v1_de.json")
        await put(client, "ref_v1_en.json")
    folder = world.files.home(number) / "in"
    await asyncio.to_thread((folder / "ref_v1_de.json").write_bytes, CONTENT + b"!")
    await asyncio.to_thread((folder / "ref_v1_en.json").unlink)
    faults = (await world.everything())["faults"]
    assert sorted(fault.split()[1] for fault in faults) == ["ref_v1_de.json", "ref_v1_en.json"]


async def test_a_file_that_can_be_seen_before_it_is_whole_is_a_fault(world: Simulation) -> None:
    async with (
        login(world, outlet(Way.SFTP, PushTemper.TAKES)) as client,
        client.open("/in/ref_v1_de.json", "wb") as file,
    ):
        await file.write(CONTENT)
    assert "before it is whole" in world.truth.faults[0]
    assert not world.truth.accepted["sftp"]


@pytest.mark.parametrize("key", [True, False])
async def test_another_secret_opens_nothing(world: Simulation, key: bool) -> None:
    number = outlet(Way.SFTP, PushTemper.TAKES, key=key)
    other = outlet(Way.WORDPRESS, PushTemper.TAKES, key=key)
    with pytest.raises(asyncssh.PermissionDenied):
        async with login(world, number, secret(SEED, other, Way.SFTP)):
            pass
    assert not world.truth.refused["sftp"]


async def test_a_locked_login_is_noted_as_turned_down(world: Simulation) -> None:
    number = outlet(Way.SFTP, PushTemper.LOCKED)
    with pytest.raises(asyncssh.PermissionDenied):
        async with login(world, number):
            pass
    assert set(world.truth.refused["sftp"]) == {f"{world.files.address(number)} login"}


async def test_shaky_lines_break_at_the_first_file_and_what_is_half_written_is_none(
    world: Simulation,
) -> None:
    number = outlet(Way.SFTP, PushTemper.SHAKY)
    with pytest.raises((asyncssh.Error, ConnectionError)):
        async with login(world, number) as client:
            await put(client, "ref_v1_de.json")
    left = list((world.files.home(number) / "in").iterdir())
    assert [file.name for file in left] == [".ref_v1_de.json.7.part"]
    assert (await world.everything())["faults"] == []
    async with login(world, number) as client:
        await put(client, "ref_v1_de.json")
    assert len(world.truth.accepted["sftp"]) == 1


async def test_a_full_disk_takes_nothing(world: Simulation) -> None:
    async with login(world, outlet(Way.SFTP, PushTemper.BROKEN)) as client:
        with pytest.raises(asyncssh.SFTPFailure):
            await put(client, "ref_v1_de.json")


@asynccontextmanager
async def https(world: Simulation) -> AsyncIterator[aiohttp.ClientSession]:
    context = ssl.create_default_context(cafile=str(world.folder / "ca.pem"))
    connector = aiohttp.TCPConnector(ssl=context, resolver=Loopback())
    async with aiohttp.ClientSession(connector=connector) as session:
        yield session


async def post(
    session: aiohttp.ClientSession, world: Simulation, number: int, slug: str, said: str = ""
) -> tuple[int, int]:
    """(status, id of the post)."""
    url = f"https://{host_name(number)}:{world.ports.https}/news{API}posts"
    headers = {"Authorization": basic(USER, said or password(SEED, number))}
    fields = {"slug": slug, "title": "T", "content": "C", "status": "publish"}
    async with session.post(url, json=fields, headers=headers) as answer:
        made = await answer.json() if answer.content_type == "application/json" else {}
        return answer.status, made.get("id", 0)


async def test_a_post_counts_at_its_site_and_a_second_of_its_slug_is_a_fault(
    world: Simulation,
) -> None:
    number = outlet(Way.WORDPRESS, PushTemper.TAKES)
    async with https(world) as session:
        assert (await post(session, world, number, "tidewire-ref-de", "wrong"))[0] == 401
        status, first = await post(session, world, number, "tidewire-ref-de")
        assert status == 201
        address = site_address(number, world.ports.https)
        assert set(world.truth.accepted["wordpress"]) == {f"{address} ref post {first}"}
        assert world.truth.faults == []
        await post(session, world, number, "tidewire-ref-de")
    assert "two posts" in world.truth.faults[0]


async def test_sites_answer_by_their_temper(world: Simulation) -> None:
    expected = {
        PushTemper.LOCKED: [401],
        PushTemper.BROKEN: [503, 503],
        PushTemper.SHAKY: [503, 201],
    }
    async with https(world) as session:
        for temper, statuses in expected.items():
            number = outlet(Way.WORDPRESS, temper)
            for status in statuses:
                assert (await post(session, world, number, "tidewire-ref-de"))[0] == status
    locked = site_address(outlet(Way.WORDPRESS, PushTemper.LOCKED), world.ports.https)
    assert set(world.truth.refused["wordpress"]) == {f"{locked} login"}


ENTRY = (
    b'<feed xmlns="http://www.w3.org/2005/Atom" xmlns:tw="tag:tidewire.example,2026:wire">'
    b"<entry><id>urn:uuid:1</id><tw:version>2</tw:version></entry></feed>"
)


async def tell(world: Simulation, session: aiohttp.ClientSession, body: bytes, **more: str) -> int:
    """Push to the first subscriber, which follows /feeds/en.atom; its answer."""
    assert world.followers is not None
    digest = hmac.digest(world.followers.secret(0).encode(), body, "sha256").hex()
    headers = {
        "Content-Type": MEDIA_TYPES["atom"],
        "Link": f'<{WIRE}/hub>; rel="hub", <{WIRE}/feeds/en.atom>; rel="self"',
        "X-Hub-Signature": f"sha256={digest}",
        **more,
    }
    async with session.post(world.followers.callback(0), data=body, headers=headers) as answer:
        return answer.status


async def test_a_push_counts_where_signature_type_and_topic_are_right(world: Simulation) -> None:
    assert world.followers is not None
    async with https(world) as session:
        assert await tell(world, session, ENTRY) == 204
        address = f"/feeds/en.atom {world.followers.callback(0)}"
        assert set(world.truth.accepted["websub"]) == {f"{address} urn:uuid:1.2"}
        wrong = {
            "another signature": {"X-Hub-Signature": "sha256=" + "0" * 64},
            "is text/html": {"Content-Type": "text/html"},
            "does not name its topic": {"Link": f'<{WIRE}/feeds/de.atom>; rel="self"'},
        }
        for said, headers in wrong.items():
            assert await tell(world, session, ENTRY, **headers) == 400
            assert said in world.truth.faults[-1]
        assert await tell(world, session, ENTRY.replace(b"entry>", b"other>")) == 400
    assert len(world.truth.accepted["websub"]) == 1
    assert len(world.truth.faults) == 4


async def test_only_what_was_asked_for_is_confirmed(world: Simulation) -> None:
    assert world.followers is not None
    async with https(world) as session:
        for topic, status in (("de.atom", 404), ("en.atom", 200)):
            asked = {
                "hub.mode": "subscribe",
                "hub.topic": f"{WIRE}/feeds/{topic}",
                "hub.challenge": "an uncommon word",
            }
            async with session.get(world.followers.callback(0), params=asked) as answer:
                assert answer.status == status
                assert (await answer.text() == "an uncommon word") == (status == 200)
    assert world.followers.confirmed == {0}
