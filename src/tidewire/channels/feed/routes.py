"""The feeds over HTTP."""

import asyncio
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from tidewire.channels.channel import ChannelContext
from tidewire.channels.feed.conditional import answer, settled, wants_gzip
from tidewire.channels.feed.document import FeedDocuments
from tidewire.channels.feed.shelf import ITEMS
from tidewire.channels.known_feeds import no_feed
from tidewire.formats.feeds import MEDIA_TYPES

_FARTHEST = 2**63 - 1  # a sequence number is a bigint

Language = Annotated[str, Path(description="a BCP 47 language tag", examples=["de"])]
Sector = Annotated[str, Path(description="a sector's slug", examples=["technology"])]
Form = Annotated[str, Path(description="atom, rss or json", examples=["atom"])]
Narrower = Annotated[str, Path(description="country, issuer or circuit", examples=["country"])]
Value = Annotated[
    str, Path(description="an ISO 3166-1 or UN M49 code, a slug, or a name", examples=["AT"])
]

_NARROWED = "A feed by country, issuer or circuit"
_FEED_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The feed, with the latest 50 releases",
        "content": {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()},
    },
    304: {"description": "The reader has the newest"},
    404: {"description": "There is no such feed", "content": {"application/problem+json": {}}},
    422: {
        "description": "A parameter cannot be taken",
        "content": {"application/problem+json": {}},
    },
}


class Asked(BaseModel):
    """Which document of a feed is wanted."""

    text: Literal["full", "summary"] = Field("full", description="the whole text or a summary")
    archive: int | None = Field(
        None,
        ge=0,
        le=_FARTHEST // ITEMS - 1,
        description="the number of a part of the archive (RFC 5005), as documents link to it",
    )


def routes(context: ChannelContext) -> APIRouter:
    """The router for /feeds/..."""
    router = APIRouter(tags=["wire"])
    feeds = FeedDocuments(context.database, context.base_url)

    async def serve(request: Request, name: str, form: str, asked: Asked) -> Response:
        if form not in MEDIA_TYPES:
            raise no_feed()
        summary, archive = asked.text == "summary", asked.archive
        composed = await feeds.composed(name, summary=summary, archive=archive)
        document = composed.documents[form]
        if wants_gzip(", ".join(request.headers.getlist("accept-encoding"))):
            await asyncio.to_thread(getattr, document, "compressed")  # kept for who comes next
        links = {"hub": document.hub_url} if document.hub_url else {}
        return answer(
            request,
            document.body,
            document.media_type,
            document.etag,
            settled(composed.changed_at, context.clock.now()),
            compressed=lambda: document.compressed,
            links=links | {"self": document.url},
        )

    async def by_language(
        request: Request, language: Language, form: Form, asked: Annotated[Asked, Query()]
    ) -> Response:
        """The latest releases in one language."""
        return await serve(request, language, form, asked)

    async def by_sector(
        request: Request,
        language: Language,
        sector: Sector,
        form: Form,
        asked: Annotated[Asked, Query()],
    ) -> Response:
        """The latest releases in one language and sector."""
        return await serve(request, f"{language}/{sector}", form, asked)

    async def by_other(
        request: Request,
        language: Language,
        by: Narrower,
        value: Value,
        form: Form,
        asked: Annotated[Asked, Query()],
    ) -> Response:
        """The latest releases in one language and about a country, of an issuer, or for a circuit.

        A country may be a region (UN M49). What was sent to everyone stands in a circuit's feed
        too, where it is in one of the circuit's sectors.
        """
        return await serve(request, f"{language}/{by}/{value}", form, asked)

    for path, endpoint, summary, said in (
        ("/feeds/{language}.{form}", by_language, "A feed by language", _FEED_ANSWERS),
        ("/feeds/{language}/{sector}.{form}", by_sector, "A feed by sector", _FEED_ANSWERS),
        ("/feeds/{language}/{by}/{value:path}.{form}", by_other, _NARROWED, _FEED_ANSWERS),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            summary=summary,
            responses=said,
            response_class=Response,
        )
        router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)
    return router
