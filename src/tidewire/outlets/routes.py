"""The wire over HTTP: pulled from a cursor on, in the format that an outlet's system reads."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from tidewire.access.answers import problems
from tidewire.access.bearer import Shown
from tidewire.access.tokens import Signer
from tidewire.bus.bell import Bell
from tidewire.clock import Clock
from tidewire.formats.newsml_g2 import MESSAGE_TYPE
from tidewire.outlets.answer import compose, next_link, respond
from tidewire.outlets.archive import MOST, USUAL
from tidewire.outlets.filters import must_be_known, read_filters
from tidewire.outlets.forms import FORMS, MANY_NITF, form_of
from tidewire.outlets.pull import Question, Wire, pull, pull_one
from tidewire.outlets.readers import Reader, reader_of
from tidewire.outlets.waiting import LONGEST
from tidewire.store.database import Database

_FARTHEST = 2**63 - 1  # a sequence number is a bigint

Cursor = Annotated[int, Query(ge=0, le=_FARTHEST, description="the cursor")]
Limit = Annotated[int, Query(ge=1, le=MOST, description="how many editions at most")]
Wait = Annotated[int, Query(ge=0, le=LONGEST, description="seconds to wait for the next one")]
Format = Annotated[str | None, Query(alias="format", description=f"one of {', '.join(FORMS)}")]
Language = Annotated[str | None, Query(description="BCP 47 tag of a rendition")]
Sector = Annotated[str | None, Query(description="a sector's slug")]
Country = Annotated[str | None, Query(description="that it concerns, ISO 3166-1 alpha-2")]
Issuer = Annotated[str | None, Query(description="the issuer's slug")]
Circuit = Annotated[str | None, Query(description="a named audience that it was meant for")]
Sequence = Annotated[int, Path(ge=1, le=_FARTHEST, description="a sequence number of the wire")]


class WireAnswer(BaseModel):
    """A run of the wire, in the order of the sequence, without a gap."""

    items: list[dict[str, Any]] = Field(
        description="In our own JSON one for each edition: a wire item in its first language;"
        " `renditions` holds the other languages, `superseded_by` the sequence number of the"
        " release's newest edition; what was taken back, then or later, keeps its place without"
        " its text. In ninjs one for each edition and language."
    )
    next: int = Field(description="the cursor to go on with, as `after`")
    head: int = Field(description="the last sequence number of the wire")
    more: bool = Field(description="whether there is more behind `next` now")


_REFUSALS = problems(400, 401, 403, 406, 422, 429, 503)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "model": WireAnswer,
        "description": "A run of the wire",
        "content": {MESSAGE_TYPE: {}, MANY_NITF: {}},
        "headers": {
            name: {"schema": {"type": "string"}}
            for name in ("ETag", "Link", "RateLimit", "RateLimit-Policy")
        },
    },
    204: {"description": "Nothing now, in NewsML-G2 or NITF; Link says where to go on"},
    304: {"description": "The reader has it"},
    **_REFUSALS,
}
_ONE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One document",
        "content": {kind.partition(";")[0]: {} for _, kind in FORMS.values()},
    },
    304: {"description": "The reader has it"},
    **_REFUSALS,
    **problems(404),
}
_OPEN: dict[str, Any] = {"security": [{}]}  # a key is not needed


def routes(
    database: Database, clock: Clock, bell: Bell, signer: Signer, base_url: str
) -> APIRouter:
    """The router for /api/v1/wire."""
    wire = Wire(database, clock, bell, signer, base_url)
    host = urlsplit(base_url).hostname or "localhost"
    router = APIRouter(tags=["wire"])

    async def admit(request: Request, shown: Shown) -> tuple[Reader, dict[str, str]]:
        address = request.client.host if request.client else ""
        key = None if shown is None else shown.credentials
        reader = await reader_of(database, signer, key, address)
        return reader, wire.limits.take(reader.who, reader.rate)

    async def run(
        request: Request,
        shown: Shown,
        *,
        after: Cursor = 0,
        limit: Limit = USUAL,
        wait: Wait = 0,
        form: Format = None,
        language: Language = None,
        sector: Sector = None,
        country: Country = None,
        issuer: Issuer = None,
        circuit: Circuit = None,
    ) -> Response:
        """Every published edition behind `after`, in the order of the sequence."""
        reader, headers = await admit(request, shown)
        must_be_known(request.query_params)
        given = {
            "language": language,
            "sector": sector,
            "country": country,
            "issuer": issuer,
            "circuit": circuit,
        }
        wanted = read_filters(given)
        form = form_of(form, ", ".join(request.headers.getlist("accept")))
        question = Question(after, limit, wanted, form, reader.audience, wait)
        part, documents = await pull(wire, question)
        composed = compose(part, form, documents, host)
        headers["link"] = next_link(base_url, part.next, dict(request.query_params))
        if composed is None:
            return Response(status_code=204, headers=headers | {"cache-control": "no-store"})
        return await respond(request, *composed, headers, keyed=shown is not None)

    async def one(
        request: Request,
        shown: Shown,
        sequence: Sequence,
        form: Format = None,
        language: Language = None,
    ) -> Response:
        """One edition in one language as one document."""
        reader, headers = await admit(request, shown)
        wanted = read_filters({"language": language})
        form = form_of(form, ", ".join(request.headers.getlist("accept")))
        document = await pull_one(wire, sequence, wanted.get("language"), form, reader.audience)
        keyed = shown is not None
        return await respond(request, document, FORMS[form][1], headers, keyed=keyed)

    for path, endpoint, summary, said in (
        ("/api/v1/wire", run, "The wire, without gaps", _ANSWERS),
        ("/api/v1/wire/{sequence}", one, "One edition", _ONE),
    ):
        router.add_api_route(
            path,
            endpoint,
            methods=["GET"],
            summary=summary,
            responses=said,
            response_class=Response,
            openapi_extra=_OPEN,
        )
        router.add_api_route(path, endpoint, methods=["HEAD"], include_in_schema=False)
    return router
