"""pyftpdlib's server with TLS, run for tests as a program of its own."""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mail_programs import free_port, wait_for

USER, PASSWORD = "outlet", "a fictional password"

# Arguments: folder, port, certificate with its key, rights ("elradfmw").
PROGRAM = """
import sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer

folder, port, certificate, rights = sys.argv[1:5]
authorizer = DummyAuthorizer()
authorizer.add_user("outlet", "a fictional password", folder, perm=rights)
handler = TLS_FTPHandler if certificate else FTPHandler
handler.authorizer = authorizer
handler.auth_failed_timeout = 0
handler.masquerade_address = "10.9.8.7"
if certificate:
    handler.certfile = certificate
    handler.tls_control_required = handler.tls_data_required = True
FTPServer(("127.0.0.1", int(port)), handler).serve_forever()
"""


@dataclass
class Ftpd:
    """A running server: where, and the folder that a login begins in."""

    port: int
    folder: Path

    def address(self, path: str, more: str = "") -> str:
        """The address of an endpoint; the path begins in the server's folder."""
        return f"ftps://{USER}@127.0.0.1:{self.port}/{path}{more}"


@contextlib.contextmanager
def ftpd(folder: Path, certificate: Path | None, rights: str = "elradfmw") -> Iterator[Ftpd]:
    """A server; without a certificate one that has no TLS. It misleads about its address."""
    port = free_port()
    arguments = [str(folder), str(port), str(certificate or ""), rights]
    with (folder.parent / f"ftpd.{port}.log").open("wb") as said:
        running = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-c", PROGRAM, *arguments], stderr=said, stdout=said
        )
        try:
            wait_for(port)
            yield Ftpd(port, folder)
        finally:
            running.terminate()
            running.wait()
