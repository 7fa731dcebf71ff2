"""nginx that serves the same bytes from disk, one worker."""

import shutil
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path

from desktops.engine import end
from desktops.wire import free_port
from tidewire.clock import pause, stopwatch

PACKAGES = {"nginx": "nginx", "wrk": "wrk"}
START_SECONDS = 20.0
CONFIGURATION = """
worker_processes 1;
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 4096; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 10000000;
    sendfile on;
    tcp_nopush on;
    default_type "text/html; charset=utf-8";
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        root {folder}/pages;
        add_header Cache-Control no-cache;
    }}
}}
"""


def install() -> None:
    """Install nginx and wrk from Debian where they are missing."""
    missing = [package for program, package in PACKAGES.items() if not shutil.which(program)]
    if missing:
        subprocess.run(["apt-get", "update", "-qq"], check=True)
        subprocess.run(["apt-get", "install", "-y", "-qq", *missing], check=True)


class Nginx:
    """nginx over a folder of pages; `pages` are bytes by path."""

    name = "nginx"

    def __init__(self, folder: Path, pages: Mapping[str, bytes]) -> None:
        self.port = free_port()
        for path, body in pages.items():
            file = folder / "pages" / path.lstrip("/")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        self._file = folder / "nginx.conf"
        self._file.write_text(CONFIGURATION.format(folder=folder, port=self.port))
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start nginx and wait until it answers."""
        self._child = subprocess.Popen(["nginx", "-c", str(self._file)])
        until = stopwatch() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=5)
            except urllib.error.HTTPError:
                return
            except OSError:
                if stopwatch() > until:
                    raise
                pause(0.05)

    def stop(self) -> None:
        """End nginx."""
        end(self._child)
