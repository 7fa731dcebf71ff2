"""The addresses of the public site: front list, releases, renditions, languages."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from tidewire.formats import addresses, site
from tidewire.languages import best, canonical, known
from tidewire.model.release import Act, Edition
from tidewire.newsroom import pages, tongues
from tidewire.store import editions
from tidewire.store.database import Connection, Database

FRONT_LENGTH = 50
NOT_FOUND, GONE = 404, 410


def routes(database: Database, base_url: str) -> APIRouter:
    """The public site. Mount it after other routers: it answers /releases/{ref}/{language}."""
    router = APIRouter(include_in_schema=False)

    @router.api_route("/", methods=["GET", "HEAD"])
    async def front(request: Request, language: str = "") -> Response:
        chosen = canonical(language)
        async with database.transaction() as tx:
            newest = await editions.latest(tx, limit=FRONT_LENGTH)
            listed = (
                await editions.latest(tx, language=chosen, limit=FRONT_LENGTH) if chosen else newest
            )
        tags = {tag for one in newest if not one.retracted for tag in one.release.languages()}
        page = pages.front_page(
            listed,
            base_url=base_url,
            chosen=chosen,
            wanted=_wanted(request),
            languages=sorted(tags | ({chosen} if chosen else set())),
        )
        return _answer(request, page, vary=True)

    @router.api_route("/languages", methods=["GET", "HEAD"])
    async def all_languages(request: Request) -> Response:
        return _answer(request, tongues.languages_page())

    @router.api_route("/languages/{tag}", methods=["GET", "HEAD"])
    async def one_language(request: Request, tag: str) -> Response:
        return _answer(request, tongues.language_page(tag)) if tag in known() else _missing(request)

    @router.api_route("/releases/{ref}", methods=["GET", "HEAD"])
    async def release(request: Request, ref: str) -> Response:
        async with database.transaction() as tx:
            edition = await _public(tx, ref)
        if edition is None:
            return _missing(request)
        available = edition.release.languages()
        language = best(available, _wanted(request)) or available[0]
        return RedirectResponse(
            addresses.release_url(base_url, ref, language),
            status_code=302,
            headers={"Vary": "Accept-Language", "Cache-Control": "no-cache"},
        )

    @router.api_route("/releases/{ref}/{language}", methods=["GET", "HEAD"])
    async def rendition(request: Request, ref: str, language: str) -> Response:
        async with database.transaction() as tx:
            newest = await _public(tx, ref)
            tag = canonical(language)
            if newest is None or tag not in newest.release.languages():
                return _missing(request)
            assert tag is not None
            edition = await editions.public_in(tx, ref, tag) or newest
            before = await _before(tx, edition)
        if tag != language:
            return RedirectResponse(addresses.release_url(base_url, ref, tag), status_code=308)
        page = pages.release_page(edition, tag, base_url=base_url, newest=newest, before=before)
        return _answer(request, page, status=GONE if edition.retracted else 200)

    return router


async def _public(tx: Connection, ref: str) -> Edition | None:
    """The newest public version; None also for an id that no text column could hold."""
    return None if "\0" in ref else await editions.public(tx, ref)


async def _before(tx: Connection, edition: Edition) -> Edition | None:
    """The published version that a correction took the place of."""
    if edition.act is not Act.CORRECT:
        return None
    for version in range(edition.version - 1, 0, -1):
        found = await editions.edition(tx, edition.release_id, version)
        if found is not None and found.published_at is not None:
            return found
    return None


def _wanted(request: Request) -> tuple[str, ...]:
    return site.wanted_languages(request.headers.get("accept-language", ""))


def _missing(request: Request) -> Response:
    page = pages.missing_page(_wanted(request))
    return HTMLResponse(page, NOT_FOUND, {"Cache-Control": "no-store"})


def _answer(request: Request, page: str, *, status: int = 200, vary: bool = False) -> Response:
    """The page, or 304 where the reader holds it already; always asked for again."""
    body = page.encode()
    headers = {"ETag": site.entity_tag(body), "Cache-Control": "no-cache"}
    if vary:
        headers["Vary"] = "Accept-Language"
    asked = request.headers.get("if-none-match", "")
    if status == 200 and asked and site.still_fresh(asked, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return HTMLResponse(body, status, headers)
