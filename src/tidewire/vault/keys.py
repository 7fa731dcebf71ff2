"""The master key, which wraps the data key of each release, and the seam for a key service."""

import hmac
import os
import stat
from pathlib import Path
from typing import Protocol

from tidewire.model.errors import CannotOpen, Misconfigured
from tidewire.vault.seal import KEY_BYTES, new_key, seal, unseal

ID_BYTES = 8
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


class KeyService(Protocol):
    """What wraps data keys; a key service stands in for the file by doing these three things.

    Both methods are called in a thread and may wait for a network. They raise CannotOpen
    where the service refuses, Unavailable where it does not answer.
    """

    @property
    def id(self) -> bytes:
        """Eight bytes that tell this master key from another, and nothing of the key."""
        ...

    def wrap(self, data_key: bytes, about: bytes) -> bytes:
        """The data key, sealed; `about` says whose it is."""
        ...

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The data key. Raises CannotOpen."""
        ...


class MasterKey:
    """A master key of 32 bytes, held in memory."""

    def __init__(self, key: bytes) -> None:
        """`key` is 32 random bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError("a master key has 32 bytes")
        self._key = key
        self._id = hmac.digest(key, b"tidewire master key id", "sha256")[:ID_BYTES]

    def __repr__(self) -> str:
        return f"MasterKey({self._id.hex()})"

    @property
    def id(self) -> bytes:
        """Eight bytes that tell this master key from another, and nothing of the key."""
        return self._id

    def wrap(self, data_key: bytes, about: bytes) -> bytes:
        """The data key, sealed; `about` says whose it is."""
        return seal(self._key, data_key, about)

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:
        """The data key. Raises CannotOpen."""
        return unseal(self._key, wrapped, about)


class MissingKey:
    """Stands where the right master key is not: nothing is sealed or opened.

    `why` is for the operator; whoever asks from outside is told no more than that it is so.
    """

    id = b""

    def __init__(self, why: str) -> None:
        self.why = why

    def wrap(self, data_key: bytes, about: bytes) -> bytes:  # noqa: ARG002 - the seam's form
        """Raises CannotOpen."""
        raise _closed()

    def unwrap(self, wrapped: bytes, about: bytes) -> bytes:  # noqa: ARG002 - the seam's form
        """Raises CannotOpen."""
        raise _closed()


def _closed() -> CannotOpen:
    return CannotOpen(
        "The vault is closed: what waits can be neither read nor added to.",
        "The operator learns why with: tidewire vault status.",
    )


def read_master_key(file: Path) -> MasterKey | None:
    """The key in `file`, 64 hexadecimal digits; None where there is no such file.

    Raises Misconfigured where it is no key, is not ours, or others may read or change it.
    """
    try:
        # Without O_NONBLOCK a named pipe in its place would hold us up for ever.
        descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Misconfigured(
            f"The master key {file} cannot be read: {error.strerror}.",
            "Give the file to the user that Tidewire runs as, or set TIDEWIRE_MASTER_KEY_FILE.",
        ) from None
    try:
        _refuse_shared(file, os.fstat(descriptor))
        text = os.read(descriptor, 1_000)
    finally:
        os.close(descriptor)
    try:
        return MasterKey(bytes.fromhex(text.decode("ascii").strip()))
    except ValueError:  # its words would show the file's content
        raise Misconfigured(
            f"{file} holds no master key.",
            "It is one line of 64 hexadecimal digits; restore it from a backup.",
        ) from None


def make_master_key(file: Path) -> MasterKey:
    """The key in `file`, made now where there is none (mode 0600). Raises Misconfigured."""
    fresh = file.with_name(f".{file.name}.{os.urandom(6).hex()}")
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as out:
            os.fchmod(descriptor, 0o600)  # whatever the umask
            out.write(f"{new_key().hex()}\n")
            out.flush()
            os.fsync(descriptor)
        try:
            os.link(fresh, file)  # only one of two programs at once wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
        _keep(file.parent)
    except OSError as error:
        raise Misconfigured(
            f"The master key {file} cannot be made: {error.strerror}.",
            "Set TIDEWIRE_MASTER_KEY_FILE to a place that you may write to.",
        ) from None
    key = read_master_key(file)
    if key is None:  # a link that leads nowhere
        raise Misconfigured(
            f"{file} is a link that leads nowhere.", "Remove it, or restore what it led to."
        )
    return key


def _keep(folder: Path) -> None:
    """The folder's entries on the disk: a key that is lost with the power is lost for good."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _refuse_shared(file: Path, found: os.stat_result) -> None:
    """Raises Misconfigured where somebody else can read the key or put another in its place."""
    if not stat.S_ISREG(found.st_mode):
        raise Misconfigured(f"The master key {file} is no plain file.", "Point to the key itself.")
    if found.st_mode & _OTHERS:
        raise Misconfigured(
            f"Others may read or change the master key {file}"
            f" (mode {stat.S_IMODE(found.st_mode):04o}).",
            f"Run: chmod 600 {file}",
        )
    if found.st_uid not in (os.geteuid(), 0):
        raise Misconfigured(
            f"The master key {file} belongs to somebody else.",
            "Its owner must be the user that Tidewire runs as, or root.",
        )
