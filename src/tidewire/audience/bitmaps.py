"""The bitmaps behind the index: who wants what, who reads what, who is what.

Each bit is a subscriber's id. A change of subscribers is: out of every bitmap, then in again.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TypeVar

from pyroaring import BitMap

from tidewire.languages import best
from tidewire.languages.regions import within
from tidewire.model.subscriber import Circuit, Facet, Kind

Values = dict[str, BitMap]
Name = TypeVar("Name")


class Slot:
    """All the clauses of one number (a subscriber has at most one of each)."""

    def __init__(self) -> None:
        self.everyone = BitMap()
        self.wants: dict[Facet, Values] = {facet: defaultdict(BitMap) for facet in Facet}
        self.excludes: dict[Facet, Values] = {facet: defaultdict(BitMap) for facet in Facet}
        self.any = {facet: BitMap() for facet in Facet}

    def settle(self, ids: BitMap) -> None:
        """Take in whose clauses were just added, and which facets these do not name."""
        self.everyone |= ids
        for facet, values in self.wants.items():
            named = union(value & ids for value in values.values())
            self.any[facet] |= ids - named

    def match(self, said: Mapping[Facet, Iterable[str]]) -> BitMap:
        """Those whose clause fits: OR in a facet, AND across, AND-NOT what is excluded."""
        fits = self.everyone.copy()
        for facet, values in self.wants.items():
            if values:
                fits &= union([self.any[facet], *_named(values, said[facet])])
        for facet, values in self.excludes.items():
            for excluded in _named(values, said[facet]):
                fits -= excluded
        return fits

    def every_bitmap(self) -> Iterator[BitMap]:
        """All bitmaps of the slot, to work on in place."""
        yield self.everyone
        yield from self.any.values()
        for facet in Facet:
            yield from self.wants[facet].values()
            yield from self.excludes[facet].values()


class Readers:
    """What subscribers are: active, of a kind, in a country, reading languages by rank."""

    def __init__(self) -> None:
        self.active = BitMap()
        self.kinds: dict[Kind, BitMap] = defaultdict(BitMap)
        self.countries: Values = defaultdict(BitMap)
        self.outlet_kinds: Values = defaultdict(BitMap)
        self.reads: list[Values] = []

    def add(
        self, kind: Kind, country: str, languages: Sequence[str], outlet_kind: str, ids: BitMap
    ) -> None:
        """Take in subscribers that are alike in all of this."""
        for bitmap in (self.active, self.kinds[kind], self.countries[country]):
            bitmap |= ids
        if outlet_kind:
            self.outlet_kinds[outlet_kind] |= ids
        for rank, language in enumerate(languages):
            if rank == len(self.reads):
                self.reads.append(defaultdict(BitMap))
            self.reads[rank][language] |= ids

    def choose(self, matched: BitMap, languages: Sequence[str]) -> dict[str, BitMap]:
        """The rendition each of `matched` reads best; those who read none are left out."""
        chosen: dict[str, list[BitMap]] = {language: [] for language in languages}
        left = matched.copy()
        for ranked in self.reads:
            served, others = [], []
            for tag, readers in ranked.items():
                language = best(languages, tag)
                if language is None:
                    others.append(readers)
                else:
                    served.append(readers)
                    chosen[language].append(left & readers)
            # Who reads none of these has one of the others here, or nothing here or below.
            if len(others) < len(served):
                left &= union(others)
            else:
                for readers in served:
                    left -= readers
            if not left:
                break
        found = {language: union(parts) for language, parts in chosen.items()}
        return {language: readers for language, readers in found.items() if readers}

    def readers_of(self, languages: Iterable[str]) -> BitMap:
        """Those who read one of these languages, at any rank."""
        wanted = list(languages)
        tags = {tag for ranked in self.reads for tag in ranked if best(wanted, tag)}
        return union(ranked[tag] for ranked in self.reads for tag in tags if tag in ranked)

    def every_bitmap(self) -> Iterator[BitMap]:
        """All bitmaps of the readers, to work on in place."""
        yield self.active
        yield from self.kinds.values()
        for values in (self.countries, self.outlet_kinds, *self.reads):
            yield from values.values()


def in_circuit(circuit: Circuit, readers: Readers, slots: Sequence[Slot]) -> BitMap:
    """The subscribers of a circuit; a sector counts for those who name it in a clause."""
    members = readers.active
    if circuit.kinds:
        members = members & union(_named(readers.kinds, circuit.kinds))
    if circuit.countries:
        places = {place for code in circuit.countries for place in within(code)}
        members = members & union(_named(readers.countries, places))
    if circuit.languages:
        members = members & readers.readers_of(circuit.languages)
    if circuit.outlet_kinds:
        members = members & union(_named(readers.outlet_kinds, circuit.outlet_kinds))
    if circuit.sectors:
        followed = [_named(slot.wants[Facet.SECTOR], circuit.sectors) for slot in slots]
        members = members & union(bitmap for named in followed for bitmap in named)
    return members


def union(bitmaps: Iterable[BitMap]) -> BitMap:
    """A new bitmap of all ids in any of these."""
    return BitMap().union(*bitmaps)


def _named(values: Mapping[Name, BitMap], names: Iterable[Name]) -> list[BitMap]:
    return [values[name] for name in names if name in values]
