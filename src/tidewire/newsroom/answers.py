"""How the public site answers: kept pages with their validators, or the page for what is not."""

from functools import lru_cache

from fastapi import Request
from fastapi.responses import Response

from tidewire.formats import site
from tidewire.languages import canonical
from tidewire.newsroom import pages
from tidewire.newsroom.lists import furniture_language
from tidewire.newsroom.reading import NOT_FOUND
from tidewire.newsroom.shelf import HTML, Kept


def wanted_of(request: Request) -> tuple[str, ...]:
    """What the reader reads, as far as it makes a difference to a page of ours."""
    return _known_of(request.headers.get("accept-language", ""))


@lru_cache(maxsize=4096)
def _known_of(accept: str) -> tuple[str, ...]:
    tags = (canonical(tag) for tag in site.wanted_languages(accept))
    return tuple(dict.fromkeys(tag for tag in tags if tag))


def missing(request: Request) -> Response:
    """The page for what is not there."""
    body = _missing_page(furniture_language(wanted_of(request)))
    return Response(body, NOT_FOUND, {"Cache-Control": "no-store"}, HTML)


@lru_cache(maxsize=64)
def _missing_page(language: str) -> bytes:
    return pages.missing_page(language).encode()


def answer(request: Request, found: Kept, *, vary: bool = False) -> Response:
    """The page, or 304 where the reader holds it already; always asked for again."""
    if found.status == NOT_FOUND:
        return missing(request)
    headers = {"Cache-Control": "no-cache"}
    if vary:
        headers["Vary"] = "Accept-Language"
    if found.location:
        return Response(b"", found.status, headers | {"Location": found.location})
    headers["ETag"] = found.tag
    asked = request.headers.get("if-none-match", "")
    if found.status == 200 and asked and site.still_fresh(asked, found.tag):
        return Response(status_code=304, headers=headers)
    return Response(found.body, found.status, headers, found.media_type)
