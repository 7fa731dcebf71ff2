"""The issuer's side of the API: hand in, look, hand in again."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Body, Depends, Header, Path, Query, Request, Response

from tidewire.access.answers import problems
from tidewire.access.bearer import caller_dependency, keyed_route
from tidewire.access.refs import must_be_ref, unknown_release
from tidewire.bus.bell import Bell
from tidewire.clock import Clock
from tidewire.formats.xliff.names import MEDIA_TYPE
from tidewire.intake import submit as act
from tidewire.intake.add_rendition import add_rendition
from tidewire.intake.answers import (
    AddedOut,
    ReleaseOut,
    ReleasesOut,
    TakenOut,
    added_out,
    release_out,
    taken_out,
)
from tidewire.intake.give_out import give_out, no_machine
from tidewire.intake.strings import Code
from tidewire.intake.submission import Correction, RenditionIn, Submission
from tidewire.intake.take_back import take_xliff, translate
from tidewire.intake.translated import BODIES, translated_route
from tidewire.model.issuer import Caller, Role
from tidewire.model.opening import Why, opening_by
from tidewire.store import releases
from tidewire.store.database import Database
from tidewire.translation.provider import Provider
from tidewire.vault.vault import Vault

Ref = Annotated[str, Path(description="The release's ref.", max_length=100)]
Key = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        pattern=r"^[!-~]{1,200}$",
        description="Your own name for this submission: sent again, it is stored only once.",
    ),
]


def routes(
    database: Database,
    clock: Clock,
    bell: Bell,
    vault: Vault,
    *,
    translator: Provider | None = None,
) -> APIRouter:
    """The router of intake; `translator` is the machine that translates, None for none."""
    intake = act.Intake(database, clock, bell, vault)
    caller_of = caller_dependency(database)
    router, for_issuers, for_all = (
        APIRouter(),
        APIRouter(route_class=translated_route(keyed_route(caller_of, Role.ISSUER))),
        APIRouter(route_class=keyed_route(caller_of)),
    )
    _add_hand_in(for_issuers, intake, caller_of)
    _add_reading(for_all, intake, caller_of)
    _add_renditions(for_all, intake, caller_of)
    _add_translation(for_all, intake, caller_of, translator)
    for part in (for_issuers, for_all):
        router.include_router(part, prefix="/api/v1/releases", tags=["releases"])
    return router


def replacement(
    database: Database, clock: Clock, bell: Bell, vault: Vault
) -> Callable[[str, Correction], Awaitable[act.Replacement]]:
    """A FastAPI dependency that reads and checks the body of a correction, for the desk."""
    intake = act.Intake(database, clock, bell, vault)

    async def read(ref: Ref, correction: Correction) -> act.Replacement:
        return await act.replacement(intake, ref, correction)

    return read


def _add_hand_in(router: APIRouter, intake: act.Intake, caller_of: object) -> None:
    @router.post(
        "",
        status_code=201,
        summary="Hand in a release",
        openapi_extra=BODIES,
        responses={
            200: {"model": TakenOut, "description": "It was here already, or this is a dry run."},
            201: {
                "description": "Stored.",
                "headers": {"Location": {"schema": {"type": "string"}}},
            },
            **problems(400, 401, 403, 409, 413, 422, 503),
        },
    )
    async def hand_in(
        submission: Submission,
        caller: Annotated[Caller, Depends(caller_of)],
        response: Response,
        idempotency_key: Key = None,
        dry_run: Annotated[bool, Query(description="Only check; store nothing.")] = False,
    ) -> TakenOut:
        """Checked, then stored once; errors refuse it, warnings come with the answer."""
        taken = await act.submit(intake, caller, submission, key=idempotency_key, dry_run=dry_run)
        if taken.replayed or dry_run:
            response.status_code = 200
        if taken.ref:
            response.headers["Location"] = f"/api/v1/releases/{taken.ref}"
        return taken_out(taken)

    @router.post(
        "/{ref}/resubmit",
        summary="Hand in a returned release again",
        openapi_extra=BODIES,
        responses=problems(400, 401, 403, 404, 409, 413, 422, 503),
    )
    async def hand_in_again(
        ref: Ref, submission: Submission, caller: Annotated[Caller, Depends(caller_of)]
    ) -> TakenOut:
        """The new content takes the place of the returned one."""
        return taken_out(await act.resubmit(intake, caller, ref, submission))


def _add_renditions(router: APIRouter, intake: act.Intake, caller_of: object) -> None:
    @router.post(
        "/{ref}/renditions",
        status_code=201,
        summary="Hand in one more rendition",
        responses={
            200: {"model": AddedOut, "description": "It replaced one, or this is a dry run."},
            **problems(400, 401, 403, 404, 409, 413, 422, 503),
        },
    )
    async def one_more(
        ref: Ref,
        rendition: RenditionIn,
        caller: Annotated[Caller, Depends(caller_of)],
        response: Response,
        dry_run: Annotated[bool, Query(description="Only check; store nothing.")] = False,
    ) -> AddedOut:
        """Checked against the release; it goes, with it or after it, once the desk approves it."""
        added = await add_rendition(intake, caller, ref, rendition, dry_run=dry_run)
        if added.replaced or dry_run:
            response.status_code = 200
        return added_out(added)


def _add_reading(router: APIRouter, intake: act.Intake, caller_of: object) -> None:
    @router.get("", summary="The caller's releases", responses=problems(401, 403, 422, 503))
    async def own(
        caller: Annotated[Caller, Depends(caller_of)],
        limit: Annotated[int, Query(ge=1, le=500)] = 100,
    ) -> ReleasesOut:
        """An issuer's own releases, the newest first."""
        issuer_id = act.issuer_of(caller)
        async with intake.database.transaction() as tx:
            rows = await releases.queue(tx, issuer_id=issuer_id, limit=limit)
            rows = await intake.vault.rows(tx, rows, opening_by(caller, Why.QUEUE))
        return ReleasesOut(releases=[release_out(row) for row in rows])

    @router.get("/{ref}", summary="Where a release stands", responses=problems(401, 404, 422, 503))
    async def one(ref: Ref, caller: Annotated[Caller, Depends(caller_of)]) -> ReleaseOut:
        """For its issuer and for editors."""
        must_be_ref(ref)
        issuer_id = None if caller.role is Role.EDITOR else act.issuer_of(caller)
        async with intake.database.transaction() as tx:
            rows = await releases.queue(tx, ref=ref, issuer_id=issuer_id)
            rows = await intake.vault.rows(tx, rows, opening_by(caller, Why.SHOW))
        if not rows:
            raise unknown_release()
        return release_out(rows[0])


def _add_translation(
    router: APIRouter, intake: act.Intake, caller_of: object, provider: Provider | None
) -> None:
    @router.get(
        "/{ref}/xliff",
        summary="A release for a translator's tool",
        response_class=Response,
        responses={
            200: {"content": {MEDIA_TYPE: {}}, "description": "XLIFF 2.1."},
            **problems(401, 403, 404, 422, 503),
        },
    )
    async def xliff(
        ref: Ref,
        caller: Annotated[Caller, Depends(caller_of)],
        to: Annotated[str, Query(description="The language wanted, BCP 47.", max_length=60)],
        machine: Annotated[
            bool, Query(description="Fill in what the machine makes of it, in state initial.")
        ] = False,
    ) -> Response:
        """The rendition that prevails, as XLIFF 2.1. For its issuer and for editors."""
        if machine and provider is None:
            raise no_machine()
        given = await give_out(intake, caller, ref, to, provider if machine else None)
        return Response(given, media_type=MEDIA_TYPE)

    @router.post(
        "/{ref}/xliff",
        status_code=201,
        summary="Hand in a translation",
        openapi_extra={"requestBody": {"required": True, "content": {MEDIA_TYPE: {"schema": {}}}}},
        responses={
            200: {"model": AddedOut, "description": "It replaced one, or this is a dry run."},
            **problems(400, 401, 403, 404, 409, 413, 422, 503),
        },
    )
    async def take(
        ref: Ref,
        request: Request,
        caller: Annotated[Caller, Depends(caller_of)],
        response: Response,
        translator: Annotated[str, Query(description="Who translated it.", max_length=200)] = "",
        dry_run: Annotated[bool, Query(description="Only check; store nothing.")] = False,
    ) -> AddedOut:
        """The whole translation, as XLIFF 2.1; it goes once the desk approves it."""
        raw = await request.body()
        added = await take_xliff(intake, caller, ref, raw, translator=translator, dry_run=dry_run)
        if added.replaced or dry_run:
            response.status_code = 200
        return added_out(added)

    @router.post(
        "/{ref}/translate",
        status_code=201,
        summary="Have it translated by machine",
        responses=problems(400, 401, 403, 404, 409, 413, 422, 503),
    )
    async def by_machine(
        ref: Ref,
        to: Annotated[
            list[Code],
            Body(embed=True, description="Languages, BCP 47.", min_length=1, max_length=10),
        ],
        caller: Annotated[Caller, Depends(caller_of)],
    ) -> list[AddedOut]:
        """A rendition in each language, labelled as the machine's; all wait for the desk."""
        if provider is None:
            raise no_machine()
        added = await translate(intake, caller, ref, provider, to)
        return [added_out(one) for one in added]
