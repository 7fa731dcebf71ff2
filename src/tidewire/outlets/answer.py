"""An answer of the wire: one body for a run of documents, its validator, compression, headers."""

import asyncio
import gzip
import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from tidewire.formats.newsml_g2 import MESSAGE_TYPE, news_message
from tidewire.formats.site import entity_tag, still_fresh
from tidewire.outlets.archive import Part, archive_item
from tidewire.outlets.forms import FORMS, MANY_NITF

_WORTH_SQUEEZING = 500  # bytes
_EMPTY = datetime(1970, 1, 1, tzinfo=UTC)  # when a message without items was sent


def compose(
    part: Part, form: str, documents: Sequence[bytes], host: str
) -> tuple[bytes, str] | None:
    """(body, media type) of a run of documents, of each edition in its order.

    None for an empty run in a format whose envelope may not be empty.

    JSON formats stand in {"items", "next", "head", "more"}; NewsML-G2 in a newsMessage; NITF,
    which has no such envelope, in multipart/mixed (RFC 2046), one part each.
    """
    if not documents and form in ("newsml-g2", "nitf"):
        return None
    if form == "newsml-g2":
        sent = max((e.published_at or _EMPTY for e in part.editions), default=_EMPTY)
        return news_message(documents, sent, host), MESSAGE_TYPE
    if form == "nitf":
        return _multipart(documents, FORMS[form][1])
    items = _archive(part, documents) if form == "json" else [msgspec.Raw(d) for d in documents]
    run = {"items": items, "next": part.next, "head": part.head, "more": part.more}
    return msgspec.json.encode(run), FORMS[form][1]


async def respond(
    request: Request, body: bytes, media_type: str, headers: Mapping[str, str], *, keyed: bool
) -> Response:
    """200 with the body, compressed where that is asked for; 304 where the reader has it.

    Compressed bytes have a validator of their own (RFC 9110 section 8.8.3.3).
    """
    squeezed = len(body) >= _WORTH_SQUEEZING and _takes_gzip(
        request.headers.get("accept-encoding", "")
    )
    tag = entity_tag(body)
    tag = f'{tag[:-1]}-gzip"' if squeezed else tag
    answered = {
        **headers,
        "etag": tag,
        "cache-control": "private, no-cache" if keyed else "public, no-cache",
        "vary": "Accept, Accept-Encoding, Authorization",
    }
    asked = ", ".join(request.headers.getlist("if-none-match"))
    if asked and still_fresh(asked, tag):
        return Response(status_code=304, headers=answered)
    if squeezed:
        body = await asyncio.to_thread(gzip.compress, body, 6, mtime=0)
        answered["content-encoding"] = "gzip"
    answered |= {"content-type": media_type, "content-length": str(len(body))}
    return Response(b"" if request.method == "HEAD" else body, headers=answered)


def next_link(base_url: str, after: int, asked: Mapping[str, str]) -> str:
    """The Link header (RFC 8288) to what comes behind this answer, asked for in the same way."""
    query = urlencode({**asked, "after": str(after)})
    return f'<{base_url}/api/v1/wire?{query}>; rel="next"'


def _archive(part: Part, documents: Sequence[bytes]) -> list[dict[str, object]]:
    """Each edition once, its languages together; `documents` run through all of them."""
    items, at = [], 0
    for edition in part.editions:
        count = len(edition.release.renditions)
        whole = [msgspec.json.decode(one) for one in documents[at : at + count]]
        items.append(archive_item(part, edition, whole))
        at += count
    return items


def _multipart(documents: Sequence[bytes], kind: str) -> tuple[bytes, str]:
    """The documents as parts, under a boundary that comes from what they say."""
    boundary = hashlib.sha256(b"".join(documents)).hexdigest()[:32]
    lines = [
        f"--{boundary}\r\nContent-Type: {kind}\r\n\r\n".encode() + document + b"\r\n"
        for document in documents
    ]
    body = b"".join(lines) + f"--{boundary}--\r\n".encode()
    return body, f'{MANY_NITF}; boundary="{boundary}"'


def _takes_gzip(accept: str) -> bool:
    for part in accept.split(","):
        coding, _, weight = part.strip().partition(";")
        if coding.strip().lower() == "gzip":
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
