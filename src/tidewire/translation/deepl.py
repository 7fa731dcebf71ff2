"""DeepL, through its own client, which is synchronous: each call runs in a thread."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import deepl

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

T = TypeVar("T")

# The client tries again by itself for minutes; how long we try is ours to say. Its answers to
# 429 do not hand Retry-After on, so that waits are those of `retried`.
deepl.http_client.max_network_retries = 0
# At its debug level it writes the texts it sends.
logging.getLogger("deepl").setLevel(logging.WARNING)


class DeepL:
    """DeepL's API; `url` is None for its own, free or paid as the key says."""

    name = "DeepL"

    def __init__(
        self,
        key: str,
        url: str | None = None,
        *,
        seconds: float = SECONDS,
        pause: Pause = asyncio.sleep,
    ) -> None:
        self._client = deepl.DeepLClient(key, server_url=url, send_platform_info=False)
        self._seconds = seconds
        self._pause = pause

    async def languages(self) -> tuple[str, ...]:
        """What it translates into."""
        found = await self._ask(self._client.get_target_languages)
        return tuple(language.code for language in found)

    async def translate(self, texts: Sequence[str], source: str, target: str) -> list[str]:
        """See Provider. Texts go as HTML (`tag_handling`), so that it keeps tags where they are."""
        into = chosen(self.name, await self.languages(), target)
        done: list[str] = []
        for batch in batches(texts):
            answer = await self._ask(partial(self._send, batch, source, into))
            if len(answer) != len(batch):
                raise nonsense(self.name)
            done += [one.text for one in answer]
        if not all(isinstance(text, str) for text in done):
            raise nonsense(self.name)
        return done

    def _send(self, batch: list[str], source: str, into: str) -> list[Any]:
        found = self._client.translate_text(
            batch,
            source_lang=source.partition("-")[0].upper(),
            target_lang=into,
            tag_handling="html",
            split_sentences="nonewlines",
        )
        return found if isinstance(found, list) else [found]

    async def _ask(self, call: Callable[[], T]) -> T:
        return await retried(self.name, lambda: self._once(call), self._pause)

    async def _once(self, call: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.to_thread(call)
        except deepl.TooManyRequestsException:
            raise Busy from None
        except deepl.QuotaExceededException:
            raise quota_used(self.name) from None
        except deepl.AuthorizationException:
            raise no_entry(self.name) from None
        except (deepl.ConnectionException, TimeoutError):
            raise no_answer(self.name) from None
        except (deepl.DeepLException, KeyError, TypeError, ValueError, AttributeError):
            raise nonsense(self.name) from None
