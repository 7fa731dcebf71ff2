"""Real NATS servers on loopback, alone or as a cluster."""

import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from programs import free_port
from tidewire import clock

START_SECONDS = 20


class NatsServer:
    """One server process; it keeps its ports when it is started again."""

    def __init__(self, folder: Path, number: int, routes: list[int], settings: str = "") -> None:
        """`routes` are the cluster's ports, this server's own at `number`."""
        self.port = free_port()
        self.child: subprocess.Popen[bytes] | None = None
        self._file = folder / f"nats-{number}.conf"
        self._log = folder / f"nats-{number}.log"
        others = ", ".join(f"nats://127.0.0.1:{port}" for port in routes)
        cluster = (
            f"cluster {{ name: tide, listen: 127.0.0.1:{routes[number]}, routes: [{others}] }}"
        )
        self._file.write_text(
            f"server_name: n{number}\nlisten: 127.0.0.1:{self.port}\n"
            + (cluster if len(routes) > 1 else "")
            + "\n"
            + settings
        )

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"nats://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and wait until it takes connections."""
        with self._log.open("ab") as log:
            self.child = subprocess.Popen(
                [str(_program()), "-c", str(self._file)], stdout=log, stderr=log
            )
        until = clock.stopwatch() + START_SECONDS
        while clock.stopwatch() < until:
            try:
                with socket.create_connection(("127.0.0.1", self.port), 1) as found:
                    if found.recv(4) == b"INFO":
                        return
            except OSError:
                clock.pause(0.02)
        raise AssertionError(self._log.read_text())

    def kill(self) -> None:
        """End it as a crash does."""
        if self.child is not None:
            self.child.kill()
            self.child.wait()


def _program() -> Path:
    found = Path(sys.executable).parent / "nats-server"
    return found if found.exists() else Path(shutil.which("nats-server") or "nats-server")


@contextmanager
def nats_cluster(count: int) -> Iterator[list[NatsServer]]:
    """So many servers that know each other, until the block ends."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        routes = [free_port() for _ in range(count)]
        servers = [NatsServer(Path(folder), number, routes) for number in range(count)]
        for server in servers:
            stack.callback(server.kill)
            server.start()
        yield servers


@contextmanager
def nats_server(settings: str = "") -> Iterator[NatsServer]:
    """One server with these lines in its settings, until the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        server = NatsServer(Path(folder), 0, [free_port()], settings)
        server.start()
        try:
            yield server
        finally:
            server.kill()
