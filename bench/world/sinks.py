"""The cheapest fair sinks: nginx for webhooks, smtp-sink for mail; from Debian, on this machine."""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tidewire.clock import SystemClock
from tidewire.model.errors import Misconfigured
from tidewire.simulator.certificates import make_certificates

HOST = "127.0.0.1"
BACKLOG = 512
PACKAGES = {"nginx": "nginx-light", "smtp-sink": "postfix"}

# Each answer is one line in the log: who was asked, and under which id.
NGINX = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
worker_rlimit_nofile 20000;
events {{ worker_connections 18000; }}
http {{
    log_format hook '$host $http_webhook_id';
    access_log {folder}/hooks.log hook buffer=256k flush=1s;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    client_body_buffer_size 128k;
    keepalive_timeout 600s;
    server {{
        listen {host}:{port} ssl backlog=8192;
        server_name *.sim.localhost;
        ssl_certificate {chain};
        ssl_certificate_key {key};
        location / {{ return 204; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Sinks:
    """What listens. `authority` is the file of the CA that signed the certificate."""

    smtp: int
    authority: Path
    folder: Path

    def mails(self) -> int:
        """How many mails smtp-sink says it has taken."""
        said = (self.folder / "mails.log").read_text("ascii", "replace")
        counts = re.findall(r"mesg=(\d+)", said)
        return int(counts[-1]) if counts else 0

    def hooks(self) -> list[str]:
        """ "HOST WEBHOOK-ID" of every webhook that nginx answered."""
        return (self.folder / "hooks.log").read_text("utf-8").splitlines()


def install(programs: Sequence[str]) -> None:
    """Install what is missing from Debian. Raises Misconfigured where it cannot be."""
    missing = [PACKAGES[name] for name in programs if _find(name) is None]
    if not missing:
        return
    print(f"installing {', '.join(missing)} ...", flush=True)
    root = [] if os.getuid() == 0 else ["sudo"]
    environment = [*root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    try:
        subprocess.run([*environment, "update", "-qq"], check=True)
        options = ["install", "-y", "-qq", "--no-install-recommends"]
        subprocess.run([*environment, *options, *missing], check=True, stdout=subprocess.DEVNULL)
    except (OSError, subprocess.CalledProcessError) as error:
        packages = " ".join(missing)
        raise Misconfigured(
            f"{packages} could not be installed.", f"Install it: apt-get install {packages}."
        ) from error


@contextlib.asynccontextmanager
async def open_sinks(folder: Path, https: int, smtp: int) -> AsyncIterator[Sinks]:
    """Start both; their logs and the certificates go into `folder`."""
    install(tuple(PACKAGES))
    certificates = make_certificates(folder, SystemClock())
    config = folder / "nginx.conf"
    words = {"folder": folder, "host": HOST, "port": https}
    text = NGINX.format(**words, chain=certificates.chain, key=certificates.key)
    config.write_text(text, "ascii")
    user = ["-u", "nobody"] if os.getuid() == 0 else []
    async with contextlib.AsyncExitStack() as stack:
        with (folder / "mails.log").open("wb") as log:
            mail = [_path("smtp-sink"), *user, "-c", f"{HOST}:{smtp}", str(BACKLOG)]
            stack.push_async_callback(_end, await asyncio.create_subprocess_exec(*mail, stdout=log))
        hooks = [_path("nginx"), "-c", str(config), "-e", str(folder / "nginx-error.log")]
        stack.push_async_callback(_end, await asyncio.create_subprocess_exec(*hooks))
        await _until_listening(https, smtp)
        yield Sinks(smtp, certificates.authority, folder)


async def _until_listening(*ports: int) -> None:
    async with asyncio.timeout(20):
        for port in ports:
            while True:
                try:
                    _, writer = await asyncio.open_connection(HOST, port)
                except OSError:
                    await asyncio.sleep(0.05)
                else:
                    writer.close()
                    break


async def _end(child: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        child.send_signal(signal.SIGTERM)
    await child.wait()


def _find(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")


def _path(name: str) -> str:
    found = _find(name)
    assert found is not None, name
    return found
