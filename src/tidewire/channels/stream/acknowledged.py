"""How many bytes the other machine has acknowledged: what stands behind a desktop's receipt.

A TCP acknowledgement says what an SMTP 250 says: the other machine took it. Behind a
proxy that machine is the proxy. Linux tells the count in TCP_INFO; where the system does
not, bytes that have left the process's own buffer are counted instead, which is weaker.
"""

import ctypes
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
# Called for each frame and connection: straight into one buffer, three times as quick as a
# socket object that is made for the call. (The event loop's thread is the only caller.)
_libc = ctypes.PyDLL(None) if AVAILABLE else None
_info = ctypes.create_string_buffer(_NEEDED)
_size = ctypes.c_uint(_NEEDED)
_size_at = ctypes.byref(_size)


def acknowledged(descriptor: int) -> tuple[int, int] | None:
    """(bytes acknowledged since the connection began, ms since the newest acknowledgement).

    `descriptor` is an open TCP socket, or -1. None where the system does not tell, or the
    connection is no more.
    """
    if _libc is None or descriptor < 0:
        return None
    _size.value = _NEEDED
    if _libc.getsockopt(descriptor, socket.IPPROTO_TCP, socket.TCP_INFO, _info, _size_at):
        return None
    if _size.value < _NEEDED:
        return None
    return _BYTES_ACKED.unpack_from(_info, _BYTES_ACKED_AT)[0], _LAST_ACK.unpack_from(
        _info, _LAST_ACK_AT
    )[0]
