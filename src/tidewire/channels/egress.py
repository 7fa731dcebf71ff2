"""The egress guard: which addresses a webhook may be sent to, decided where it connects.

Names are resolved by our own resolver, which keeps only permitted addresses, and every
socket is made by our own factory, which sees the very address that is connected to. So a
name that answers differently the second time (DNS rebinding), a literal address and an odd
spelling of one all meet the same table.
"""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from yarl import URL

from tidewire.clock import stopwatch
from tidewire.model.errors import BadInput, Misconfigured

LONGEST_URL = 2000
HTTPS_PORT = 443
FIRST_HIGH_PORT = 1024  # 8443 is among them; below, services that are not for us listen
RESOLVER_THREADS = 32
KNOWN_NAMES = 20_000
KNOWN_SECONDS = 10.0

# IANA's special-purpose registry for IPv4 (RFC 6890): what is not an ordinary public host.
_BLOCKED_V4 = tuple(
    IPv4Network(block)
    for block in (
        "0.0.0.0/8",  # this network, unspecified
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT, RFC 6598
        "127.0.0.0/8",
        "168.63.129.16/32",  # a cloud's own services, reached from inside it only
        "169.254.0.0/16",  # link-local, where clouds keep their metadata
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112, RFC 7535
        "192.52.193.0/24",  # automatic multicast tunnels, RFC 7450
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",
        "192.175.48.0/24",  # AS112, RFC 7534
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, broadcast
    )
)
# For IPv6 the other way round: only global unicast (RFC 4291 2.4) is permitted at all. That
# leaves out loopback, mapped and compatible IPv4, NAT64, unique-local, link-local, multicast.
_PUBLIC_V6 = IPv6Network("2000::/3")
_BLOCKED_V6 = tuple(
    IPv6Network(block)
    for block in (
        "2001::/23",  # protocol assignments: Teredo, ORCHID, benchmarks
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112, RFC 7534
        "3fff::/20",  # documentation, RFC 9637
    )
)

AddressInfo = tuple[
    int | socket.AddressFamily, int | socket.SocketKind, int, str, tuple[object, ...]
]


class Blocked(OSError):
    """Every address that a webhook could be sent to is one that it may not be sent to."""


@dataclass(frozen=True, slots=True)
class Egress:
    """What may be connected to. `allow` opens ranges that are closed otherwise."""

    allow: tuple[IPv4Network | IPv6Network, ...] = ()
    allow_http: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Egress":
        """The guard that TIDEWIRE_EGRESS_ALLOW and TIDEWIRE_WEBHOOK_ALLOW_HTTP ask for.

        TIDEWIRE_EGRESS_ALLOW is a list of CIDR ranges, separated by commas. Raises
        Misconfigured where one is not.
        """
        words = environment.get("TIDEWIRE_EGRESS_ALLOW", "").replace(",", " ").split()
        try:
            allow = tuple(ipaddress.ip_network(word) for word in words)
        except ValueError as error:
            raise Misconfigured(
                f"TIDEWIRE_EGRESS_ALLOW holds something that is not an address range: {error}.",
                "Write ranges as 10.1.0.0/16 or fd00::/8, separated by commas.",
            ) from None
        return cls(allow, environment.get("TIDEWIRE_WEBHOOK_ALLOW_HTTP", "") == "1")

    def permits(self, address: str) -> bool:
        """May this IP address be connected to? False also for what is not an address."""
        try:
            ip = ipaddress.ip_address(address)
        except ValueError:
            return False
        if isinstance(ip, IPv6Address) and ip.scope_id:
            return False  # a zone names an interface of ours (RFC 4007)
        if any(ip in network for network in self.allow if network.version == ip.version):
            return True
        if isinstance(ip, IPv4Address):
            return not any(ip in network for network in _BLOCKED_V4)
        if ip not in _PUBLIC_V6 or _is_isatap(ip):
            return False
        return not any(ip in network for network in _BLOCKED_V6)

    def check_url(self, url: str) -> None:
        """Raise BadInput, saying why, where a webhook may never be sent to `url`.

        For the intake of endpoints, and before every try. A name passes here: what it
        resolves to is checked when it is connected to.
        """
        if len(url) > LONGEST_URL or not url.isascii() or any(c <= " " or c == "\\" for c in url):
            raise _bad("It is too long, or holds characters that an address cannot hold.")
        try:
            parsed = URL(url)
            host, port, authority = parsed.raw_host, parsed.port, urlsplit(url).netloc
        except ValueError:
            raise _bad("It is not a URL.") from None
        if parsed.scheme != "https" and not (parsed.scheme == "http" and self.allow_http):
            raise _bad("It must begin with https://.")
        if not host or not port:
            raise _bad("It names no host.")
        if not _is_open(port):
            raise _bad(f"Port {port} is not one that webhooks are sent to.")
        if "@" in authority:
            raise _bad("It holds a user name or a password.")
        if "%" in host:
            raise _bad("It names a network interface.")
        literal = _literal(host)
        if literal is not None and not self.permits(literal):
            raise _bad("Its address is private or reserved.")

    def permits_info(self, info: AddressInfo) -> bool:
        """May what a resolver found be connected to? Not in a zone, which names an interface."""
        host, *rest = info[4]
        zone = rest[2] if len(rest) == 3 else 0
        return not zone and self.permits(str(host))

    def socket(self, info: AddressInfo) -> socket.socket:
        """A socket for exactly this address, or Blocked: the last gate before connecting."""
        family, kind, protocol, _, address = info
        if not self.permits_info(info):
            raise Blocked("the address is private or reserved")
        if len(address) < 2 or not isinstance(address[1], int) or not _is_open(address[1]):
            raise Blocked("the port is not one that webhooks are sent to")
        return socket.socket(family, kind, protocol)


class GuardedResolver:
    """Resolves names by the system's resolver and keeps only the addresses that are permitted.

    `*.localhost` is 127.0.0.1 without a question (RFC 6761 section 6.3), and guarded like
    any other. It has threads of its own, so that names whose servers are silent hold up
    nobody else's work. What was found holds for a few seconds, for hosts of many endpoints.
    """

    def __init__(self, egress: Egress) -> None:
        self._egress = egress
        self._threads = ThreadPoolExecutor(RESOLVER_THREADS, thread_name_prefix="webhook-dns")
        self._known: dict[tuple[str, int], tuple[float, list[AddressInfo]]] = {}

    async def resolve(self, host: str, port: int) -> list[AddressInfo]:
        """The permitted addresses of `host`, one at least. Raises Blocked, socket.gaierror."""
        until, kept = self._known.get((host, port), (0.0, []))
        if stopwatch() < until:
            return kept
        if _is_localhost(host):
            found: list[AddressInfo] = [
                (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", port))
            ]
        else:
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._threads, _look_up, host, port)
        kept = [info for info in found if self._egress.permits_info(info)]
        if not kept:
            raise Blocked(f"{host} has no address that may be connected to")
        if len(self._known) >= KNOWN_NAMES:
            self._known.clear()
        self._known[host, port] = (stopwatch() + KNOWN_SECONDS, kept)
        return kept

    async def close(self) -> None:
        """Let the threads go."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _look_up(host: str, port: int) -> list[AddressInfo]:
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [(family, kind, 0, "", address) for family, kind, _, _, address in infos]


def _is_open(port: int) -> bool:
    return port == HTTPS_PORT or port >= FIRST_HIGH_PORT


def _is_isatap(ip: IPv6Address) -> bool:
    """Does it carry an IPv4 address behind ISATAP's mark (RFC 5214 section 6.1)?"""
    return (int(ip) >> 32) & 0xFCFF_FFFF == 0x0000_5EFE


def _is_localhost(host: str) -> bool:
    name = host.lower().rstrip(".")
    return name == "localhost" or name.endswith(".localhost")


def _literal(host: str) -> str | None:
    """The address that `host` spells in any way that a resolver reads ("0x7f.1"), or None."""
    if _is_localhost(host):
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(host))
    except OSError:
        return None


def _bad(why: str) -> BadInput:
    advice = "Give an https:// URL with a public host name; port 443, or 1024 and above."
    return BadInput(f"A webhook cannot be sent to this URL. {why}", advice)
