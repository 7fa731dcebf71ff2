"""Conditional requests (RFC 9110 §13): whether a reader has the newest already."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from types import MappingProxyType

from starlette.requests import Request
from starlette.responses import Response

from tidewire.formats.site import still_fresh

# Whoever stores a feed asks again before using it, so that a kill is seen at once.
CACHE_CONTROL = "public, no-cache"


def answer(
    request: Request,
    body: bytes,
    media_type: str,
    etag: str,
    modified: datetime | None,
    *,
    compressed: Callable[[], bytes] | None = None,
    links: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """200 with the body, 304 where the reader has it, and for HEAD the same without a body.

    `compressed` gives the body as gzip, for whoever asks for it; that has an ETag of its own.
    `links` are addresses by their relation (RFC 8288).
    """
    headers = {"cache-control": CACHE_CONTROL}
    if links:
        headers["link"] = ", ".join(f'<{url}>; rel="{rel}"' for rel, url in links.items())
    if modified is not None:
        headers["last-modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
    asked = ", ".join(request.headers.getlist("if-none-match"))
    if compressed is not None:
        headers["vary"] = "Accept-Encoding"
        if wants_gzip(", ".join(request.headers.getlist("accept-encoding"))):
            etag = f'{etag[:-1]}-gzip"'
            headers["content-encoding"] = "gzip"
    headers["etag"] = etag
    if has_newest(asked, request.headers.get("if-modified-since", ""), etag, modified):
        headers.pop("content-encoding", None)
        return Response(status_code=304, headers=headers)
    if compressed is not None and "content-encoding" in headers:
        body = compressed()
    headers |= {"content-type": media_type, "content-length": str(len(body))}
    return Response(b"" if request.method == "HEAD" else body, headers=headers)


def wants_gzip(accept: str) -> bool:
    """Does an Accept-Encoding header take gzip (RFC 9110 section 12.5.3)?"""
    weights: dict[str, float] = {}
    for part in accept.lower().split(","):
        coding, _, parameter = part.partition(";")
        name, _, value = parameter.partition("=")
        try:
            weights[coding.strip()] = float(value) if name.strip() == "q" else 1.0
        except ValueError:
            weights[coding.strip()] = 0.0
    return weights.get("gzip", weights.get("x-gzip", weights.get("*", 0.0))) > 0


def has_newest(
    if_none_match: str, if_modified_since: str, etag: str, modified: datetime | None
) -> bool:
    """True where 304 is the answer. If-None-Match counts before If-Modified-Since (§13.2.2)."""
    if if_none_match:
        return still_fresh(if_none_match, etag)
    if not if_modified_since or modified is None:
        return False
    try:
        since = parsedate_to_datetime(if_modified_since)
    except ValueError:
        return False
    since = since if since.tzinfo else since.replace(tzinfo=UTC)
    return modified.replace(microsecond=0) <= since


def settled(changed_at: datetime | None, now: datetime) -> datetime | None:
    """When it changed, once that second is over: until then it may change within it again.

    Last-Modified counts whole seconds, and must not stand for two different bodies.
    """
    if changed_at is None or now < changed_at.replace(microsecond=0) + timedelta(seconds=1):
        return None
    return changed_at
