"""The audience index: who gets an edition, and in which language."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pyroaring import BitMap

from tidewire.audience.bitmaps import Readers, Slot, in_circuit, union
from tidewire.audience.interest import MOST_CLAUSES
from tidewire.audience.speaks import speaks_of
from tidewire.audience.words import Keywords
from tidewire.languages import best
from tidewire.model.media_topics import SHIPPED, MediaTopics
from tidewire.model.release import Edition
from tidewire.model.subscriber import Circuit, Facet, Kind
from tidewire.store import interests, media_topics, subscribers
from tidewire.store.database import Connection, Database

SPAN = 250_000  # ids that are read at once: bounds memory here and in the server


@dataclass(frozen=True, slots=True)
class _Found:
    profiles: Sequence[subscribers.Profile]
    clauses: Sequence[tuple[int, BitMap]]
    wants: Sequence[interests.Member]
    excludes: Sequence[interests.Member]


class AudienceIndex:
    """Roaring bitmaps of every active subscriber's interest, kept up with the store."""

    def __init__(self) -> None:
        self._slots = [Slot() for _ in range(MOST_CLAUSES)]
        self._readers = Readers()
        self._terms: dict[int, tuple[Facet, str]] = {}
        self._tags: set[str] = set()
        self._words: set[str] = set()
        self._keywords = Keywords(())
        self._one_at_a_time = asyncio.Lock()
        self._known = BitMap()  # whoever may be in a bitmap
        self._view = ""  # the transactions whose changes it holds
        self._topics: MediaTopics = SHIPPED
        self._topics_of: datetime | None = None  # the import that they are of

    @classmethod
    async def load(cls, database: Database) -> "AudienceIndex":
        """The index of all that the store holds."""
        index = cls()
        async with database.transaction() as tx:
            await _one_view(tx)
            index._view = await subscribers.view(tx)
            for start in range(0, await subscribers.span(tx) + 1, SPAN):
                index._put(await index._read(tx, range(start, start + SPAN)))
            await index._learn_topics(tx)
        index._learn_keywords()
        index._squeeze()
        return index

    async def refresh(self, database: Database) -> int:
        """Take in what changed since; returns how many subscribers did.

        Every change is seen once its transaction has ended. In between the index can be
        asked: a subscriber is changed in one step.
        """
        async with self._one_at_a_time, database.transaction() as tx:
            await _one_view(tx)
            view = await subscribers.view(tx)
            changed = await subscribers.changed(tx, self._view)
            for start in range(0, len(changed), SPAN):
                wanted = changed[start : start + SPAN]
                found = await self._read(tx, wanted)
                self._drop(wanted & self._known)
                self._put(found)
            self._view = view
            self._learn_keywords()
            await self._learn_topics(tx)
        if len(changed) > SPAN:
            self._squeeze()
        return len(changed)

    def match(self, edition: Edition, circuits: Sequence[Circuit] = ()) -> BitMap:
        """The active subscribers whose interest fits, in one of `circuits` if there are any."""
        said = dict(speaks_of(edition, self._keywords, circuits, self._topics))
        said[Facet.LANGUAGE] = self._languages_said(said)
        matched = union(slot.match(said) for slot in self._slots if slot.everyone)
        matched &= self._readers.active
        if circuits:
            matched &= union(in_circuit(c, self._readers, self._slots) for c in circuits)
        return matched

    def choose(self, matched: BitMap, languages: Sequence[str]) -> dict[str, BitMap]:
        """The rendition each of `matched` reads best, by their own ranking (BCP 47 fallback).

        Whoever reads none of `languages` is in none of the bitmaps.
        """
        return self._readers.choose(matched, languages)

    def active(self) -> BitMap:
        """All active subscribers."""
        return self._readers.active.copy()

    def of_kind(self, kind: Kind) -> BitMap:
        """The active subscribers of a kind."""
        return self._readers.kinds.get(kind, BitMap()).copy()

    def size(self) -> int:
        """Bytes of all its bitmaps, serialised."""
        return sum(len(bitmap.serialize()) for bitmap in self._every_bitmap())

    def _languages_said(self, said: Mapping[Facet, frozenset[str]]) -> frozenset[str]:
        """The renditions' languages, and every tag named in a clause that one of them serves."""
        spoken = list(said[Facet.LANGUAGE])
        return frozenset(spoken) | {t for t in self._tags if best(spoken, t) is not None}

    async def _read(self, tx: Connection, wanted: range | BitMap) -> "_Found":
        found = _Found(
            profiles=await subscribers.profiles(tx, wanted),
            clauses=await interests.clauses(tx, wanted),
            wants=await interests.members(tx, wanted, excluded=False),
            excludes=await interests.members(tx, wanted, excluded=True),
        )
        terms = {term for _, term, _ in (*found.wants, *found.excludes)}
        learnt = await interests.terms(tx, sorted(terms - self._terms.keys()))
        self._terms.update(learnt)
        self._tags.update(v for facet, v in learnt.values() if facet is Facet.LANGUAGE)
        self._words.update(v for facet, v in learnt.values() if facet is Facet.KEYWORD)
        return found

    def _drop(self, ids: BitMap) -> None:
        if ids:
            for bitmap in self._every_bitmap():
                bitmap -= ids

    def _put(self, found: "_Found") -> None:
        """Put in subscribers that no bitmap holds."""
        self._known |= union(profile[-1] for profile in found.profiles)
        self._known |= union(ids for _, ids in found.clauses)
        for kind, country, languages, outlet_kind, ids in found.profiles:
            self._readers.add(Kind(kind), country, languages, outlet_kind, ids)
        for number, term, ids in found.wants:
            facet, value = self._terms[term]
            self._slots[number].wants[facet][value] |= ids
        for number, term, ids in found.excludes:
            facet, value = self._terms[term]
            self._slots[number].excludes[facet][value] |= ids
        for number, ids in found.clauses:
            self._slots[number].settle(ids)

    def _learn_keywords(self) -> None:
        if len(self._words) > len(self._keywords):
            self._keywords = Keywords(self._words)

    async def _learn_topics(self, tx: Connection) -> None:
        at = await media_topics.imported_at(tx)
        if at != self._topics_of:
            self._topics, self._topics_of = await media_topics.every(tx), at

    def _squeeze(self) -> None:
        for bitmap in self._every_bitmap():
            bitmap.run_optimize()
            bitmap.shrink_to_fit()

    def _every_bitmap(self) -> Iterator[BitMap]:
        yield from self._readers.every_bitmap()
        for slot in self._slots:
            yield from slot.every_bitmap()


async def _one_view(tx: Connection) -> None:
    """All that this transaction reads is of one moment."""
    await tx.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
