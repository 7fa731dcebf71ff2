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
    """A route that reads at most `most_bytes` of a body, and then raises TooLarge (413)."""

    most_bytes = MOST_BYTES

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with the bound around what it reads."""
        handle = super().get_route_handler()
        most = self.most_bytes

        async def bounded(request: Request) -> Response:
            declared = request.headers.get("content-length", "")
            if declared.isascii() and declared.isdigit() and int(declared[:12]) > most:
                raise too_large(most)
            try:
                return await handle(Request(request.scope, _counting(request.receive, most)))
            except HTTPException as error:  # FastAPI wraps whatever reading a body raises
                if isinstance(error.__cause__, TooLarge):
                    raise error.__cause__ from None
                raise

        return bounded


def _counting(receive: Receive, most: int) -> Receive:
    """The same stream of messages; it raises TooLarge once they carry too much."""
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > most:
            raise too_large(most)
        return message

    return counted


def too_large(most: int = MOST_BYTES) -> TooLarge:
    """What is said of a request that carries more than `most` bytes."""
    advice = "Send the text only; pictures are uploaded one by one, at /api/v1/pictures."
    return TooLarge(
        f"A request to this address may carry {most // 1_000_000} MB at most.",
        advice if most == MOST_BYTES else "Send less.",
    )
