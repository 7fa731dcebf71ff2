"""A bound on what a request may carry, kept while its body comes in."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from tidewire.model.errors import TooLarge

MOST_BYTES = 2_000_000


class BoundedRoute(APIRoute):
    """A route that reads at most MOST_BYTES of a body, and then raises TooLarge (413)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the bound around what it reads."""
        handle = super().get_route_handler()

        async def bounded(request: Request) -> Response:
            declared = request.headers.get("content-length", "")
            if declared.isascii() and declared.isdigit() and int(declared[:12]) > MOST_BYTES:
                raise _too_large()
            try:
                return await handle(Request(request.scope, _counting(request.receive)))
            except HTTPException as error:  # FastAPI wraps whatever reading a body raises
                if isinstance(error.__cause__, TooLarge):
                    raise error.__cause__ from None
                raise

        return bounded


def _counting(receive: Receive) -> Receive:
    """The same stream of messages; it raises TooLarge once they carry too much."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > MOST_BYTES:
            raise _too_large()
        return message

    return counted


def _too_large() -> TooLarge:
    return TooLarge(
        f"A request may carry {MOST_BYTES // 1_000_000} MB at most.",
        "Send the text only, without pictures, and link to the rest.",
    )
