"""Who calls the API: the bearer key of a request (RFC 6750), as a FastAPI dependency."""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from tidewire.access.bounded import MOST_BYTES, BoundedRoute
from tidewire.access.keys import caller_of, require
from tidewire.model.errors import Unauthenticated
from tidewire.model.issuer import Caller, Role
from tidewire.store.database import Database

_SCHEME = HTTPBearer(
    auto_error=False,
    bearerFormat="tw_...",
    scheme_name="key",
    description="The key of an issuer or an editor, as it was shown when it was made.",
)
# What a request shows as its key: None where it shows nothing.
Shown = Annotated[HTTPAuthorizationCredentials | None, Depends(_SCHEME)]
CallerOf = Callable[[Request, Any], Awaitable[Caller]]


def caller_dependency(database: Database) -> CallerOf:
    """A dependency that gives the caller of a request. It raises Unauthenticated."""

    async def caller(request: Request, shown: Shown) -> Caller:
        known = getattr(request.state, "caller", None)
        if isinstance(known, Caller):
            return known
        if shown is None:
            raise Unauthenticated(
                "This needs a key.", "Send one as 'Authorization: Bearer tw_...'."
            )
        async with database.transaction() as tx:
            request.state.caller = found = await caller_of(tx, shown.credentials)
        return found

    return caller


def keyed_route(
    callers: CallerOf, role: Role | None = None, *, most: int = MOST_BYTES
) -> type[BoundedRoute]:
    """A bounded route that asks for the key, and the role, before it reads anything else.

    `most` is how many bytes it reads. It raises Unauthenticated or Forbidden, whatever the
    request carries.
    """

    class KeyedRoute(BoundedRoute):
        most_bytes = most

        def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
            handle = super().get_route_handler()

            async def keyed(request: Request) -> Response:
                caller = await callers(request, await _SCHEME(request))
                if role is not None:
                    require(caller, role)
                return await handle(request)

            return keyed

    return KeyedRoute
