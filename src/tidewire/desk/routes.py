"""The desk's side of the API: the queue, and decisions; and an issuer's withdrawal."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Protocol

from fastapi import APIRouter, Depends, Path, Query, Response

from tidewire.access.answers import problems
from tidewire.access.bearer import caller_dependency, keyed_route
from tidewire.access.keys import require
from tidewire.bus.bell import Bell
from tidewire.clock import Clock
from tidewire.desk import decide, queue, renditions
from tidewire.desk.answers import (
    Approval,
    DecidedOut,
    QueueOut,
    Reason,
    Remark,
    ShownOut,
    Timing,
    decided_out,
    queued_out,
    shown_out,
)
from tidewire.desk.sign import Desk
from tidewire.model.errors import Problem
from tidewire.model.issuer import Caller, Role
from tidewire.model.opening import Why, opening_by
from tidewire.model.picture import ENDINGS
from tidewire.model.release import Release, State
from tidewire.store.database import Database
from tidewire.vault.vault import Vault

Ref = Annotated[str, Path(description="The release's ref.", max_length=100)]
Tag = Annotated[str, Path(description="BCP 47 tag of the rendition.", max_length=35)]
Check = Callable[[Release], Awaitable[list[Problem]]]


class Replacement(Protocol):
    """New content for a release that is out, and what changed."""

    @property
    def content(self) -> Release:
        """The content, checked and sanitised."""
        ...

    @property
    def note(self) -> str:
        """What changed."""
        ...


# What reads a correction out of a request: intake's, handed in where routes are mounted.
ReadReplacement = Callable[..., Awaitable[Replacement]]
CallerOf = Callable[..., Awaitable[Caller]]


def routes(
    database: Database,
    clock: Clock,
    bell: Bell,
    vault: Vault,
    *,
    check: Check,
    replacement: ReadReplacement,
) -> APIRouter:
    """The router of the desk; `check` and `replacement` are intake's."""
    desk = Desk(database, clock, bell, vault)
    caller_of = caller_dependency(database)
    router, for_editors, for_issuers = (
        APIRouter(),
        APIRouter(route_class=keyed_route(caller_of, Role.EDITOR)),
        APIRouter(route_class=keyed_route(caller_of, Role.ISSUER)),
    )
    _add_reading(for_editors, desk, caller_of, check)
    _add_before(for_editors, desk, caller_of)
    _add_renditions(for_editors, desk, caller_of)
    _add_after(for_editors, desk, caller_of, replacement)
    _add_withdrawal(for_issuers, desk, caller_of)
    for part in (for_editors, for_issuers):
        router.include_router(part, prefix="/api/v1")
    return router


def _add_reading(router: APIRouter, desk: Desk, caller_of: CallerOf, check: Check) -> None:
    @router.get(
        "/desk/releases",
        tags=["desk"],
        summary="The queue",
        responses=problems(401, 403, 422, 503),
    )
    async def list_releases(
        caller: Annotated[Caller, Depends(caller_of)],
        state: Annotated[Sequence[State], Query(description="Only these; none: all.")] = (),
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> QueueOut:
        """Releases, the newest first. For editors."""
        require(caller, Role.EDITOR)
        opening = opening_by(caller, Why.QUEUE)
        rows = await queue.list_releases(desk, opening, state, limit)
        return QueueOut(releases=[queued_out(row) for row in rows])

    @router.get(
        "/desk/releases/{ref}",
        tags=["desk"],
        summary="One release",
        responses=problems(401, 403, 404, 422, 503),
    )
    async def show(ref: Ref, caller: Annotated[Caller, Depends(caller_of)]) -> ShownOut:
        """Its content, what the checks find now, and every decision. For editors."""
        require(caller, Role.EDITOR)
        shown = await queue.show(desk, opening_by(caller, Why.SHOW), ref)
        return shown_out(shown, await check(shown.whole))

    @router.get(
        "/desk/releases/{ref}/pictures/{picture}",
        tags=["desk"],
        summary="One picture",
        response_class=Response,
        responses={
            200: {"content": {kind: {} for kind in ENDINGS}, "description": "The file."},
            **problems(401, 403, 404, 422, 503),
        },
    )
    async def picture(
        ref: Ref,
        picture: Annotated[str, Path(description="As the release names it.", max_length=100)],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> Response:
        """As it was uploaded; before T0 the ledger tells who looked. For editors."""
        require(caller, Role.EDITOR)
        raw, kind = await queue.picture(desk, opening_by(caller, Why.SHOW), ref, picture)
        return Response(raw, media_type=kind, headers={"Cache-Control": "no-store"})


def _add_before(router: APIRouter, desk: Desk, caller_of: CallerOf) -> None:
    responses = problems(400, 401, 403, 404, 409, 413, 422, 503)
    path = "/desk/releases/{ref}"

    @router.post(f"{path}/return", tags=["desk"], summary="Return it", responses=responses)
    async def send_back(
        ref: Ref, reason: Reason, caller: Annotated[Caller, Depends(caller_of)]
    ) -> DecidedOut:
        """Back to its issuer, with the reason. For editors."""
        return decided_out(await decide.send_back(desk, caller, ref, reason.note))

    @router.post(f"{path}/approve", tags=["desk"], summary="Approve it", responses=responses)
    async def approve(
        ref: Ref, approval: Approval, caller: Annotated[Caller, Depends(caller_of)]
    ) -> DecidedOut:
        """It may go out, with the renditions that wait; it still needs its moment. For editors."""
        decided = await decide.approve(
            desk, caller, ref, note=approval.note, checked=approval.checked
        )
        return decided_out(decided)

    @router.post(f"{path}/schedule", tags=["desk"], summary="Set its moment", responses=responses)
    async def schedule(
        ref: Ref, timing: Timing, caller: Annotated[Caller, Depends(caller_of)]
    ) -> DecidedOut:
        """The moment at which an approved release goes out, set or moved. For editors."""
        return decided_out(await decide.schedule(desk, caller, ref, timing.at, timing.note))


def _add_renditions(router: APIRouter, desk: Desk, caller_of: CallerOf) -> None:
    responses = problems(400, 401, 403, 404, 409, 413, 422, 503)
    path = "/desk/releases/{ref}/renditions/{language}"

    @router.post(
        f"{path}/approve", tags=["desk"], summary="Approve one rendition", responses=responses
    )
    async def approve_one(
        ref: Ref, language: Tag, remark: Remark, caller: Annotated[Caller, Depends(caller_of)]
    ) -> DecidedOut:
        """It goes with its release; where that is out, now, to those it is best for."""
        decided = await renditions.approve_rendition(desk, caller, ref, language, remark.note)
        return decided_out(decided)

    @router.post(
        f"{path}/reject", tags=["desk"], summary="Turn one rendition down", responses=responses
    )
    async def reject_one(
        ref: Ref, language: Tag, reason: Reason, caller: Annotated[Caller, Depends(caller_of)]
    ) -> DecidedOut:
        """It is forgotten; another may be handed in. For editors."""
        decided = await renditions.reject_rendition(desk, caller, ref, language, reason.note)
        return decided_out(decided)


def _add_after(
    router: APIRouter, desk: Desk, caller_of: CallerOf, replacement: ReadReplacement
) -> None:
    responses = problems(400, 401, 403, 404, 409, 413, 422, 503)

    @router.post(
        "/desk/releases/{ref}/correct", tags=["desk"], summary="Correct it", responses=responses
    )
    async def correct(
        ref: Ref,
        new: Annotated[Replacement, Depends(replacement)],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> DecidedOut:
        """A new version, at once, to all who had the one before. For editors."""
        return decided_out(await decide.correct(desk, caller, ref, new.content, new.note))

    @router.post("/desk/releases/{ref}/kill", tags=["desk"], summary="Kill it", responses=responses)
    async def kill(
        ref: Ref, reason: Reason, caller: Annotated[Caller, Depends(caller_of)]
    ) -> DecidedOut:
        """Say "do not use", at once, to all who had it. For editors."""
        return decided_out(await decide.kill(desk, caller, ref, reason.note))


def _add_withdrawal(router: APIRouter, desk: Desk, caller_of: CallerOf) -> None:
    @router.post(
        "/releases/{ref}/withdraw",
        tags=["releases"],
        summary="Withdraw it",
        responses=problems(400, 401, 403, 404, 409, 413, 422, 503),
    )
    async def withdraw(
        ref: Ref, remark: Remark, caller: Annotated[Caller, Depends(caller_of)]
    ) -> DecidedOut:
        """Its issuer takes it back; if it is out, all who had it are told at once."""
        return decided_out(await decide.withdraw(desk, caller, ref, remark.note))
