"""The pictures of public releases, as files at addresses of their own."""

import asyncio
from dataclasses import replace
from pathlib import PurePosixPath
from urllib.parse import quote

from fastapi import Request
from fastapi.responses import Response

from tidewire.formats import site
from tidewire.newsroom.answers import missing
from tidewire.newsroom.reading import GONE, NOT_FOUND
from tidewire.newsroom.shelf import Kept, kept
from tidewire.store import editions, pictures
from tidewire.store.database import Database
from tidewire.vault.pictures import public_bytes

# A browser may keep one for a day; what is shared looks again each minute, so that what was
# killed is not handed out by others for long.
CACHING = "public, max-age=86400, s-maxage=60"

_MISSING = Kept(b"", status=NOT_FOUND)


async def picture_file(database: Database, ref: str, file: str) -> Kept:
    """The file that a public release has under this name ("k3m...q.jpg").

    Gone where the release was taken back, or a correction holds it no more.
    """
    name, _, ending = file.partition(".")
    if "\0" in ref + file:
        return _MISSING
    async with database.transaction() as tx:
        edition = await editions.public(tx, ref)
        if edition is None:
            return _MISSING
        named = (one for one in edition.release.pictures if one.ref == name)
        picture = next(named, None)
        if picture is None or edition.retracted:
            known = await pictures.was_public(tx, edition.release_id, name)
            return kept(b"", status=GONE) if known else _MISSING
        stored = await pictures.stored(tx, name) if ending == picture.ending else None
    if stored is None or stored.key is None:
        return _MISSING
    found = kept(await asyncio.to_thread(public_bytes, stored), picture.media_type)
    stem = PurePosixPath(picture.file).stem
    return replace(found, name=f"{stem}.{picture.ending}" if stem else "")


def picture_answer(request: Request, found: Kept) -> Response:
    """The file, 304 where the reader holds it, or that it is gone or was never here."""
    if found.status == NOT_FOUND:
        return missing(request)
    if found.status == GONE:
        return Response(b"", GONE, {"Cache-Control": "no-cache"})
    headers = {"ETag": found.tag, "Cache-Control": CACHING}
    if found.name:  # RFC 6266, RFC 8187
        headers["Content-Disposition"] = f"inline; filename*=UTF-8''{quote(found.name, safe='')}"
    asked = request.headers.get("if-none-match", "")
    if asked and site.still_fresh(asked, found.tag):
        return Response(status_code=304, headers=headers)
    return Response(found.body, 200, headers, found.media_type)
