"""The keeper: parent of a private PostgreSQL, which it stops when its last user is gone.

A server that dies while it has users is started again.

Run as `python -m tidewire.store.keeper ROOT BINARIES USER`; see embedded.py. USER is ""
where the server runs as we do.
"""

import ctypes
import fcntl
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

from tidewire import clock

POLL_SECONDS = 0.25
FIRST_PAUSE = 0.2  # seconds before a server that died is started again; doubles
LONGEST_PAUSE = 10.0
WELL_SECONDS = 30.0  # a server that ran this long starts again without delay
PR_SET_PDEATHSIG = 1

OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "max_connections": "60",
    "shared_buffers": "192MB",
    "work_mem": "16MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "log_min_messages": "warning",
    "log_statement": "none",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",  # no release text in the server's log
    "log_parameter_max_length": "0",
    "log_parameter_max_length_on_error": "0",
    "autovacuum_naptime": "20s",
}


def main(root: Path, binaries: Path, user_name: str) -> int:
    """Keep one server until nobody holds `users.lock`."""
    os.umask(0o077)
    with (root / "keeper.lock").open("a+") as alone:
        try:
            fcntl.flock(alone, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return 0
        become = _becomes(user_name)
        _prepare(root, binaries, become)
        with (root / "users.lock").open("a+") as users:
            return _keep(lambda: _start(root, binaries, become), users)


def _keep(start: Callable[[], "subprocess.Popen[bytes]"], users: IO[str]) -> int:
    """Run servers, one after the other, until one has ended well or nobody holds `users`."""
    pause = FIRST_PAUSE
    while True:
        began, server = clock.stopwatch(), start()
        _stop_on_request(server)
        while server.poll() is None:
            if _alone(users):
                server.send_signal(signal.SIGINT)  # fast shutdown
                return server.wait()
            clock.pause(POLL_SECONDS)
        if server.returncode == 0 or _alone(users):
            return server.returncode
        well = clock.stopwatch() - began > WELL_SECONDS
        pause = FIRST_PAUSE if well else min(pause * 2, LONGEST_PAUSE)
        print(f"the server ended with {server.returncode}; again in {pause:g} s", file=sys.stderr)
        clock.pause(pause)


def _stop_on_request(server: "subprocess.Popen[bytes]") -> None:
    signal.signal(signal.SIGTERM, lambda *_: server.send_signal(signal.SIGINT))


def _alone(users: IO[str]) -> bool:
    """Whether nobody else holds the lock; then we do, to the end, and nobody comes meanwhile."""
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _becomes(user_name: str) -> Callable[[], None]:
    user = pwd.getpwnam(user_name) if user_name else None
    libc = ctypes.CDLL(None, use_errno=True)

    def become() -> None:
        if user is not None:
            os.setgroups([])
            os.setgid(user.pw_gid)
            os.setuid(user.pw_uid)
        if sys.platform == "linux":  # should the keeper be killed, the server goes too
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)

    return become


def _prepare(root: Path, binaries: Path, become: Callable[[], None]) -> None:
    access = root / "pg_hba.conf"  # ours: the server's user may read it, not write it
    access.write_text("local all tidewire trust\n")
    access.chmod(0o644)
    data = root / "data"
    if (data / "PG_VERSION").exists():
        return
    subprocess.run(  # noqa: S603
        [
            str(binaries / "initdb"),
            "-D",
            str(data),
            "-U",
            "tidewire",
            "-A",
            "peer",
            "-E",
            "UTF8",
            "-N",
        ]
        + ["--locale=C.UTF-8", "--no-instructions"],
        check=True,
        preexec_fn=become,
        cwd="/",
    )


def _start(root: Path, binaries: Path, become: Callable[[], None]) -> "subprocess.Popen[bytes]":
    sockets = os.environ["TIDEWIRE_PRIVATE_SOCKETS"]
    arguments = [str(binaries / "postgres"), "-D", str(root / "data"), "-k", sockets]
    for name, value in {**OPTIONS, "hba_file": str(root / "pg_hba.conf")}.items():
        arguments += ["-c", f"{name}={value}"]
    with (root / "server.log").open("ab") as log:
        server = subprocess.Popen(  # noqa: S603
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            preexec_fn=become,
            cwd="/",
        )
    _make_database(sockets, server)
    return server


def _make_database(sockets: str, server: "subprocess.Popen[bytes]") -> None:
    import psycopg

    from tidewire.store.embedded import DATABASE

    while server.poll() is None:
        try:
            with psycopg.connect(
                host=sockets, dbname="postgres", user="tidewire", autocommit=True
            ) as connection:
                found = connection.execute(
                    "SELECT 1 FROM pg_database WHERE datname = %s", (DATABASE,)
                ).fetchone()
                if not found:
                    connection.execute(f"CREATE DATABASE {DATABASE}".encode())
            return
        except psycopg.OperationalError:
            clock.pause(0.05)


if __name__ == "__main__":
    if os.fork():  # the program that started us neither waits for us nor is our parent
        os._exit(0)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
