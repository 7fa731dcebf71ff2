"""The feeds over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from tidewire.channels.channel import ChannelContext
from tidewire.channels.feed.conditional import answer, settled
from tidewire.channels.feed.document import FeedDocuments, no_feed
from tidewire.formats.feeds import MEDIA_TYPES

Language = Annotated[str, Path(description="a BCP 47 language tag", examples=["de"])]
Sector = Annotated[str, Path(description="a sector's slug", examples=["technology"])]
Form = Annotated[str, Path(description="atom, rss or json", examples=["atom"])]

_FEED_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The feed, with the latest 50 releases",
        "content": {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()},
    },
    304: {"description": "The reader has the newest"},
    404: {"description": "There is no such feed", "content": {"application/problem+json": {}}},
}


def routes(context: ChannelContext) -> APIRouter:
    """The router for /feeds/..."""
    router = APIRouter(tags=["wire"])
    feeds = FeedDocuments(context.database, context.base_url)

    async def serve(request: Request, name: str, form: str) -> Response:
        if form not in MEDIA_TYPES:
            raise no_feed()
        composed = await feeds.composed(name)
        document = composed.documents[form]
        modified = settled(composed.changed_at, context.clock.now())
        return answer(request, document.body, document.media_type, document.etag, modified)

    async def by_language(request: Request, language: Language, form: Form) -> Response:
        """The latest releases in one language."""
        return await serve(request, language, form)

    async def by_sector(
        request: Request, language: Language, sector: Sector, form: Form
    ) -> Response:
        """The latest releases in one language and sector."""
        return await serve(request, f"{language}/{sector}", form)

    for path, endpoint, summary, said in (
        ("/feeds/{language}.{form}", by_language, "A feed by language", _FEED_ANSWERS),
        ("/feeds/{language}/{sector}.{form}", by_sector, "A feed by sector", _FEED_ANSWERS),
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
