"""The bell over NATS: servers that go, that lie, that hang; and who may ring."""

import asyncio
import base64
import binascii
import json
import os
import signal
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from nats_world import nats_cluster, nats_server
from programs import free_port
from tidewire.bus.bell import Topic
from tidewire.bus.credentials import Credentials, read_credentials
from tidewire.bus.nats import NatsBell, read_servers
from tidewire.bus.rings import WAITING_RINGS
from tidewire.clock import SystemClock
from tidewire.model.errors import Misconfigured
from tidewire.simulator.certificates import make_certificates

PATIENCE = 20


@asynccontextmanager
async def a_bell(
    url: str,
    credentials: Credentials | None = None,
    trust: Callable[[], ssl.SSLContext] | None = None,
) -> AsyncIterator[NatsBell]:
    bell = NatsBell(read_servers(url, credentials), trust)
    bell.open()
    async with asyncio.timeout(PATIENCE):
        yield bell
        await bell.close()


async def until_heard(ringer: NatsBell, listener: NatsBell) -> None:
    """Ring until the other hears it: what is rung meanwhile may be lost."""
    async with listener.listen(Topic.PUBLISHED) as rings:
        heard = asyncio.create_task(anext(rings))
        while not heard.done():
            await ringer.ring(Topic.PUBLISHED, "1")
            await asyncio.wait({heard}, timeout=0.05)
        assert await heard == (Topic.PUBLISHED, "1")


async def test_a_ring_crosses_the_cluster_whichever_server_is_gone() -> None:
    with nats_cluster(2) as servers:
        async with a_bell(servers[0].url) as here, a_bell(servers[1].url) as there:
            await until_heard(here, there)
        both = ",".join(server.url for server in servers)
        async with a_bell(both) as here, a_bell(both) as there:
            for server in servers:
                server.kill()
                await until_heard(here, there)
                server.start()
            assert here.counters.reconnects + there.counters.reconnects >= 2


async def test_without_a_server_nothing_waits_and_what_was_rung_is_rung_later() -> None:
    with nats_server() as server:
        server.kill()
        async with a_bell(server.url) as bell, bell.listen(Topic.PUBLISHED) as rings:
            for number in range(5):
                await bell.ring(Topic.PUBLISHED, str(number))
            assert not bell.connected
            server.start()
            assert [(await anext(rings))[1] for _ in range(5)] == list("01234")
            assert bell.connected


async def test_what_waits_for_a_server_is_bounded() -> None:
    async with a_bell(f"nats://127.0.0.1:{free_port()}") as bell:
        for number in range(WAITING_RINGS + 7):
            await bell.ring(Topic.PUBLISHED, str(number))
        assert bell.counters.lost == 7


async def test_a_server_that_hangs_holds_nobody_up() -> None:
    with nats_server() as server:
        assert server.child is not None
        async with a_bell(server.url) as bell, bell.listen(Topic.PUBLISHED):
            assert bell.connected
            os.kill(server.child.pid, signal.SIGSTOP)
            async with asyncio.timeout(5):
                for _ in range(1000):
                    await bell.ring(Topic.PUBLISHED, "x" * 7000)
            os.kill(server.child.pid, signal.SIGCONT)


async def test_only_who_knows_the_password_is_let_in(capsys: pytest.CaptureFixture[str]) -> None:
    rules = 'authorization { user: wire, password: "pass word" }'
    with nats_server(rules) as server:
        address = server.url.removeprefix("nats://")
        async with a_bell(f"nats://wire:pass%20word@{address}") as bell:
            await until_heard(bell, bell)
        async with (
            a_bell(f"nats://wire:secret-guess@{address}") as stranger,
            stranger.listen(Topic.PUBLISHED),
        ):
            assert not stranger.connected
    said = "".join(capsys.readouterr())
    assert "no bell" in said
    assert "guess" not in said
    assert "pass word" not in said


async def test_a_token_is_understood() -> None:
    with nats_server('authorization { token: "abc" }') as server:
        address = server.url.removeprefix("nats://")
        async with a_bell(f"nats://abc@{address}") as bell:
            await until_heard(bell, bell)


async def test_tls_means_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tidewire.simulator.certificates.HOSTS", "localhost")
    made = make_certificates(tmp_path, SystemClock())

    def trust() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=made.authority)

    safe = f"tls {{ cert_file: '{made.chain}', key_file: '{made.key}' }}"
    with nats_server(safe) as server:
        url = f"tls://localhost:{server.port}"
        async with a_bell(url, trust=trust) as bell:
            await until_heard(bell, bell)
        async with a_bell(url) as wary, wary.listen(Topic.PUBLISHED):
            assert not wary.connected  # nobody it trusts has signed that certificate
    with nats_server('authorization { user: u, password: "p" }') as server:
        url = f"tls://u:p@localhost:{server.port}"
        async with a_bell(url, trust=trust) as bell, bell.listen(Topic.PUBLISHED):
            assert not bell.connected  # it offers no TLS, and is not told the password


async def test_a_credentials_file_proves_who_we_are(tmp_path: Path) -> None:
    operator, account, user = (Nkey(kind) for kind in (112, 0, 160))
    limits = {"subs": -1, "data": -1, "payload": -1, "conn": -1, "wildcards": True}
    account_token = operator.token("account", account, {"limits": limits})
    rules = (
        f"operator: {operator.token('operator', operator, {})}\nresolver: MEMORY\n"
        f"resolver_preload: {{ {account.public}: {account_token} }}\n"
    )
    unlimited = {"subs": -1, "data": -1, "payload": -1, "pub": {}, "sub": {}}
    file = tmp_path / "wire.creds"
    file.write_text(
        "-----BEGIN NATS USER JWT-----\n"
        f"{account.token('user', user, unlimited)}\n------END NATS USER JWT------\n\n"
        "*** IMPORTANT ***\n\n-----BEGIN USER NKEY SEED-----\n"
        f"{user.seed}\n------END USER NKEY SEED------\n"
    )
    found = read_credentials(file)
    assert user.seed not in repr(found)
    with nats_server(rules) as server:
        async with a_bell(server.url, found) as bell:
            await until_heard(bell, bell)
        async with a_bell(server.url) as stranger, stranger.listen(Topic.PUBLISHED):
            assert not stranger.connected
    wrong = user.seed[:-9] + ("A" if user.seed[-9] != "A" else "B") + user.seed[-8:]
    file.write_text(file.read_text().replace(user.seed, wrong))
    for broken in (file, tmp_path / "none.creds"):
        with pytest.raises(Misconfigured, match="TIDEWIRE_NATS_CREDENTIALS") as refused:
            read_credentials(broken)
        assert wrong not in str(refused.value)


class Nkey:
    """A key as NATS writes keys: base32 of its kind, its bytes and a CRC-16."""

    def __init__(self, kind: int) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.public = _base32(bytes([kind]) + self._key.public_key().public_bytes_raw())
        head = bytes([144 | kind >> 5, (kind & 31) << 3])
        self.seed = _base32(head + self._key.private_bytes_raw())

    def token(self, kind: str, about: "Nkey", more: dict[str, object]) -> str:
        """A token about a key, signed with this one."""
        claims = {
            "jti": about.public,
            "iat": int(SystemClock().now().timestamp()),
            "iss": self.public,
            "sub": about.public,
            "nats": {"type": kind, "version": 2, **more},
        }
        parts = ({"typ": "JWT", "alg": "ed25519-nkey"}, claims)
        signed = ".".join(_base64(json.dumps(part).encode()) for part in parts)
        return f"{signed}.{_base64(self._key.sign(signed.encode()))}"


def _base32(raw: bytes) -> str:
    whole = raw + binascii.crc_hqx(raw, 0).to_bytes(2, "little")
    return base64.b32encode(whole).decode().rstrip("=")


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def test_urls_that_say_nothing_clear_are_refused() -> None:
    for text in ("http://host", "nats://", "nats://h:99999", "nats://a:b@h,nats://h", "nats://h/x"):
        with pytest.raises(Misconfigured, match="TIDEWIRE_NATS_URL") as refused:
            read_servers(text)
        assert "a:b" not in str(refused.value)
    assert read_servers("nats://u:p@one, nats://u:p@[::1]:5").urls == (
        "nats://one:4222",
        "nats://[::1]:5",
    )
