"""Postfix and its smtp-sink, run for a test on free ports of this machine."""

import contextlib
import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tidewire.clock import stopwatch

SECONDS = 20.0

# What a service leaves out or asks for, beside what Postfix offers of itself.
SERVICES = {
    "everything": "",
    "no-pipelining": "-o smtpd_discard_ehlo_keywords=pipelining",
    "no-8bitmime": "-o smtpd_discard_ehlo_keywords=8bitmime",
    "no-smtputf8": "-o smtpd_discard_ehlo_keywords=smtputf8",
    "starttls": "-o smtpd_tls_security_level=encrypt",
}

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file_prefixes = {home}
maillog_file = {home}/log
myhostname = relay.example
mydestination =
local_recipient_maps =
alias_maps =
alias_database =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{onward}
smtputf8_enable = yes
smtpd_recipient_restrictions = check_recipient_access inline:{{
    {{ gone@news.example = 550 5.1.1 user unknown }}
    {{ busy@news.example = 450 4.2.1 mailbox busy }}
    {{ last@news.example = 421 4.3.2 closing }} }}, permit_mynetworks, reject
smtpd_error_sleep_time = 0
smtp_tls_security_level = none
smtpd_tls_chain_files = {key}, {certificate}
"""

MASTER = """
cleanup   unix  n  -  n  -     0  cleanup
qmgr      unix  n  -  n  300   1  qmgr
tlsmgr    unix  -  -  n  1000? 1  tlsmgr
rewrite   unix  -  -  n  -     -  trivial-rewrite
bounce    unix  -  -  n  -     0  bounce
defer     unix  -  -  n  -     0  bounce
trace     unix  -  -  n  -     0  bounce
smtp      unix  -  -  n  -     -  smtp
error     unix  -  -  n  -     -  error
retry     unix  -  -  n  -     -  error
anvil     unix  -  -  n  -     1  anvil
scache    unix  -  -  n  -     1  scache
proxymap  unix  -  -  n  -     -  proxymap
postlog   unix-dgram n - n -   1  postlogd
"""


def program(name: str) -> str:
    """Where a program of Postfix is. Without it the test is skipped, but never in CI."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None and "CI" not in os.environ:
        pytest.skip(f"{name} is not installed: apt-get install postfix")
    assert found is not None, f"{name} must be there in CI"
    return found


def free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@dataclass
class Sink:
    """A running smtp-sink, and the file with what it took."""

    port: int
    dump: Path

    def recipients(self) -> list[str]:
        """Whom the mails were to, in no order."""
        if not self.dump.exists():
            return []
        lines = self.dump.read_text("latin-1").splitlines()
        return sorted(line.partition("<")[2].partition(">")[0] for line in lines if _names(line))


def _names(line: str) -> bool:
    return line.startswith("X-Rcpt-Args:")


@contextlib.contextmanager
def smtp_sink(*options: str) -> Iterator[Sink]:
    """Postfix's test server, with the options of its manual page."""
    command, port = program("smtp-sink"), free_port()
    user = ["-u", "nobody"] if os.geteuid() == 0 else []
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)  # it runs as nobody
        dump = Path(folder) / "dump"
        running = subprocess.Popen(
            [command, *user, *options, "-D", str(dump), f"127.0.0.1:{port}", "64"]
        )
        try:
            wait_for(port)
            yield Sink(port, dump)
        finally:
            running.kill()
            running.wait()


@contextlib.contextmanager
def postfix(onward: int, certificate: Path, key: Path) -> Iterator[Mapping[str, int]]:
    """A Postfix of one's own that sends on to port `onward`; the ports of its SERVICES."""
    command = program("postfix")
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    ports = {name: free_port() for name in SERVICES}
    with tempfile.TemporaryDirectory(prefix="tidewire-postfix-", dir="/tmp") as folder:
        home = Path(folder)
        home.chmod(0o755)
        for name in ("queue", "data"):
            (home / name).mkdir()
        settings = MAIN.format(home=home, onward=onward, key=key, certificate=certificate)
        (home / "main.cf").write_text(settings)
        services = [f"127.0.0.1:{ports[n]} inet n - n - - smtpd {SERVICES[n]}" for n in ports]
        (home / "master.cf").write_text("\n".join([MASTER, *services, ""]))
        subprocess.run([*root, "chown", "-R", "root", str(home)], check=True)
        subprocess.run([*root, "chown", "postfix", str(home / "data")], check=True)
        postfix = [*root, command, "-c", str(home)]
        subprocess.run([*postfix, "start"], check=True, capture_output=True)
        try:
            for port in ports.values():
                wait_for(port)
            yield ports
        finally:
            subprocess.run([*postfix, "stop"], check=False, capture_output=True)
            subprocess.run([*root, "chown", "-R", str(os.geteuid()), str(home)], check=True)


def wait_for(port: int) -> None:
    """Until somebody listens."""
    until = stopwatch() + SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert stopwatch() < until, f"nobody listens on port {port}"
