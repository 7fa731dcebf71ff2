"""nchan in nginx, one worker: the same item, as server-sent events."""

import http.client
import shutil
import subprocess
from pathlib import Path

from desktops.engine import end, write_requests
from desktops.wire import free_port
from tidewire.clock import pause, stopwatch

MODULE = Path("/usr/lib/nginx/modules/ngx_nchan_module.so")
PACKAGES = ("nginx", "libnginx-mod-nchan")
START_SECONDS = 20.0
CONFIGURATION = """
load_module {module};
worker_processes 1;
worker_rlimit_nofile 20000;
daemon off;
user root;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 19900; multi_accept on; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    keepalive_requests 100000;
    tcp_nodelay on;
    nchan_shared_memory_size 128M;
    server {{
        listen 127.0.0.1:{port} backlog=4096;
        location = /publish {{
            nchan_publisher;
            nchan_channel_id wire;
            nchan_message_buffer_length 500;
        }}
        location = /stream {{
            nchan_subscriber eventsource;
            nchan_channel_id wire;
            nchan_subscriber_first_message newest;
        }}
    }}
}}
"""


def install() -> None:
    """Install it from Debian where it is missing."""
    if MODULE.exists() and shutil.which("nginx"):
        return
    subprocess.run(["apt-get", "update", "-qq"], check=True)
    subprocess.run(["apt-get", "install", "-y", "-qq", *PACKAGES], check=True)


class Nchan:
    """nginx with nchan; `item` is what each frame carries."""

    name = "nchan"

    def __init__(self, folder: Path, lines: int, item: bytes) -> None:
        install()
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.requests = folder / "requests"
        self._item = item
        self._left = 0
        self._child: subprocess.Popen[bytes] | None = None
        self._http: http.client.HTTPConnection | None = None
        self._file = folder / "nginx.conf"
        text = CONFIGURATION.format(module=MODULE, folder=folder, port=self.port)
        self._file.write_text(text)
        head = ["GET /stream HTTP/1.1", "Host: wire.example", "Accept: text/event-stream"]
        write_requests(self.requests, [head] * lines)

    @property
    def pid(self) -> int:
        """The one worker."""
        assert self._child is not None
        children = Path(f"/proc/{self._child.pid}/task/{self._child.pid}/children")
        return int(children.read_text().split()[0])

    def start(self) -> None:
        """Start nginx and wait until it answers."""
        self._child = subprocess.Popen(["nginx", "-c", str(self._file)])
        until = stopwatch() + START_SECONDS
        while True:
            self._http = http.client.HTTPConnection("127.0.0.1", self.port)
            try:
                self._http.connect()
                return
            except OSError:
                if stopwatch() > until:
                    raise
                pause(0.05)

    def prepare(self, frames: int) -> None:
        """There is nothing to prepare."""
        self._left = frames

    def publish(self) -> None:
        """Post the item once."""
        assert self._http is not None
        self._http.request("POST", "/publish", self._item)
        answer = self._http.getresponse()
        answer.read()
        assert answer.status in (201, 202), answer.status
        self._left -= 1

    def publish_all(self) -> None:
        """Post it as often as is left, over one connection."""
        while self._left:
            self.publish()

    def stop(self) -> None:
        """End nginx."""
        if self._http is not None:
            self._http.close()
        end(self._child)
