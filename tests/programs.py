"""Tidewire's own programs, run as they are run by a user: real processes, a home of their own."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from tidewire import clock

START_SECONDS = 60


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Installation:
    """One data folder and its settings."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.http = free_port()
        self.base_url = f"http://127.0.0.1:{self.http}"
        self.environment = dict(
            os.environ,
            TIDEWIRE_HOME=str(home),
            TIDEWIRE_HTTP_ADDRESS=f"127.0.0.1:{self.http}",
            TIDEWIRE_GATEWAY_ADDRESS=f"127.0.0.1:{free_port()}",
        )

    def command(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """Run `tidewire ARGUMENTS` to its end."""
        return subprocess.run(
            [sys.executable, "-m", "tidewire.app.cli", *arguments],
            env=self.environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    @contextmanager
    def running(self, program: str) -> Iterator["subprocess.Popen[bytes]"]:
        """Run a program that stays up, until the block ends."""
        child = self.start(program, program)
        try:
            yield child
        finally:
            child.terminate()
            child.wait(30)

    def start(self, name: str, *command: str, **more: str) -> "subprocess.Popen[bytes]":
        """Start `tidewire COMMAND` with more settings; what it says goes to NAME.log."""
        with self.log(name).open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "tidewire.app.cli", *command],
                env={**self.environment, **more},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def log(self, name: str) -> Path:
        """The file with what a program says."""
        return self.home / f"{name}.log"

    def wait_for_pages(self) -> None:
        """Until the web program answers."""
        until = clock.stopwatch() + START_SECONDS
        while clock.stopwatch() < until:
            try:
                with urlopen(f"{self.base_url}/openapi.json", timeout=5):
                    return
            except (URLError, OSError):
                clock.pause(0.1)
        raise AssertionError(f"no answer on {self.base_url}")
