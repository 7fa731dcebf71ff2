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
        with (self.home / f"{program}.log").open("ab") as log:
            child = subprocess.Popen(
                [sys.executable, "-m", "tidewire.app.cli", program],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            yield child
        finally:
            child.terminate()
            child.wait(30)

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
