"""The SFTP servers of the world's outlets: one port, a login and a folder for each outlet."""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tidewire.simulator.pushed import (
    PushTemper,
    Way,
    files_address,
    has_key,
    key,
    login_name,
    password,
)
from tidewire.simulator.truth import Truth

FOLDER = "in"
UNFINISHED = ".part"


@dataclass(slots=True)
class FileServer:
    """Everybody's files, below `folder`; each counts from when it gets its name.

    `outlets` are those that take files, by number.
    """

    seed: int
    truth: Truth
    folder: Path
    outlets: Mapping[int, PushTemper]
    port: int = 0
    host_key: str = ""
    broken_off: set[int] = field(default_factory=set)
    taken: dict[Path, str] = field(default_factory=dict)  # file -> "SIZE SHA256"

    async def listen(self, host: str, port: int) -> asyncssh.SSHAcceptor:
        """Start to serve with a fresh host key; port 0 takes a free one."""
        for number in self.outlets:
            (self.home(number) / FOLDER).mkdir(parents=True, exist_ok=True)
        host_key = asyncssh.generate_private_key("ssh-ed25519")
        acceptor = await asyncssh.listen(
            host,
            port,
            server_host_keys=[host_key],
            server_factory=lambda: _Door(self),
            sftp_factory=lambda channel: _Folder(self, channel),
            allow_scp=False,
            line_editor=False,
        )
        self.port, self.host_key = acceptor.get_port(), host_key.get_fingerprint("sha256")
        return acceptor

    def home(self, number: int) -> Path:
        """What outlet `number`'s login sees."""
        return self.folder / login_name(number)

    def address(self, number: int) -> str:
        """The address by which the wire knows it."""
        return files_address(number, self.port, self.host_key)

    def number_of(self, login: str) -> int | None:
        """The outlet of a login, None where there is none."""
        return next((n for n in self.outlets if login_name(n) == login), None)

    def turn_down(self, number: int) -> bool:
        """Whether this login is turned down; the world notes it."""
        if self.outlets[number] is not PushTemper.LOCKED:
            return False
        self.truth.refuse(Way.SFTP, self.address(number), "login")
        self.truth.answer(Way.SFTP, "turned down")
        return True

    def named(self, number: int, file: Path) -> None:
        """A file has its name: whoever watches the folder may take it now."""
        self.taken[file] = measure(file)
        delivery = "_".join(file.name.split("_")[:2])
        self.truth.accept(Way.SFTP, self.address(number), f"{delivery} {self.taken[file]}")
        self.truth.answer(Way.SFTP, "taken")

    def differences(self) -> list[str]:
        """What is wrong with the files that lie there now; what never got its name is no file."""
        taken = dict(self.taken)  # before the look at the disk, which may go on changing
        there = {
            file: measure(file)
            for file in self.folder.glob(f"*/{FOLDER}/*")
            if not file.name.endswith(UNFINISHED)
        }
        wrong = {file for file, _ in there.items() ^ taken.items()}
        return [f"sftp: {file.name} is not as it was when it got its name" for file in wrong]


class _Door(asyncssh.SSHServer):
    """Lets in whoever has the outlet's password or key."""

    def __init__(self, server: FileServer) -> None:
        self._server = server

    def begin_auth(self, username: str) -> bool:  # noqa: ARG002
        """Nobody comes in without."""
        return True

    def password_auth_supported(self) -> bool:
        """Some outlets have one."""
        return True

    def public_key_auth_supported(self) -> bool:
        """The others have a key."""
        return True

    def validate_password(self, username: str, password_: str) -> bool:
        """Is it this outlet's?"""
        number = self._server.number_of(username)
        if number is None or self._server.turn_down(number):
            return False
        wanted = password(self._server.seed, number)
        return not has_key(number) and hmac.compare_digest(password_, wanted)

    def validate_public_key(self, username: str, key_: asyncssh.SSHKey) -> bool:
        """Is it this outlet's?"""
        number = self._server.number_of(username)
        if number is None or self._server.turn_down(number):
            return False
        public = key(self._server.seed, number).public_key()
        line = public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        return has_key(number) and asyncssh.import_public_key(line) == key_


class _Folder(asyncssh.SFTPServer):
    """What one login does with its files."""

    def __init__(self, server: FileServer, channel: asyncssh.SSHServerChannel[bytes]) -> None:
        number = server.number_of(channel.get_extra_info("username"))
        assert number is not None, "only a login that is known opens a session"
        super().__init__(channel, chroot=str(server.home(number)).encode())
        self._server, self._number = server, number

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file; one that is written must not have its name yet."""
        if pflags & asyncssh.FXF_WRITE:
            if self._server.outlets[self._number] is PushTemper.BROKEN:
                self._server.truth.answer(Way.SFTP, "full")
                raise asyncssh.SFTPFailure("no space left")
            if not path.endswith(UNFINISHED.encode()):
                self._server.truth.fault(f"sftp: {path!r} can be seen before it is whole")
        return super().open(path, pflags, attrs)

    def write(self, file_obj: object, offset: int, data: bytes) -> int:
        """Write; where lines are shaky the first is cut after half of a block."""
        server, number = self._server, self._number
        shaky = server.outlets[number] is PushTemper.SHAKY and number not in server.broken_off
        if shaky:
            server.broken_off.add(number)
            server.truth.answer(Way.SFTP, "broken off")
            data = data[: len(data) // 2]
            self.channel.get_connection().abort()
        written = super().write(file_obj, offset, data)
        assert isinstance(written, int)
        return written

    def rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Give a file its name."""
        super().rename(oldpath, newpath)
        self._named(newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Give a file its name, in the place of what had it before."""
        super().posix_rename(oldpath, newpath)
        self._named(newpath)

    def _named(self, path: bytes) -> None:
        self._server.named(self._number, Path(self.map_path(path).decode()))


def measure(file: Path) -> str:
    """ "SIZE SHA256" of what a file holds."""
    content = file.read_bytes()
    return f"{len(content)} {hashlib.sha256(content).hexdigest()}"
