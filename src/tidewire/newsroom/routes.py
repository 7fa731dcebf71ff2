"""The addresses of the public site: front list, releases, renditions, languages, search."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from pydantic import BaseModel, Field

from tidewire.access.answers import problems
from tidewire.formats import addresses, site
from tidewire.languages import best, canonical, known
from tidewire.model.release import Act, Edition
from tidewire.newsroom import pages, search, search_page, tongues
from tidewire.store import editions
from tidewire.store.database import Connection, Database

FRONT_LENGTH = 50
NOT_FOUND, GONE, REFUSED = 404, 410, 422


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


class FoundRelease(BaseModel):
    """A release that was found, in the language it fits in."""

    ref: str = Field(description="The release's public id")
    url: str = Field(description="Its page in this language")
    language: str = Field(description="A BCP 47 tag")
    languages: list[str] = Field(description="All languages that it can be read in")
    headline: str
    subheadline: str
    issuer: str = Field(description="The issuer's name")
    issuer_slug: str
    published_at: str = Field(description="When it was first published, RFC 3339 in UTC")
    corrected: bool


class SearchAnswer(BaseModel):
    """One page of what was found, the best first."""

    items: list[FoundRelease]
    found: int = Field(description="How many releases were found")
    whole: bool = Field(
        description="False where a search found so many that older ones are left out"
    )
    page: int
    more: bool = Field(description="Whether there is a page after this one")


def _asked(
    q: Annotated[str, Query(description="Words that must all be there, 200 characters")] = "",
    language: Annotated[str, Query(description="A BCP 47 tag")] = "",
    sector: Annotated[str, Query(description="A sector's slug")] = "",
    issuer: Annotated[str, Query(description="An issuer's slug")] = "",
    since: Annotated[str, Query(alias="from", description="The first day, in UTC")] = "",
    until: Annotated[str, Query(description="The last day, in UTC")] = "",
    page: Annotated[str, Query(description="From 1 to 100")] = "",
) -> dict[str, str]:
    """The parameters of a search, as they came."""
    return {
        "words": q,
        "language": language,
        "sector": sector,
        "issuer": issuer,
        "since": since,
        "until": until,
        "page": page,
    }


_Asked = Annotated[dict[str, str], Depends(_asked)]


def search_routes(database: Database, base_url: str) -> APIRouter:
    """The search of all that is public: a page for people, JSON for programs."""
    router = APIRouter()

    @router.get(
        "/api/v1/search",
        tags=["wire"],
        summary="Search what is public",
        responses=problems(422, 503),
    )
    async def find(request: Request, response: Response, asked: _Asked) -> SearchAnswer:
        question = search.read_question(**asked)
        found = await search.answer(database, question, _wanted(request))
        response.headers["Cache-Control"] = "no-cache"
        response.headers["Vary"] = "Accept-Language"
        return SearchAnswer(
            items=[
                FoundRelease(
                    ref=hit.ref,
                    url=addresses.release_url(base_url, hit.ref, hit.language),
                    language=hit.language,
                    languages=list(hit.languages),
                    headline=hit.headline,
                    subheadline=hit.subheadline,
                    issuer=hit.issuer,
                    issuer_slug=hit.issuer_slug,
                    published_at=pages.instant(hit.published_at),
                    corrected=hit.act is Act.CORRECT,
                )
                for hit in found.hits
            ],
            found=found.count,
            whole=found.whole,
            page=question.page,
            more=found.more,
        )

    @router.api_route("/search", methods=["GET", "HEAD"], include_in_schema=False)
    async def look(request: Request, asked: _Asked) -> Response:
        wanted = _wanted(request)
        try:
            question = search.read_question(**asked)
        except search.TooLong:
            return _answer(request, search_page.too_long(wanted), status=REFUSED, vary=True)
        found = None if question.empty else await search.answer(database, question, wanted)
        page = search_page.search_page(question, found, base_url=base_url, wanted=wanted)
        return _answer(request, page, vary=True)

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
