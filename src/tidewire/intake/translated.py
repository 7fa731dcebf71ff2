"""News items over HTTP: a body of NewsML-G2 or ninjs reaches the route as a submission.

What a request says it carries decides: application/vnd.iptc.g2.newsitem+xml (or newsmessage+xml),
and application/json with a `profile` (RFC 6906) that names ninjs.
"""

import asyncio
import json
from collections.abc import Callable, Coroutine
from email.message import Message as Headers
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from tidewire.access.bounded import MOST_BYTES, too_large
from tidewire.intake.newsml_g2 import read_newsml_g2
from tidewire.intake.ninjs import read_ninjs
from tidewire.intake.read import document_of, read_json
from tidewire.intake.strings import block
from tidewire.model.errors import Unreadable, WireError

G2 = ("application/vnd.iptc.g2.newsitem+xml", "application/vnd.iptc.g2.newsmessage+xml")
NINJS = 'application/json; profile="https://iptc.org/std/ninjs/3.1"'


def translated_route(route: type[APIRoute]) -> type[APIRoute]:
    """The same route, for which news items are turned into submissions while they are read.

    It raises Unreadable, TooLarge or BadInput; whatever the route asks first, it asks first still.
    """

    class TranslatedRoute(route):  # type: ignore[misc, valid-type]
        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle: Callable[[Request], Coroutine[Any, Any, Response]]
            handle = super().get_route_handler()

            async def translated(request: Request) -> Response:
                reader = _reader_of(request.headers.get("content-type", ""))
                if reader is None:
                    return await handle(request)
                headers = [h for h in request.scope["headers"] if h[0] != b"content-type"]
                scope = {**request.scope, "headers": [*headers, (b"content-type", _JSON)]}
                try:
                    return await handle(Request(scope, _translating(request.receive, reader)))
                except HTTPException as error:  # FastAPI wraps whatever reading a body raises
                    if isinstance(error.__cause__, WireError):
                        raise error.__cause__ from None
                    raise

            return translated

    return TranslatedRoute


_JSON = b"application/json"


def _reader_of(content_type: str) -> Callable[[str], dict[str, Any]] | None:
    """What reads a body of this type; None where the route itself does."""
    headers = Headers()
    headers["content-type"] = content_type.encode("ascii", "ignore").decode() or "text/plain"
    if headers.get_content_type() in G2:
        return lambda text: document_of(read_newsml_g2(text))
    profile = headers.get_param("profile")
    if headers.get_content_type() == "application/json" and "ninjs" in str(profile).lower():
        return lambda text: document_of(read_ninjs(read_json(text)))
    return None


def _translating(receive: Receive, reader: Callable[[str], dict[str, Any]]) -> Receive:
    """The submission's JSON as the one message of the body, made when it is first asked for."""
    done = False

    async def translated() -> Message:
        nonlocal done
        if done:
            return await receive()
        body = b""
        more = True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return message
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > MOST_BYTES:
                raise too_large()
        done = True
        # Off the event loop: two megabytes of markup take a second to read.
        document = await asyncio.to_thread(lambda: json.dumps(reader(_text(body))).encode())
        return {"type": "http.request", "body": document, "more_body": False}

    return translated


def _text(body: bytes) -> str:
    try:
        return block(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(f"This is not UTF-8 (byte {error.start}).", "Send it as UTF-8.") from None
    except ValueError as error:
        raise Unreadable(f"This {error}.", "Send it without.") from None


BODIES: dict[str, Any] = {
    "requestBody": {
        "content": {
            **{
                kind: {"schema": {"type": "string", "description": "NewsML-G2 2.x, NITF inside"}}
                for kind in G2
            },
            NINJS: {"schema": {"type": "object", "description": "ninjs 3.1 or 1.6"}},
        }
    }
}
