"""Renderings: each edition in each language and format is made once, and kept in memory."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence

from tidewire.formats.article import Audience
from tidewire.model.release import Edition
from tidewire.outlets.forms import FORMS

KEPT_BYTES = 64 * 1024 * 1024

_Key = tuple[int, int, str, str, Audience]  # release, version, language, format, for whom


class Renderings:
    """Documents by edition, language, format and audience, the same bytes for all who ask.

    A version never changes once it is public, so that nothing here grows old. `made` counts.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url
        self._kept: OrderedDict[_Key, bytes] = OrderedDict()
        self._bytes = 0
        self._making = asyncio.Lock()  # many come at once for the newest; one makes it
        self.made = 0

    async def of(
        self, wanted: Sequence[tuple[Edition, str]], form: str, audience: Audience
    ) -> list[bytes]:
        """The documents of these editions in these languages, in the order asked."""
        async with self._making:
            keys = [(e.release_id, e.version, tag, form, audience) for e, tag in wanted]
            missing = [at for at, key in enumerate(keys) if key not in self._kept]
            fresh: dict[_Key, bytes] = {}
            if missing:
                made = await asyncio.to_thread(
                    self._make, [wanted[at] for at in missing], form, audience
                )
                fresh = {keys[at]: one for at, one in zip(missing, made, strict=True)}
            answer = [fresh[key] if key in fresh else self._kept[key] for key in keys]
            for key, one in fresh.items():
                self._kept[key] = one
                self._bytes += len(one)
            for key in keys:
                self._kept.move_to_end(key)
            while self._bytes > KEPT_BYTES:
                _, gone = self._kept.popitem(last=False)
                self._bytes -= len(gone)
            return answer

    def _make(
        self, wanted: Sequence[tuple[Edition, str]], form: str, audience: Audience
    ) -> list[bytes]:
        make, _ = FORMS[form]
        self.made += len(wanted)
        return [make(e, tag, self._base_url, audience=audience) for e, tag in wanted]
