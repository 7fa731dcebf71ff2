"""FTP with explicit TLS (RFC 4217) over sockets of our own making. It blocks: for a thread."""

import contextlib
import ftplib
import hashlib
import socket
import ssl

from tidewire.channels.egress import Egress
from tidewire.channels.filing.filer import Filed, NotTheSame

BLOCK = 65_536
NO_SUCH_FILE = "550"
UNKNOWN_COMMAND = ("500", "502", "504")


class Client(ftplib.FTP_TLS):
    """The standard library's client, but for how it connects.

    Data connections go to the address that the control connection has, whatever the server
    says (RFC 2577), past the egress guard, and carry on its TLS session, as many servers
    demand, so that nobody else can take them.
    """

    def __init__(self, egress: Egress, trust: ssl.SSLContext, seconds: float) -> None:
        super().__init__(context=trust, timeout=seconds)
        self._egress = egress
        self._seconds = seconds
        self._data: socket.socket | None = None

    def begin(self, sock: socket.socket, host: str, user: str, password: str) -> None:
        """Take over a socket, secure it and log in. Raises ftplib.Error, OSError, EOFError."""
        sock.settimeout(self._seconds)
        self.host, self.sock, self.af = host, sock, sock.family
        self.file = sock.makefile("r", encoding=self.encoding)
        self.welcome = self.getresp()
        plain = self.file
        self.auth()
        plain.close()
        self.login(user, password)
        self.prot_p()

    def auth(self) -> str:
        """AUTH TLS. What came in the clear after its answer is not taken for ours."""
        said = self.voidcmd("AUTH TLS")
        assert self.sock is not None
        self.sock = self.context.wrap_socket(self.sock, server_hostname=self.host)
        self.file = self.sock.makefile("r", encoding=self.encoding)
        return said

    def ntransfercmd(
        self,
        cmd: str,
        rest: int | str | None = None,  # noqa: ARG002
    ) -> tuple[socket.socket, int | None]:
        """Open a data connection for a command, as TLS. Raises Blocked."""
        assert isinstance(self.sock, ssl.SSLSocket)
        host, port = self.makepasv()
        address = (host, port) if self.af == socket.AF_INET else (host, port, 0, 0)
        data = self._egress.socket((self.af, socket.SOCK_STREAM, 0, "", address))
        try:
            data.settimeout(self._seconds)
            data.connect(address)
            self.sendcmd(cmd)
            self._data = data = self.context.wrap_socket(
                data, server_hostname=self.host, session=self.sock.session
            )
        except BaseException:
            data.close()
            raise
        return data, None

    def put(self, path: str, temporary: str, content: bytes) -> Filed:
        """Write, read back, rename over what may be there. Raises NotTheSame, ftplib.Error."""
        try:
            self._write(temporary, content)
            back = self._read(temporary, len(content))
            if back != content or self._size(temporary) not in (None, len(content)):
                raise NotTheSame
            self._rename(temporary, path)
        except (ftplib.Error, NotTheSame):
            with contextlib.suppress(ftplib.Error):
                self.delete(temporary)
            raise
        return Filed(len(back), hashlib.sha256(back).hexdigest())

    def remove(self, path: str) -> None:
        """Take a file away, if it is there. Raises ftplib.Error."""
        try:
            self.delete(path)
        except ftplib.error_perm as error:
            if not str(error).startswith(NO_SUCH_FILE):
                raise

    def cut(self) -> None:
        """End what another thread may be waiting for; `close` comes after that."""
        for sock in (self._data, self.sock):
            if sock is not None:
                with contextlib.suppress(OSError):
                    # The plain one's: TLS itself may be at work in the other thread.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)

    def _write(self, path: str, content: bytes) -> None:
        self.voidcmd("TYPE I")
        data, _ = self.ntransfercmd(f"STOR {path}")
        with data:
            data.sendall(content)
            assert isinstance(data, ssl.SSLSocket)
            with contextlib.suppress(ssl.SSLError, OSError):
                data.unwrap()  # some answer only after that, some never do
        self.voidresp()

    def _read(self, path: str, size: int) -> bytes:
        """The file, and at most one byte more than it should have."""
        data, _ = self.ntransfercmd(f"RETR {path}")
        found = bytearray()
        with data:
            while len(found) <= size and (block := data.recv(BLOCK)):
                found += block
        if len(found) > size:
            with contextlib.suppress(ftplib.Error):
                self.voidresp()  # that it was broken off
            raise NotTheSame
        self.voidresp()
        return bytes(found)

    def _size(self, path: str) -> int | None:
        """What SIZE says (RFC 3659 section 4); None where the server does not know it."""
        try:
            return self.size(path)
        except ftplib.error_perm as error:
            if str(error).startswith(UNKNOWN_COMMAND):
                return None
            raise

    def _rename(self, temporary: str, path: str) -> None:
        """Servers that do not rename over a file have it taken away first."""
        try:
            self.rename(temporary, path)
        except ftplib.error_perm:
            self.delete(path)
            self.rename(temporary, path)
