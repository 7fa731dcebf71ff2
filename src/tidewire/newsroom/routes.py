"""The addresses of the public site: front list, lists, releases, languages, sitemaps."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import date

import psycopg
from fastapi import APIRouter, Request
from fastapi.responses import RedirectResponse, Response
from psycopg_pool import PoolTimeout
from starlette.types import ASGIApp, Receive, Scope, Send

from tidewire.clock import Clock
from tidewire.formats import addresses
from tidewire.languages import best, canonical, known
from tidewire.newsroom import reading, sitemaps, tongues
from tidewire.newsroom.answers import answer, missing, wanted_of
from tidewire.newsroom.lists import read_listing
from tidewire.newsroom.pictures import picture_answer, picture_file
from tidewire.newsroom.reading import Span
from tidewire.newsroom.shelf import Shelf, kept
from tidewire.store.database import Database

METHODS = ["GET", "HEAD"]
_LARGEST = 2**63 - 1  # a sequence number is a bigint
_NUMBER = re.compile(r"[0-9]{1,18}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)

Serve = Callable[[Request], Awaitable[Response]]


class Quick:
    """Answers with release pages that are kept, before the application looks for who is to answer.

    What is not kept, and every error, is for the application: it asks again, and says so.
    """

    def __init__(self, app: ASGIApp, shelf: Shelf) -> None:
        self._app = app
        self._shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass the request on."""
        answer = await self._kept(scope) if scope["type"] == "http" else None
        await (answer or self._app)(scope, receive, send)

    async def _kept(self, scope: Scope) -> Response | None:
        _, *parts = scope["path"].split("/")
        if len(parts) != 3 or parts[0] != "releases" or scope["method"] not in METHODS:
            return None
        with suppress(psycopg.Error, PoolTimeout, OSError):
            found = await self._shelf.held(parts[1], parts[2])
            return answer(Request(scope), found) if found is not None else None
        return None


def open_shelf(database: Database) -> Shelf:
    """The shelf of a program's pages."""
    return Shelf(lambda after: reading.look(database, after))


def routes(
    database: Database, base_url: str, clock: Clock, shelf: Shelf | None = None
) -> APIRouter:
    """The public site. Mount it after other routers: it answers /releases/{ref}/{language}."""
    router = APIRouter(include_in_schema=False)
    shelf = shelf or open_shelf(database)
    files = open_shelf(database)  # of their own: a large picture must not push pages out

    async def front(request: Request) -> Response:
        chosen = canonical(request.query_params.get("language", ""))
        if chosen:  # as the front list was asked for one language at first
            return RedirectResponse(addresses.news_url(base_url, chosen), status_code=308)
        wanted, span = wanted_of(request), _span(request)
        found = await shelf.get(
            f"/?{span}", wanted, lambda: reading.front_page(database, base_url, wanted, span)
        )
        return answer(request, found, vary=True)

    async def listing(request: Request) -> Response:
        asked = request.path_params
        wanted = read_listing(asked["language"], asked.get("by", ""), asked.get("value", ""))
        if wanted is None:
            return missing(request)
        if request.url.path != wanted.path:
            return RedirectResponse(f"{base_url}{wanted.path}", status_code=308)
        span = _span(request)
        found = await shelf.get(
            f"{wanted.path}?{span}",
            "",
            lambda: reading.list_page(database, base_url, wanted, span),
        )
        return answer(request, found)

    async def nowhere(request: Request) -> Response:
        return missing(request)

    async def issuer(request: Request) -> Response:
        slug, wanted, span = request.path_params["slug"], wanted_of(request), _span(request)
        if "\0" in slug:
            return missing(request)
        found = await shelf.get(
            f"/issuers/{slug}?{span}",
            wanted,
            lambda: reading.issuer_page(database, base_url, slug, wanted, span),
        )
        return answer(request, found, vary=True)

    async def day(request: Request) -> Response:
        at, wanted, span = _read_day(request.path_params["day"]), wanted_of(request), _span(request)
        if at is None:
            return missing(request)
        found = await shelf.get(
            f"/archive/{at}?{span}",
            wanted,
            lambda: reading.day_page(database, base_url, at, wanted, span),
        )
        return answer(request, found, vary=True)

    async def archive(request: Request) -> Response:
        found = await shelf.get("/archive", "", lambda: reading.newest_day(database, base_url))
        return answer(request, found)

    async def all_languages(request: Request) -> Response:
        return answer(request, kept(tongues.languages_page()))

    async def one_language(request: Request) -> Response:
        tag = request.path_params["tag"]
        if tag not in known():
            return missing(request)
        return answer(request, kept(tongues.language_page(tag)))

    async def release(request: Request) -> Response:
        ref = request.path_params["ref"]
        available = await reading.languages_of(database, ref)
        if not available:
            return missing(request)
        language = best(available, wanted_of(request)) or available[0]
        return RedirectResponse(
            addresses.release_url(base_url, ref, language),
            status_code=302,
            headers={"Vary": "Accept-Language", "Cache-Control": "no-cache"},
        )

    async def rendition(request: Request) -> Response:
        ref, language = request.path_params["ref"], request.path_params["language"]
        found = await shelf.get(
            ref, language, lambda: reading.release_page(database, base_url, ref, language)
        )
        return answer(request, found)

    async def card(request: Request) -> Response:
        ref, language = request.path_params["ref"], request.path_params["language"]
        found = await shelf.get(
            ref,
            ("card", language),
            lambda: reading.release_card(database, base_url, ref, language),
        )
        return answer(request, found)

    async def picture(request: Request) -> Response:
        ref, file = request.path_params["ref"], request.path_params["file"]
        found = await files.get(ref, file, lambda: picture_file(database, ref, file))
        return picture_answer(request, found)

    async def news_sitemap(request: Request) -> Response:
        found = await reading.news_sitemap(database, base_url, clock.now())
        return answer(request, found)

    async def sitemap(request: Request) -> Response:
        found = await shelf.get("/sitemap", "", lambda: reading.sitemap_index(database, base_url))
        return answer(request, found)

    async def sitemap_part(request: Request) -> Response:
        text = request.path_params["number"]
        if not _NUMBER.fullmatch(text) or str(int(text)) != text:
            return missing(request)
        found = await shelf.get(
            f"/sitemap-{text}", "", lambda: reading.sitemap_part(database, base_url, int(text))
        )
        return answer(request, found)

    async def robots(request: Request) -> Response:
        said = sitemaps.robots(base_url)
        return answer(request, kept(said, "text/plain; charset=utf-8"))

    for path, serve in (
        ("/", front),
        ("/news/{language}", listing),
        ("/news/{language}/{by}", nowhere),
        ("/news/{language}/{by}/{value}", listing),
        ("/issuers/{slug}", issuer),
        ("/archive", archive),
        ("/archive/{day}", day),
        ("/languages", all_languages),
        ("/languages/{tag}", one_language),
        ("/releases/{ref}", release),
        ("/releases/{ref}/{language}", rendition),
        ("/releases/{ref}/pictures/{file}", picture),
        ("/releases/{ref}/{language}/card.png", card),
        ("/sitemap-news.xml", news_sitemap),
        ("/sitemap.xml", sitemap),
        ("/sitemap-{number}.xml", sitemap_part),
        ("/robots.txt", robots),
    ):
        router.add_api_route(path, serve, methods=METHODS, response_class=Response)
    return router


def _span(request: Request) -> Span:
    """Where in a list; what is no number of the sequence counts as not said."""
    asked = request.query_params
    if not asked:
        return None, None
    numbers = [asked.get(name, "") for name in ("below", "above")]
    below, above = (int(text) if _NUMBER.fullmatch(text) else None for text in numbers)
    return (None, above) if above is not None else (below, None)


def _read_day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text) if _DAY.fullmatch(text) else date.max
    except ValueError:
        return None
    return day if day < date.max else None  # no day comes after that one
