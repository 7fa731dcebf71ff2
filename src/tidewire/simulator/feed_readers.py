"""Readers of the wire's feeds: they poll as newsreaders do, and note every entry they see."""

import asyncio
import itertools
import json
from collections.abc import Iterable
from dataclasses import dataclass, field

import aiohttp
from lxml import etree

from tidewire.model.sectors import SECTORS
from tidewire.simulator.truth import Truth

POLL_SECONDS = 1.0
FORMS = ("atom", "rss", "json")
AT_ONCE = 8
ATOM = "{http://www.w3.org/2005/Atom}"
TOMBSTONES = "{http://purl.org/atompub/tombstones/1.0}"
WIRE = "{tag:tidewire.example,2026:wire}"


@dataclass(slots=True)
class FeedReaders:
    """One reader for each feed. The feeds of a language are looked at when its own changed."""

    truth: Truth
    base_url: str
    languages: tuple[str, ...]
    marks: dict[str, dict[str, str]] = field(default_factory=dict)

    async def read(self) -> None:
        """Poll until cancelled."""
        async with self._session() as session:
            while True:
                await self.look(session)
                await asyncio.sleep(POLL_SECONDS)

    async def read_all(self) -> None:
        """One look at every feed, changed or not."""
        async with self._session() as session:
            await self._gather(session, self._names(self.languages))

    async def look(self, session: aiohttp.ClientSession) -> None:
        """Poll the feeds of whole languages; where one changed, those of its sectors too."""
        changed = await self._gather(session, self.languages)
        await self._gather(session, self._names(changed))

    async def _gather(self, session: aiohttp.ClientSession, names: Iterable[str]) -> list[str]:
        """Fetch these feeds; returns the names of those that had something new."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(name: str, form: str) -> tuple[str, bool]:
            async with gate:
                return name, await self._fetch(session, name, form)

        # Each feed has its own form, so that all three are read.
        looks = [one(name, FORMS[len(name) % len(FORMS)]) for name in names]
        return [name for name, new in await asyncio.gather(*looks) if new]

    async def _fetch(self, session: aiohttp.ClientSession, name: str, form: str) -> bool:
        """A conditional GET (RFC 9110 section 13); True where the feed has changed."""
        url = f"{self.base_url}/feeds/{name}.{form}"
        try:
            async with session.get(url, headers=self.marks.get(url, {})) as answer:
                self.truth.answer("feed", answer.status)
                if answer.status != 200:
                    return False
                body = await answer.read()
                if "ETag" in answer.headers:
                    self.marks[url] = {"If-None-Match": answer.headers["ETag"]}
        except (aiohttp.ClientError, TimeoutError):
            self.truth.answer("feed", "no answer")
            return False
        for entry in entries(form, body):
            self.truth.accept("feed", name, entry)
        return True

    def _names(self, languages: Iterable[str]) -> list[str]:
        pairs = itertools.product(languages, ("", *SECTORS))
        return [f"{language}/{sector}" if sector else language for language, sector in pairs]

    def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10))


def entries(form: str, body: bytes) -> list[str]:
    """ "ID.VERSION" of all that stands in a feed: Atom (RFC 4287, RFC 6721), RSS 2.0, JSON Feed."""
    if form == "json":
        items = json.loads(body)["items"]
        return [f"{item['id']}.{item['_tidewire']['version']}" for item in items]
    root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    found = []
    for item in root.iter(f"{ATOM}entry", f"{TOMBSTONES}deleted-entry", "item"):
        entry_id = item.get("ref") or item.findtext("guid") or item.findtext(f"{ATOM}id")
        found.append(f"{entry_id}.{item.findtext(f'{WIRE}version')}")
    return found
