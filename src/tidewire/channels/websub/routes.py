"""The hub (W3C WebSub, section 5): who wants to hear of a feed asks here."""

from typing import Any

from fastapi import APIRouter, Request, Response

from tidewire.channels.channel import ChannelContext
from tidewire.channels.known_feeds import known
from tidewire.channels.posting.settings import PostingSettings
from tidewire.channels.posting.target import host_of
from tidewire.channels.websub.request import FORM, read_request
from tidewire.channels.websub.turns import Turns
from tidewire.model.errors import Misconfigured, TooLarge
from tidewire.store import subscriptions
from tidewire.store.subscriptions import Intent

MOST_BYTES = 16_384
USUAL_TURNS = 60

_PROBLEM: dict[str, Any] = {"application/problem+json": {}}
_FIELDS = ("hub.callback", "hub.mode", "hub.topic")
_FORM = {
    "required": True,
    "content": {
        FORM: {
            "schema": {
                "type": "object",
                "required": list(_FIELDS),
                "properties": {
                    name: {"type": "string"}
                    for name in (*_FIELDS, "hub.lease_seconds", "hub.secret")
                },
            }
        }
    },
}


def routes(context: ChannelContext) -> APIRouter:
    """The router for /hub. Raises Misconfigured."""
    router = APIRouter(tags=["wire"])
    egress = PostingSettings.of(context.environment).egress
    turns = Turns(_turns(context))

    @router.post(
        "/hub",
        status_code=202,
        response_class=Response,
        summary="Subscribe to a feed, or unsubscribe",
        openapi_extra={"requestBody": _FORM},
        responses={
            202: {"description": "The callback will be asked whether it meant it"},
            400: {"description": "It is not a form", "content": _PROBLEM},
            404: {"description": "There is no such feed", "content": _PROBLEM},
            413: {"description": "It is too large", "content": _PROBLEM},
            422: {"description": "A parameter cannot be taken", "content": _PROBLEM},
            429: {"description": "The hub was asked too often", "content": _PROBLEM},
        },
    )
    async def ask(request: Request) -> Response:
        """Ask to be told of what is new in a feed (WebSub), for as long as the lease lasts."""
        now = context.clock.now()
        turns.take(f"from {request.client.host if request.client else ''}", now)
        asked = read_request(
            await _body(request),
            request.headers.get("content-type", ""),
            base_url=context.base_url,
            egress=egress,
        )
        turns.take(f"to {host_of(asked.callback)}", now)
        feed = str(asked.topic.name)
        intent = Intent(0, asked.address, asked.mode, feed, asked.lease, asked.secret, "", now)
        async with context.database.transaction() as tx:
            if asked.mode == "subscribe":
                await known(tx, feed)
            await subscriptions.ask(tx, intent)
        return Response(status_code=202)

    return router


def _turns(context: ChannelContext) -> int:
    text = context.environment.get("TIDEWIRE_HUB_REQUESTS_PER_MINUTE", "")
    if text and not (text.isascii() and text.isdigit() and 0 < int(text[:9]) < 1_000_000):
        raise Misconfigured(
            "TIDEWIRE_HUB_REQUESTS_PER_MINUTE is not a number of 1 or more.",
            f"Leave it out for {USUAL_TURNS}.",
        )
    return int(text) if text else USUAL_TURNS


async def _body(request: Request) -> bytes:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            raise TooLarge(f"A request to the hub has at most {MOST_BYTES} bytes.")
    return body
