"""OpenSSH's own server, run for tests on a free port of this machine."""

import contextlib
import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mail_programs import free_port, wait_for

CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {home}/host_key
AuthorizedKeysFile {home}/authorized_keys
StrictModes no
UsePAM no
PidFile none
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
MaxStartups 100
Subsystem sftp internal-sftp
"""


@dataclass
class Sshd:
    """A running server: where, its host key's fingerprint, whom it lets in, and by which key."""

    port: int
    fingerprint: str
    user: str
    private_key: str
    home: Path

    def address(self, path: str, *, fingerprint: str = "", more: str = "") -> str:
        """The address of an endpoint."""
        pin = fingerprint or self.fingerprint
        return f"sftp://{self.user}@127.0.0.1:{self.port}{path}?host_key={pin}{more}"


def program(name: str) -> str:
    """Where a program of OpenSSH is. Without it the test is skipped, but never in CI."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None and "CI" not in os.environ:
        pytest.skip(f"{name} is not installed: apt-get install openssh-server")
    assert found is not None, f"{name} must be there in CI"
    return found


def make_key(file: Path) -> str:
    """A new key in `file`, its public half beside it; its fingerprint."""
    make = program("ssh-keygen")
    subprocess.run([make, "-q", "-t", "ed25519", "-N", "", "-f", str(file)], check=True)
    shown = subprocess.run([make, "-lf", str(file)], check=True, capture_output=True, text=True)
    return shown.stdout.split()[1]


@contextlib.contextmanager
def sshd(home: Path) -> Iterator[Sshd]:
    """A server that keeps its keys in `home`."""
    command, port = program("sshd"), free_port()
    fingerprint = make_key(home / "host_key")
    make_key(home / "user_key")
    shutil.copy(home / "user_key.pub", home / "authorized_keys")
    (home / "config").write_text(CONFIG.format(home=home, port=port))
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # it parts privileges there
    with (home / "log").open("wb") as said:
        running = subprocess.Popen([command, "-D", "-e", "-f", str(home / "config")], stderr=said)
        try:
            wait_for(port)
            user = pwd.getpwuid(os.geteuid()).pw_name
            yield Sshd(port, fingerprint, user, (home / "user_key").read_text(), home)
        finally:
            running.terminate()
            running.wait()
