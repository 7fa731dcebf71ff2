"""LibreTranslate: its HTTP API, in JSON, over the client of aiohttp."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any, TypeGuard

import aiohttp

from tidewire.model.errors import Unavailable
from tidewire.translation.provider import (
    SECONDS,
    Busy,
    Pause,
    batches,
    chosen,
    no_answer,
    no_entry,
    nonsense,
    quota_used,
    retried,
)

MOST_BYTES = 4_000_000  # of one answer
_CODES = {"zt": "zh-Hant", "zh": "zh-Hans"}  # what its older versions call Chinese


class LibreTranslate:
    """A LibreTranslate server; `key` is "" where it asks for none."""

    name = "LibreTranslate"

    def __init__(
        self, url: str, key: str = "", *, seconds: float = SECONDS, pause: Pause = asyncio.sleep
    ) -> None:
        self._url = url.rstrip("/")
        self._key = key
        self._seconds = seconds
        self._pause = pause

    async def languages(self) -> tuple[str, ...]:
        """What it translates into, from whatever language."""
        return tuple(await self._offered())

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """See Provider. Texts go as HTML, so that it keeps tags where they are."""
        offered = await self._offered()
        languages = {
            "source": offered[chosen(self.name, tuple(offered), source)],
            "target": offered[chosen(self.name, tuple(offered), target)],
        }
        done: list[str] = []
        for batch in batches(texts):
            document: dict[str, Any] = {"q": batch, "format": "html", **languages}
            if self._key:
                document["api_key"] = self._key
            answer = await self._ask("/translate", document)
            said = answer.get("translatedText") if isinstance(answer, dict) else None
            if not _texts(said) or len(said) != len(batch):
                raise nonsense(self.name)
            done += said
        return done

    async def _offered(self) -> dict[str, str]:
        """Its own codes, by their BCP 47 tags."""
        answer = await self._ask("/languages", None)
        if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
            raise nonsense(self.name)
        codes = [one.get("code") for one in answer]
        if not codes or not _texts(codes):
            raise nonsense(self.name)
        return {_CODES.get(code, code): code for code in codes}

    async def _ask(self, path: str, document: dict[str, Any] | None) -> Any:
        return await retried(self.name, lambda: self._once(path, document), self._pause)

    async def _once(self, path: str, document: dict[str, Any] | None) -> Any:
        method = "GET" if document is None else "POST"
        limit = aiohttp.ClientTimeout(total=self._seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit) as session,
                session.request(
                    method, self._url + path, json=document, allow_redirects=False
                ) as answer,
            ):
                self._judge(answer)
                raw = bytearray()
                async for chunk in answer.content.iter_chunked(65_536):
                    raw += chunk
                    if len(raw) > MOST_BYTES:
                        raise nonsense(self.name)
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise no_answer(self.name) from None
        try:
            return json.loads(raw)
        except (ValueError, RecursionError):
            raise nonsense(self.name) from None

    def _judge(self, answer: aiohttp.ClientResponse) -> None:
        """Raises what a status stands for; 200 passes."""
        if answer.status == 429:
            after = answer.headers.get("Retry-After", "")
            known = after.isascii() and after.isdigit()
            raise Busy(float(after[:9]) if known else None)
        if answer.status == 456:
            raise quota_used(self.name)
        if answer.status in (401, 403):
            raise no_entry(self.name)
        if answer.status != 200:
            raise Unavailable(
                f"{self.name} answered {answer.status}.", "Ask again later, or translate by hand."
            )


def _texts(said: object) -> TypeGuard[list[str]]:
    return isinstance(said, list) and all(isinstance(one, str) for one in said)
