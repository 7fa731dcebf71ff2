"""One SFTP session: logged in over a guarded socket, with the pinned host key or not at all."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from typing import TypeVar

import asyncssh

from tidewire.channels.filing.filer import Filed, NotTheSame
from tidewire.channels.filing.place import Login
from tidewire.channels.filing.reach import Reach
from tidewire.model.errors import BadInput

Made = TypeVar("Made")

AT_ONCE = 8
BLOCK = 32_768  # what every server takes in one request (SFTP version 3, section 3)
CLOSING_SECONDS = 3.0
# Without certificates: what is pinned is a key.
HOST_KEY_ALGORITHMS = (
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "rsa-sha2-512",
    "rsa-sha2-256",
)


class OtherHostKey(Exception):
    """The server showed a key that is not pinned. `shown` is its fingerprint."""

    def __init__(self, shown: str) -> None:
        super().__init__(shown)
        self.shown = shown


class _Client(asyncssh.SSHClient):
    """Knows the pinned keys of one server; notes which one it was shown."""

    def __init__(self, pinned: tuple[str, ...]) -> None:
        self._pinned = pinned
        self.other = ""

    def validate_host_public_key(
        self,
        host: str,  # noqa: ARG002
        addr: str,  # noqa: ARG002
        port: int,  # noqa: ARG002
        key: asyncssh.SSHKey,
    ) -> bool:
        """Is it one of those that are pinned?"""
        shown = key.get_fingerprint("sha256")
        if shown not in self._pinned:
            self.other = shown
        return shown in self._pinned


class SftpBox:
    """A session that is logged in."""

    at_once = AT_ONCE

    def __init__(self, client: asyncssh.SFTPClient) -> None:
        self._client = client

    async def put(self, path: str, temporary: str, content: bytes) -> Filed:
        """Write, read back, rename over what may be there. Raises NotTheSame, asyncssh.Error."""
        try:
            # Without the library's own blocks: those go on after nobody waits for them any more.
            file = await self._client.open(temporary, "wb", block_size=0)
            await _then_close(file, _write(file, content))
            file = await self._client.open(temporary, "rb", block_size=0)
            back = await _then_close(file, _read(file, len(content)))
            if back != content:
                raise NotTheSame
            await self._rename(temporary, path)
        except (asyncssh.SFTPError, NotTheSame):
            with suppress(asyncssh.Error):
                await self._client.remove(temporary)
            raise
        return Filed(len(back), hashlib.sha256(back).hexdigest())

    async def remove(self, path: str) -> None:
        """Take a file away, if it is there. Raises asyncssh.Error."""
        with suppress(asyncssh.SFTPNoSuchFile):
            await self._client.remove(path)

    async def _rename(self, temporary: str, path: str) -> None:
        """Replace at one stroke (posix-rename@openssh.com); the protocol's own does not replace."""
        try:
            await self._client.posix_rename(temporary, path)
        except asyncssh.SFTPOpUnsupported:
            await self.remove(path)
            await self._client.rename(temporary, path)


async def _write(file: asyncssh.SFTPClientFile, content: bytes) -> None:
    for begin in range(0, len(content), BLOCK):
        await file.write(content[begin : begin + BLOCK])


async def _read(file: asyncssh.SFTPClientFile, size: int) -> bytes:
    """The file; of one that is too long, no more than shows that it is."""
    found = bytearray()
    while len(found) <= size and (block := await file.read(BLOCK)):
        found += block.encode() if isinstance(block, str) else block
    return bytes(found)


async def _then_close(file: asyncssh.SFTPClientFile, work: Awaitable[Made]) -> Made:
    """Close after the work, and after its failure; not where nobody waits any more.

    A server that is stuck would not answer that either, and hold up whoever gave up.
    """
    try:
        made = await work
    except asyncssh.SFTPError:
        with suppress(asyncssh.Error):
            await file.close()
        raise
    await file.close()
    return made


@asynccontextmanager
async def open_box(
    reach: Reach, login: Login, secret: str, *, seconds: float
) -> AsyncIterator[SftpBox]:
    """Log in within `seconds`. Raises Unreached, OtherHostKey, BadInput, asyncssh.Error."""
    options = _options(login, secret)
    client = _Client(login.host_keys)
    connection: asyncssh.SSHClientConnection | None = None
    try:
        async with asyncio.timeout(seconds):
            sock = await reach.connect(login.host, login.port)
            try:
                connection = await asyncssh.connect(
                    login.host,
                    login.port,
                    sock=sock,
                    client_factory=lambda: client,
                    options=options,
                )
            except BaseException:
                sock.close()
                raise
            sftp = await connection.start_sftp_client()
        yield SftpBox(sftp)
    except asyncssh.HostKeyNotVerifiable as error:
        raise OtherHostKey(client.other or "one of no known kind") from error
    finally:
        if connection is not None:
            await _end(connection)


def check_secret(secret: str) -> None:
    """Raise BadInput where a secret is neither a password nor a private key."""
    if _is_key(secret):
        _private_key(secret)
    elif not secret or not secret.isprintable():
        raise BadInput(
            "The secret is neither a password nor a private key.",
            "Give a password on one line, or a key in OpenSSH's or PEM form.",
        )


def _is_key(secret: str) -> bool:
    return "-----BEGIN" in secret


def _options(login: Login, secret: str) -> asyncssh.SSHClientConnectionOptions:
    """Nothing of the machine's own: no configuration, no agent, no keys, no known hosts."""
    keys = [_private_key(secret)] if _is_key(secret) else None
    return asyncssh.SSHClientConnectionOptions(
        config=None,
        username=login.user,
        password=None if keys else secret,
        client_keys=keys,
        agent_path=None,
        preferred_auth="publickey" if keys else "password,keyboard-interactive",
        known_hosts=([], [], []),
        server_host_key_algs=HOST_KEY_ALGORITHMS,
        gss_host=None,
        login_timeout=0,  # ours counts
        keepalive_interval=0,
    )


def _private_key(secret: str) -> asyncssh.SSHKey:
    try:
        return asyncssh.import_private_key(secret)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError):
        raise BadInput(
            "The secret is not a private key that can be read.",
            "Give it in OpenSSH's or PEM form, without a passphrase.",
        ) from None


async def _end(connection: asyncssh.SSHClientConnection) -> None:
    """Say goodbye; whoever does not answer that is left."""
    connection.close()
    try:
        async with asyncio.timeout(CLOSING_SECONDS):
            await connection.wait_closed()
    except TimeoutError:
        connection.abort()
    except asyncio.CancelledError:
        connection.abort()
        raise
