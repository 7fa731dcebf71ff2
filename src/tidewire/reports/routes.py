"""The addresses of reports: a page for people, JSON for programs. For issuer and desk only."""

import hmac
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response

from tidewire.access.answers import problems
from tidewire.access.bearer import Shown
from tidewire.access.keys import caller_of
from tidewire.access.tokens import Signer
from tidewire.clock import Clock
from tidewire.formats import addresses, site
from tidewire.languages import best, known
from tidewire.model.errors import NotFound, Unauthenticated
from tidewire.model.issuer import Role
from tidewire.reports.distribution import Distribution, distribution
from tidewire.reports.pages import report_page
from tidewire.store import version_facts
from tidewire.store.database import Connection, Database

PURPOSE = "report"
LAST_VERSION = 32_767  # the store's smallint
PRIVATE = {"Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"}
Version = Annotated[
    int | None,
    Query(ge=1, le=LAST_VERSION, description="The newest published version where left out."),
]

Token = Annotated[str, Query(description="The token of a report's link, instead of a key.")]


def report_link(signer: Signer, base_url: str, ref: str) -> str:
    """The report's address with the token that opens it in any browser."""
    return f"{addresses.report_url(base_url, ref)}?token={signer.sign(PURPOSE, ref)}"


def routes(
    database: Database, clock: Clock, signer: Signer, base_url: str, *, mail_leaves: bool = True
) -> APIRouter:
    """The reports; without a relay (`mail_leaves` false) the page says so.

    Mount it before the newsroom, whose addresses would hide /report.
    """
    router = APIRouter(tags=["reports"])

    @router.get(
        "/api/v1/releases/{ref}/report",
        summary="What became of a release",
        responses=problems(401, 404, 422, 503),
    )
    async def report(
        response: Response,
        ref: str,
        held: Shown,
        version: Version = None,
        token: Token = "",
    ) -> Distribution:
        """What became of a release: counts and times by channel, country and language."""
        response.headers.update(PRIVATE)
        async with database.transaction() as tx:
            await _admit(tx, signer, ref, held.credentials if held else "", token)
            return await distribution(tx, ref, version, now=clock.now())

    @router.get("/releases/{ref}/report", include_in_schema=False)
    async def page(
        request: Request,
        ref: str,
        held: Shown,
        version: Version = None,
        token: Token = "",
        language: str = "",
    ) -> Response:
        async with database.transaction() as tx:
            await _admit(tx, signer, ref, held.credentials if held else "", token)
            wanted = site.wanted_languages(request.headers.get("accept-language", ""))
            tongue = best(known(), [language, *wanted] if language else wanted) or "en"
            found = await distribution(tx, ref, version, now=clock.now(), language=tongue)
        headers = {**PRIVATE, "Vary": "Accept, Accept-Language"}
        accept = request.headers.get("accept", "")
        if "application/json" in accept and "text/html" not in accept:
            return Response(msgspec.json.encode(found), 200, headers, "application/json")
        text = report_page(
            found, language=tongue, base_url=base_url, token=token, mail_leaves=mail_leaves
        )
        return HTMLResponse(text, headers=headers)

    return router


async def _admit(tx: Connection, signer: Signer, ref: str, bearer: str, token: str) -> None:
    """Raises Unauthenticated without a key or link, NotFound where it is not this release's.

    Who may not see a release is told the same as who asks for one that is not there.
    """
    unknown = NotFound(f"There is no release {ref} that you may see.", "Check the id and the key.")
    if token:
        if not hmac.compare_digest(signer.read(PURPOSE, token).encode(), ref.encode()):
            raise unknown
        return
    if not bearer:
        raise Unauthenticated(
            "This report is for the release's issuer and the desk.",
            "Send a key as 'Authorization: Bearer tw_...', or open the link with its token.",
        )
    caller = await caller_of(tx, bearer)
    known_versions = [] if "\0" in ref else await version_facts.versions(tx, ref)
    owner = known_versions[0].issuer_id if known_versions else None
    if owner is None or (caller.role is not Role.EDITOR and caller.issuer_id != owner):
        raise unknown
