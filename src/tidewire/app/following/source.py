"""Another Tidewire, read as an outlet reads it: GET /api/v1/wire, from a cursor on."""

from collections import defaultdict
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import msgspec

from tidewire.model.errors import BadInput, NotFound, Unauthenticated, Unavailable
from tidewire.model.release import Act

LIMIT = 25  # editions in one answer
MOST_BYTES = 64_000_000  # of one answer
MOST_PICTURE = 10_000_000  # bytes; a Tidewire takes no larger one
_SECONDS = 60  # for one answer, besides what it waits for the next edition
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


class Issuer(msgspec.Struct):
    """Whose release it is, as the other wire knows them."""

    slug: str
    name: str
    website: str = ""


class Told(msgspec.Struct):
    """One edition of the other wire, without its text."""

    sequence: int
    id: str
    version: int
    act: Act
    issuer: Issuer
    note: str = ""
    notice: str = ""


class Run(msgspec.Struct):
    """A run of its editions; `next` is the cursor behind it."""

    items: list[Told]
    next: int
    more: bool


class Source:
    """The other wire at `url`; `key` is that of an outlet there, "" for what everybody may see.

    Raises BadInput for an address that is none, or that would carry the key in the clear.
    """

    def __init__(self, url: str, key: str = "") -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
            raise BadInput("This is no address of a wire.", "Write it as https://wire.example.")
        if key and parts.scheme == "http" and parts.hostname not in _LOOPBACK:
            raise BadInput("The key would go over http, for all to read.", "Give an https address.")
        self.url = url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}

    async def run(self, after: int, wait: int = 0) -> tuple[Run, dict[int, list[Any]]]:
        """Its editions behind `after`, and of each the ninjs items, by sequence number.

        None for an edition that was taken back since. Raises Unavailable, Unauthenticated.
        """
        raw = await self._get(after, "json", wait)
        try:
            run = msgspec.json.decode(raw, type=Run)
            # What is asked for second may hold more, or lack what was taken back meanwhile.
            items = msgspec.json.decode(await self._get(after, "ninjs", 0))["items"]
            found: dict[int, list[Any]] = defaultdict(list)
            for item in items:
                place = next(a["value"] for a in item["altIds"] if a["role"] == "sequence")
                found[int(place)].append(item)
        except (msgspec.MsgspecError, LookupError, TypeError, ValueError, StopIteration):
            raise Unavailable(
                "What the other wire answers cannot be read.", "Is it a Tidewire, and this version?"
            ) from None
        numbers = [after, *(told.sequence for told in run.items)]
        if any(later <= earlier for earlier, later in pairwise(numbers)):
            raise Unavailable("The other wire's editions are not in their order.", "Ask it why.")
        return run, found

    async def picture(self, href: str) -> bytes:
        """The picture at an address of the other wire; b"" where it lies elsewhere or is gone.

        The key does not go along. Raises Unavailable.
        """
        if not href.startswith(f"{self.url}/releases/"):
            return b""
        try:
            return await self._fetch(href, {}, {}, _SECONDS, MOST_PICTURE)
        except NotFound:
            return b""

    async def _get(self, after: int, form: str, wait: int) -> bytes:
        query: dict[str, str | int] = {"after": after, "limit": LIMIT, "format": form, "wait": wait}
        url = f"{self.url}/api/v1/wire"
        return await self._fetch(url, query, self._headers, _SECONDS + wait, MOST_BYTES)

    async def _fetch(
        self,
        url: str,
        query: dict[str, str | int],
        headers: dict[str, str],
        seconds: float,
        most: int,
    ) -> bytes:
        limit = aiohttp.ClientTimeout(total=seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.get(url, params=query, headers=headers, allow_redirects=False) as answer,
            ):
                _judge(answer.status)
                raw = bytearray()
                async for chunk in answer.content.iter_chunked(65_536):
                    raw += chunk
                    if len(raw) > most:
                        raise Unavailable("The other wire's answer is too large.", "Ask it why.")
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise Unavailable("The other wire does not answer.", "Ask again later.") from None
        return bytes(raw)


def _judge(status: int) -> None:
    if status in (401, 403):
        raise Unauthenticated("The other wire does not take this key.", "Ask it for another.")
    if status == 400:
        raise BadInput(
            "The other wire has not come as far as was taken from it before.",
            "It is another wire by now, or began anew: follow it under another name.",
        )
    if status in (404, 410):
        raise NotFound(f"The other wire answered {status}.", "Is this the address of a Tidewire?")
    if status != 200:
        raise Unavailable(f"The other wire answered {status}.", "Ask again later.")
