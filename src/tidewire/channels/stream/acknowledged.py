"""How many bytes the other machine has acknowledged: what stands behind a desktop's receipt.

A TCP acknowledgement says what an SMTP 250 says: the other machine took it. Behind a
proxy that machine is the proxy. Linux tells the count in TCP_INFO; where the system does
not, bytes that have left the process's own buffer are counted instead, which is weaker.
"""

import asyncio
import socket
import struct
import sys

# struct tcp_info (linux/tcp.h): tcpi_last_ack_recv at 56 (ms), tcpi_bytes_acked at 120.
_LAST_ACK = struct.Struct("=I")
_BYTES_ACKED = struct.Struct("=Q")
_LAST_ACK_AT = 56
_BYTES_ACKED_AT = 120
_NEEDED = _BYTES_ACKED_AT + _BYTES_ACKED.size
AVAILABLE = sys.platform == "linux"


def acknowledged(transport: asyncio.Transport) -> tuple[int, int] | None:
    """(bytes acknowledged since the connection began, ms since the newest acknowledgement).

    None where the system does not tell, or the connection is no more.
    """
    if not AVAILABLE:
        return None
    peer = transport.get_extra_info("socket")
    try:
        info = peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _NEEDED)
    except (OSError, AttributeError):
        return None
    if len(info) < _NEEDED:
        return None
    return (
        _BYTES_ACKED.unpack_from(info, _BYTES_ACKED_AT)[0],
        _LAST_ACK.unpack_from(info, _LAST_ACK_AT)[0],
    )
