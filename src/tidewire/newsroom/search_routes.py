"""The addresses of the search: a page for people, JSON for programs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from tidewire.access.answers import problems
from tidewire.formats import addresses
from tidewire.model.release import Act
from tidewire.newsroom import search, search_page
from tidewire.newsroom.answers import answer, wanted_of
from tidewire.newsroom.frame import instant
from tidewire.newsroom.shelf import kept
from tidewire.store.database import Database

REFUSED = 422


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


def routes(database: Database, base_url: str) -> APIRouter:
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
        found = await search.answer(database, question, wanted_of(request))
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
                    published_at=instant(hit.published_at),
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
        wanted = wanted_of(request)
        try:
            question = search.read_question(**asked)
        except search.TooLong:
            page = search_page.too_long(asked["words"], wanted)
            return answer(request, kept(page, status=REFUSED), vary=True)
        found = None if question.empty else await search.answer(database, question, wanted)
        page = search_page.search_page(question, found, base_url=base_url, wanted=wanted)
        return answer(request, kept(page), vary=True)

    return router
