"""Upload a picture, to be named in a release."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from tidewire.access.answers import problems
from tidewire.access.bearer import caller_dependency, keyed_route
from tidewire.bus.bell import Bell
from tidewire.clock import Clock
from tidewire.intake.picture_file import MOST_BYTES
from tidewire.intake.pictures import keep
from tidewire.intake.submit import Intake, issuer_of, owner_of
from tidewire.model.errors import BadInput, Problem, Severity
from tidewire.model.issuer import Caller, Role
from tidewire.model.picture import ENDINGS
from tidewire.store.database import Database
from tidewire.vault.vault import Vault

_BINARY = {"schema": {"type": "string", "format": "binary"}}
BODY: dict[str, Any] = {
    "requestBody": {"required": True, "content": dict.fromkeys(ENDINGS, _BINARY)}
}


class PictureOut(BaseModel):
    """A picture as it is kept."""

    picture: str = Field(description="The name by which a release names it.")
    type: str = Field(examples=["image/jpeg"])
    size: int = Field(description="Bytes.")
    width: int = Field(description="Pixels, as it is shown.")
    height: int = Field(description="Pixels, as it is shown.")


def routes(database: Database, clock: Clock, bell: Bell, vault: Vault) -> APIRouter:
    """The router of uploads."""
    intake = Intake(database, clock, bell, vault)
    caller_of = caller_dependency(database)
    router = APIRouter(route_class=keyed_route(caller_of, most=MOST_BYTES))

    @router.post(
        "/api/v1/pictures",
        status_code=201,
        tags=["releases"],
        summary="Upload a picture",
        openapi_extra=BODY,
        responses={
            200: {"model": PictureOut, "description": "The same bytes were here already."},
            **problems(400, 401, 403, 404, 409, 413, 422, 503),
        },
    )
    async def upload(
        request: Request,
        caller: Annotated[Caller, Depends(caller_of)],
        response: Response,
        release: Annotated[
            str,
            Query(
                description="For editors: the ref of the release whose correction will name it.",
                max_length=100,
            ),
        ] = "",
    ) -> PictureOut:
        """JPEG, PNG, WebP or GIF; kept under seal until a release that names it is public."""
        issuer_id = await _owner(intake, caller, release)
        declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        kept = await keep(intake, issuer_id, await request.body(), declared)
        if kept.here:
            response.status_code = 200
        one = kept.picture
        return PictureOut(
            picture=one.ref,
            type=one.media_type,
            size=one.size,
            width=one.width,
            height=one.height,
        )

    return router


async def _owner(intake: Intake, caller: Caller, release: str) -> int:
    if caller.role is not Role.EDITOR:
        return issuer_of(caller)
    if not release:
        message, advice = "An editor uploads for a release.", "Name it: ?release=REF."
        found = Problem(Severity.ERROR, "release-missing", "/release", message, advice)
        raise BadInput(message, advice, [found])
    return await owner_of(intake, release)
