"""Every error as RFC 9457 problem details, with a pointer to the field at fault; or as a page."""

from collections.abc import Sequence

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tidewire.app.problem_page import told
from tidewire.app.running import facts
from tidewire.model.errors import BadInput, WireError

log = structlog.get_logger()


def install(app: FastAPI) -> None:
    """Answer every error of the application with problem details, browsers with a page."""
    app.add_exception_handler(WireError, _wire_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_middleware(Unexpected)


async def _wire_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, WireError)
    found = error.problems if isinstance(error, BadInput) else ()
    errors = [
        {
            "pointer": p.pointer,
            "code": p.code,
            "severity": p.severity.value,
            "message": p.message,
            "advice": p.advice,
        }
        for p in found
    ]
    if error.status >= 500:
        log.error("request failed", **_where(request.scope), **facts(error))
    headers = dict(error.headers)
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return told(request, error.status, error.message, error.advice, errors=errors, headers=headers)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    unreadable = any(found["type"] == "json_invalid" for found in error.errors())
    errors = [
        {
            "pointer": _pointer(found["loc"]),
            "code": found["type"],
            "severity": "error",
            "message": found["msg"],
            "advice": "",
        }
        for found in error.errors()
    ]
    if unreadable:
        return told(request, 400, "This is not valid JSON.", errors=errors)
    return told(request, 422, "Some fields cannot be taken.", "See errors.", errors=errors)


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers) if error.headers else None
    return told(request, error.status_code, str(error.detail), headers=headers)


class Unexpected:
    """Answers 500 to what nobody foresaw, and logs it; the server never sees the error.

    Starlette would raise it again after its answer, for the server to print with all that it
    holds.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; an answer that had begun stays unfinished."""
        began = False

        async def watched(message: Message) -> None:
            nonlocal began
            began = began or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except ClientDisconnect:  # nobody is there to be told
            return
        except Exception as error:
            if scope["type"] != "http":
                raise
            log.error("request failed", **_where(scope), **facts(error))
            if not began:
                advice = "It has been logged; please try again."
                said = told(Request(scope), 500, "Something went wrong here.", advice)
                await said(scope, receive, send)


def _where(scope: Scope) -> dict[str, str]:
    """The method, and the route as it is written: the path itself may hold a token."""
    return {"method": scope["method"], "route": getattr(scope.get("route"), "path", "")}


def _pointer(location: Sequence[int | str]) -> str:
    """A JSON Pointer (RFC 6901) for a body's field; "query:name" style parts stay readable."""
    parts = [str(part).replace("~", "~0").replace("/", "~1") for part in location]
    if parts and parts[0] == "body":
        parts = parts[1:]
    return "".join(f"/{part}" for part in parts)
