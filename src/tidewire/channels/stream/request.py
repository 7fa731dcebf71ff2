"""Read one HTTP/1.1 request head (RFC 9112), strictly: the gateway answers nothing else."""

from dataclasses import dataclass, field
from urllib.parse import parse_qs

import httptools

from tidewire.channels.stream.answer import NotServed
from tidewire.channels.stream.squeeze import accepts_gzip
from tidewire.languages import is_language
from tidewire.model.errors import NotFound, Unreadable
from tidewire.model.sectors import SECTORS

# A key is under 100 bytes, a browser sends under 2 kB: this is room, not an invitation.
HEAD_BYTES = 8192
HEAD_SECONDS = 10.0
METHODS = ("GET", "HEAD", "OPTIONS")
PATHS = ("/stream", "/healthz")
# A header that says who is asking or from where must not come twice.
_ONCE = (b"host", b"authorization", b"last-event-id")


@dataclass(frozen=True, slots=True)
class Request:
    """What a client asked for. `key` is "" and `last_event_id` None where none was sent.

    `languages` (BCP 47, wished for in this order) and `sectors` narrow what is sent;
    empty means all. `gzip` is true where the client takes the body so.
    """

    method: str
    path: str
    key: str = ""
    last_event_id: str | None = None
    languages: tuple[str, ...] = ()
    sectors: frozenset[str] = field(default_factory=frozenset)
    gzip: bool = False


class _Head:
    """What the parser calls back with."""

    __slots__ = ("headers", "twice", "url")

    def __init__(self) -> None:
        self.url = b""
        self.headers: dict[bytes, bytes] = {}
        self.twice = False

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        before = self.headers.get(name)
        self.twice = self.twice or (name in _ONCE and before is not None)
        if name == b"accept-encoding" and before is not None:
            value = before + b"," + value  # a list may come in parts (RFC 9110, 5.3)
        self.headers[name] = value


def read_request(head: bytes) -> Request:
    """The request that `head` (up to and with its empty line) makes.

    Raises Unreadable (400), NotFound (404) or NotServed (405).
    """
    found = _Head()
    parser = httptools.HttpRequestParser(found)
    try:
        parser.feed_data(head)
    except httptools.HttpParserUpgrade:
        pass  # an offer to speak something else may be ignored (RFC 9110, 7.8)
    except httptools.HttpParserError as error:
        raise Unreadable("This is not an HTTP/1.1 request.", "Send GET /stream.") from error
    method = parser.get_method().decode("ascii")
    _check(found, parser.get_http_version())
    path, query = _target(found.url)
    if path not in PATHS:
        raise NotFound("There is nothing here.", "The stream is at /stream.")
    if method not in METHODS:
        allow = ", ".join(METHODS)
        raise NotServed(405, f"{method} is not answered here.", f"Use {allow}.", {"Allow": allow})
    return Request(
        method=method,
        path=path,
        key=_bearer(found.headers.get(b"authorization")) or query.get("key", ""),
        last_event_id=_last_event_id(found.headers, query),
        languages=_languages(query.get("language", "")),
        sectors=_sectors(query.get("sector", "")),
        gzip=accepts_gzip(found.headers.get(b"accept-encoding", b"").decode("latin-1")),
    )


def _check(head: _Head, version: str) -> None:
    if version not in ("1.1", "1.0"):
        raise Unreadable("This is not HTTP/1.1.", "Send GET /stream HTTP/1.1.")
    if head.twice:
        raise Unreadable("A header that must stand once came twice.", "Send it once.")
    if version == "1.1" and not head.headers.get(b"host"):
        raise Unreadable("There is no Host header.", "HTTP/1.1 asks for one.")
    if b"transfer-encoding" in head.headers or head.headers.get(b"content-length", b"0") != b"0":
        raise Unreadable("The request has a body.", "Send none.")


def _target(url: bytes) -> tuple[str, dict[str, str]]:
    try:
        parsed = httptools.parse_url(url)
        path = (parsed.path or b"/").decode("ascii")
        fields = parse_qs(
            (parsed.query or b"").decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=32,
        )
    except (httptools.HttpParserError, ValueError) as error:
        raise Unreadable("The address cannot be read.", "Percent-encode it as UTF-8.") from error
    return path, {name: values[-1] for name, values in fields.items()}


def _bearer(header: bytes | None) -> str:
    if header is None:
        return ""
    scheme, _, key = header.decode("latin-1").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def _last_event_id(headers: dict[bytes, bytes], query: dict[str, str]) -> str | None:
    """The header, which a browser sends when it reconnects, goes before the query."""
    header = headers.get(b"last-event-id")
    if header is not None:
        return header.decode("latin-1").strip()
    return query.get("last_event_id")


def _languages(text: str) -> tuple[str, ...]:
    wanted = tuple(part.strip() for part in text.split(",") if part.strip())
    if len(wanted) > 20 or not all(is_language(tag) for tag in wanted):
        raise Unreadable("A language is not known.", "Use BCP 47 tags: language=de,en.")
    return wanted


def _sectors(text: str) -> frozenset[str]:
    wanted = frozenset(part.strip() for part in text.split(",") if part.strip())
    if not wanted <= SECTORS.keys():
        raise Unreadable("A sector is not known.", f"Use: {', '.join(SECTORS)}.")
    return wanted
