"""The gateway's HTTP answers as bytes (RFC 9110, RFC 9457)."""

import json
from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus

from tidewire.model.errors import WireError

# A key is shown with each request and no cookie is ever read: any page may ask.
_CORS = {"Access-Control-Allow-Origin": "*"}
_PREFLIGHT = {
    **_CORS,
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Last-Event-ID, Cache-Control",
    "Access-Control-Max-Age": "86400",
    "Allow": "GET, HEAD, OPTIONS",
}
_STREAM = {
    **_CORS,
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
    "X-Accel-Buffering": "no",
    "X-Content-Type-Options": "nosniff",
    "Vary": "Accept-Encoding",
}
_SQUEEZED = {**_STREAM, "Content-Encoding": "gzip"}


class NotServed(WireError):
    """The request is understood, but HTTP itself says no: 405, 408, 431, 503."""

    def __init__(
        self, status: int, message: str, advice: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message, advice)
        self.status = status
        self.headers = dict(headers or {})


def stream_head(now: datetime, *, gzip: bool = False) -> bytes:
    """The head of a stream: the body lasts until the connection closes (RFC 9112, 6.3)."""
    return _stream_head(now.replace(microsecond=0), gzip)


@lru_cache(maxsize=4)
def _stream_head(now: datetime, gzip: bool) -> bytes:
    """Made once a second, for all who come in it."""
    return _head(200, _SQUEEZED if gzip else _STREAM, now)


def preflight(now: datetime) -> bytes:
    """The answer to OPTIONS (Fetch standard, CORS)."""
    return _head(204, _PREFLIGHT, now)


def health(said: Mapping[str, object], now: datetime, *, ok: bool) -> bytes:
    """The answer of /healthz: 200, or 503 while the gateway is closing."""
    return _document(200 if ok else 503, dict(said), "application/json", {}, now)


def problem(error: WireError, now: datetime) -> bytes:
    """An error as problem details (RFC 9457)."""
    headers = dict(error.headers) if isinstance(error, NotServed) else {}
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    said = {"type": "about:blank", "title": error.message, "status": error.status}
    if error.advice:
        said["detail"] = error.advice
    return _document(error.status, said, "application/problem+json", headers, now)


def without_body(answer: bytes) -> bytes:
    """The same answer to HEAD: its head only (RFC 9110, 9.3.2)."""
    return answer[: answer.index(b"\r\n\r\n") + 4]


def _document(
    status: int, said: object, media_type: str, headers: Mapping[str, str], now: datetime
) -> bytes:
    body = json.dumps(said, ensure_ascii=False).encode()
    fields = {
        **_CORS,
        "Content-Type": media_type,
        "Content-Length": str(len(body)),
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
        **headers,
    }
    return _head(status, fields, now) + body


def _head(status: int, headers: Mapping[str, str], now: datetime) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    lines += [f"Date: {format_datetime(now, usegmt=True)}", "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")
