"""What a webhook's URL says to a client: where to connect, and the request's first lines. Pure."""

from dataclasses import dataclass

from yarl import URL

HTTPS_PORT = 443
HTTP_PORT = 80


@dataclass(frozen=True, slots=True)
class Origin:
    """Who is connected to: connections are shared by all endpoints of one origin."""

    host: str
    port: int
    tls: bool


@dataclass(frozen=True, slots=True)
class Target:
    """An endpoint: its origin, and the request line and Host field that every post begins with."""

    origin: Origin
    head: bytes


def read_target(address: str) -> Target:
    """Read a URL that the egress guard has passed (printable ASCII, with a host and a port).

    Path and query stay as they were given: an outlet may have signed them itself.
    """
    url = URL(address, encoded=True)
    host, tls = (url.raw_host or "").lower(), url.scheme == "https"
    port = url.port or HTTPS_PORT
    name = f"[{host}]" if ":" in host else host
    if port != (HTTPS_PORT if tls else HTTP_PORT):
        name = f"{name}:{port}"
    path = url.raw_path_qs or "/"
    head = f"POST {path} HTTP/1.1\r\nHost: {name}\r\n".encode("ascii")
    return Target(Origin(host, port, tls), head)


def host_of(address: str) -> str:
    """The host name of a URL, in lower case; "" where it is none."""
    try:
        return (URL(address).raw_host or "").lower()
    except ValueError:
        return ""
