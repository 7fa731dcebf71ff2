"""The WordPress REST API (wp/v2) of one site, as its reference has it. Past the egress guard."""

import base64
import html
import json
import ssl
from collections.abc import Mapping
from typing import Any

import aiohttp

from tidewire.channels.egress import Egress
from tidewire.channels.posting.connector import guarded_connector
from tidewire.channels.wordpress.address import Site

ANSWER_BYTES = 4_000_000
POST_FIELDS = "id,slug,status,content"
ALREADY_TRASHED = "rest_already_trashed"


class Unwilling(Exception):
    """The site answered otherwise than hoped. `code` is the API's own word, or ""."""

    def __init__(self, status: int, code: str = "", retry_after: str = "") -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code, self.retry_after = status, code, retry_after


class NotTheApi(Exception):
    """A 2xx that is not the API's JSON: a page, a maintenance note, a login form."""

    def __init__(self, status: int, kind: str) -> None:
        super().__init__(kind)
        self.status, self.kind = status, kind


def open_session(egress: Egress, trust: ssl.SSLContext, agent: str) -> aiohttp.ClientSession:
    """A session without cookies, proxies or memory, that every site can share."""
    return aiohttp.ClientSession(
        connector=guarded_connector(egress, trust),
        connector_owner=True,
        cookie_jar=aiohttp.DummyCookieJar(),
        headers={"User-Agent": agent, "Accept": "application/json"},
        timeout=aiohttp.ClientTimeout(total=None),  # whoever calls counts
    )


class Api:
    """One site, with the rights of one user."""

    def __init__(self, session: aiohttp.ClientSession, site: Site, password: str) -> None:
        self._session, self._site = session, site
        said = base64.b64encode(f"{site.user}:{password}".encode()).decode()
        self._headers = {"Authorization": f"Basic {said}"}

    async def find(self, slug: str) -> int | None:
        """The id of the post with exactly this slug, whatever its status; not in the trash."""
        query = {"slug": slug, "status": "any", "context": "edit", "_fields": POST_FIELDS}
        found = await self._list("/posts", query)
        return next((int(p["id"]) for p in found if _is_post(p) and p.get("slug") == slug), None)

    async def create(self, fields: Mapping[str, object]) -> tuple[int, dict[str, Any]]:
        """Store a new post: (201, the post)."""
        return await self._write("/posts", fields)

    async def update(self, number: int, fields: Mapping[str, object]) -> tuple[int, dict[str, Any]]:
        """Change a post: (200, the post)."""
        return await self._write(f"/posts/{number}", fields)

    async def trash(self, number: int) -> int:
        """Put a post into the trash; one that is there already is a success too."""
        try:
            status, _ = await self._ask("DELETE", f"/posts/{number}", {"_fields": "id"})
        except Unwilling as answer:
            if answer.code != ALREADY_TRASHED:
                raise
            return answer.status
        return status

    async def category(self, name: str) -> int | None:
        """The id of the category with this name or slug."""
        query = {"search": name, "per_page": "100", "_fields": "id,name,slug"}
        for one in filter(_is_post, await self._list("/categories", query)):
            names = (html.unescape(str(one.get("name", ""))), str(one.get("slug", "")))
            if name.casefold() in (said.casefold() for said in names):
                return int(one["id"])
        return None

    async def _list(self, path: str, query: Mapping[str, str]) -> list[Any]:
        """What was found. Anything but a list is no answer: taken for one, posts would double."""
        status, found = await self._ask("GET", path, query)
        if not isinstance(found, list):
            raise NotTheApi(status, "JSON that is no list")
        return found

    async def _write(self, path: str, fields: Mapping[str, object]) -> tuple[int, dict[str, Any]]:
        query = {"context": "edit", "_fields": POST_FIELDS}
        status, made = await self._ask("POST", path, query, fields)
        if not isinstance(made, dict) or not _is_post(made):
            raise NotTheApi(status, "JSON that is no post")
        return status, made

    async def _ask(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        fields: Mapping[str, object] | None = None,
    ) -> tuple[int, Any]:
        """(status, JSON) of a 2xx. Raises Unwilling, NotTheApi, aiohttp.ClientError."""
        async with self._session.request(
            method,
            self._site.api + path,
            params=query,
            json=fields,
            headers=self._headers,
            allow_redirects=False,
        ) as answer:
            raw = await _read(answer)
            said = _json(raw) if answer.content_type.endswith("json") else None
            if not 200 <= answer.status < 300:
                code = said.get("code") if isinstance(said, dict) else ""
                later = answer.headers.get("Retry-After", "")
                raise Unwilling(answer.status, _word(code), later)
            if said is None:
                raise NotTheApi(answer.status, _kind(answer.content_type))
            return answer.status, said


def _is_post(found: Any) -> bool:
    return isinstance(found, dict) and isinstance(found.get("id"), int)


async def _read(answer: aiohttp.ClientResponse) -> bytes:
    """The body; of one that is too long, nothing."""
    found = bytearray()
    async for block in answer.content.iter_chunked(65_536):
        found += block
        if len(found) > ANSWER_BYTES:
            answer.close()
            return b""
    return bytes(found)


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        return None


def _word(code: object) -> str:
    """The API's own word for what is wrong: "rest_invalid_param"; "" for what is none."""
    said = code if isinstance(code, str) else ""
    return said if said.isascii() and said.replace("_", "").isalnum() and len(said) < 60 else ""


def _kind(content_type: str) -> str:
    return "HTML" if "html" in content_type else "something else than JSON"
