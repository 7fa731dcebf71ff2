"""TLS on a desktop's connection: over the plain transport, so that every byte is counted.

The gateway counts what the other machine's TCP has acknowledged, in bytes of the socket. Here
each frame is encrypted before it is written, and its end is known in those bytes.
"""

import contextlib
import ssl
from pathlib import Path

from tidewire.channels.stream.protocol import House, Screen
from tidewire.model.errors import Misconfigured

# A handshake is a few kB; who sends more without an end to it is cut.
HANDSHAKE_BYTES = 64 << 10
READ_BYTES = 16 << 10


def server_context(certificate: Path, key: Path) -> ssl.SSLContext:
    """What a gateway shows: TLS 1.2 or newer, HTTP/1.1. Raises Misconfigured."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_certificate(context, certificate, key)
    return context


def load_certificate(context: ssl.SSLContext, certificate: Path, key: Path) -> None:
    """Read the files (again): connections from here on show them. Raises Misconfigured."""
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError) as error:
        raise Misconfigured(
            f"The certificate {certificate} with the key {key} cannot be used.",
            "Give PEM files that fit each other: TIDEWIRE_GATEWAY_CERTIFICATE with the whole"
            " chain, TIDEWIRE_GATEWAY_KEY without a password.",
        ) from error


class TlsScreen(Screen):
    """A connection whose bytes are encrypted on their way to and from the socket."""

    __slots__ = ("_came", "_incoming", "_outgoing", "_secure", "_shaken")

    def __init__(self, house: House, context: ssl.SSLContext) -> None:
        super().__init__(house)
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._secure = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._shaken = False
        self._came = 0

    def data_received(self, data: bytes) -> None:
        """Shake hands first; then pass on what is inside."""
        self._incoming.write(data)
        self._came += len(data)
        plain, ends, broken = b"", False, False
        try:
            if not self._shaken:
                self._secure.do_handshake()
                self._shaken = True
            while part := self._secure.read(READ_BYTES):
                plain += part
        except ssl.SSLWantReadError:
            broken = not self._shaken and self._came > HANDSHAKE_BYTES
        except ssl.SSLZeroReturnError:
            ends = True
        except ssl.SSLError:  # not TLS, or not whole: the alert, if there is one, says why
            broken = True
        self._flush()
        if broken:
            self.cut()
            return
        if plain:
            super().data_received(plain)
        if ends:
            self.eof_received()

    def put(self, data: bytes) -> None:
        """Encrypt and write; before the handshake nothing can be said."""
        if self._shaken:
            self._secure.write(data)
            self._flush()

    def finish(self) -> None:
        """Say in TLS too that nothing more comes (RFC 8446, 6.1)."""
        if self._shaken:
            with contextlib.suppress(ssl.SSLError):
                self._secure.unwrap()
            self._flush()
        super().finish()

    def _flush(self) -> None:
        if data := self._outgoing.read():
            super().put(data)
