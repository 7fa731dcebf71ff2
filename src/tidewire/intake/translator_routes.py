"""The translator's view: an address that makes links, and the page that a link opens."""

import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field

from tidewire.access.answers import problems
from tidewire.access.bearer import caller_dependency, keyed_route
from tidewire.access.bounded import BoundedRoute
from tidewire.access.tokens import Signer
from tidewire.formats.addresses import translate_url
from tidewire.intake.edge import Edge
from tidewire.intake.strings import Code, Short
from tidewire.intake.submit import Intake
from tidewire.intake.translation_link import (
    TranslationLink,
    form_proof,
    make_link,
    read_link,
    write_link,
)
from tidewire.intake.translator_page import refusal_page, translator_page
from tidewire.intake.translator_view import Sent, View, hand_in, open_view, save
from tidewire.model.errors import Forbidden, TooLarge, WireError
from tidewire.model.issuer import Caller

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex, nofollow",
}
MOST_HOURS = 30 * 24
MOST_FIELDS = 20_000
STATUS = {"elsewhere": 409, "refused": 422}


class LinkIn(Edge):
    """Who is to translate, into what, and for how long the link opens."""

    to: Annotated[Code, Field(min_length=1, description="The language wanted, BCP 47.")]
    translator: Annotated[Short, Field(min_length=1, description="Who translates it.")]
    hours: Annotated[int, Field(ge=1, le=MOST_HOURS, description="How long it opens.")] = 72


class LinkOut(BaseModel):
    """A link; whoever has it can read the release and hand a translation in."""

    url: str
    language: str
    translator: str
    expires_at: datetime


def routes(intake: Intake, signer: Signer, base_url: str) -> APIRouter:
    """The address for issuers and editors, and the page for translators."""
    caller_of = caller_dependency(intake.database)
    router = APIRouter()
    links = APIRouter(route_class=keyed_route(caller_of))
    pages = APIRouter(include_in_schema=False, route_class=BoundedRoute)

    @links.post(
        "/{ref}/translation-links",
        status_code=201,
        summary="A link for a translator",
        responses=problems(400, 401, 403, 404, 409, 413, 422, 503),
    )
    async def link(
        ref: Annotated[str, Path(description="The release's ref.", max_length=100)],
        wanted: LinkIn,
        caller: Annotated[Caller, Depends(caller_of)],
        response: Response,
    ) -> LinkOut:
        """Opens source and translation side by side in a browser; who has the link has the text."""
        made = await make_link(
            intake, caller, ref, wanted.to, translator=wanted.translator, hours=wanted.hours
        )
        response.headers["Cache-Control"] = "no-store"
        return LinkOut(
            url=translate_url(base_url, write_link(signer, made)),
            language=made.language,
            translator=made.translator,
            expires_at=made.expires,
        )

    @pages.get("/translate/{token}")
    async def show(token: str) -> Response:
        async def work(link: TranslationLink) -> View:
            return await open_view(intake, link)

        return await _answer(intake, signer, token, work)

    @pages.post("/translate/{token}")
    async def change(request: Request, token: str) -> Response:
        async def work(link: TranslationLink) -> View:
            form = await _form(request)
            proof = form.get("form", "").encode()
            if not hmac.compare_digest(proof, form_proof(signer, token).encode()):
                raise Forbidden("This form was not made for this page.", "Open your link again.")
            texts = {name[2:]: text for name, text in form.items() if name.startswith("t-")}
            sent = Sent(texts, form.get("basis", ""), form.get("seen", ""))
            act = hand_in if form.get("act") == "hand-in" else save
            return await act(intake, link, sent)

        return await _answer(intake, signer, token, work)

    router.include_router(links, prefix="/api/v1/releases", tags=["releases"])
    router.include_router(pages)
    return router


async def _answer(
    intake: Intake,
    signer: Signer,
    token: str,
    work: Callable[[TranslationLink], Awaitable[View]],
) -> Response:
    """The page after `work`; what cannot be done is a page too, in words for a person."""
    try:
        link = read_link(signer, token, intake.clock.now())
        view = await work(link)
    except WireError as error:
        return HTMLResponse(refusal_page(error), error.status, headers=HEADERS)
    page = translator_page(view, link, form_proof(signer, token))
    return HTMLResponse(page, STATUS.get(view.outcome, 200), headers=HEADERS)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a URL-encoded form, the last of each name. Raises TooLarge."""
    raw = (await request.body()).decode("utf-8", "replace")
    try:
        found = parse_qs(raw, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise TooLarge("This form has too many fields.", "Send it as the page has it.") from None
    return {name: values[-1] for name, values in found.items()}
