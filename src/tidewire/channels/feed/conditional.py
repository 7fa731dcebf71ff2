"""Conditional requests (RFC 9110 §13): whether a reader has the newest already."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime

from starlette.requests import Request
from starlette.responses import Response

from tidewire.formats.site import still_fresh

# Whoever stores a feed asks again before using it, so that a kill is seen at once.
CACHE_CONTROL = "public, no-cache"


def answer(
    request: Request, body: bytes, media_type: str, etag: str, modified: datetime | None
) -> Response:
    """200 with the body, 304 where the reader has it, and for HEAD the same without a body."""
    headers = {"etag": etag, "cache-control": CACHE_CONTROL}
    if modified is not None:
        headers["last-modified"] = format_datetime(modified.astimezone(UTC), usegmt=True)
    if has_newest(
        ", ".join(request.headers.getlist("if-none-match")),
        request.headers.get("if-modified-since", ""),
        etag,
        modified,
    ):
        return Response(status_code=304, headers=headers)
    headers |= {"content-type": media_type, "content-length": str(len(body))}
    return Response(b"" if request.method == "HEAD" else body, headers=headers)


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
