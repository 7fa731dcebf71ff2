"""Hold one text against another, fact by fact: a pure matching of two multisets.

What agrees is taken out first, near before far; what is left over on both sides in the same
block says two different things.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from tidewire.crosscheck.agree import agreeing, block_of
from tidewire.crosscheck.fact import COUNTS, FIGURES, Fact, Kind
from tidewire.crosscheck.facts import Facts
from tidewire.crosscheck.names import misspelt
from tidewire.crosscheck.weigh import (
    WORDED,
    certain,
    forgivable,
    looks_alike,
    read_otherwise,
    translated,
    worded,
)

_NEAREST = 50  # candidates that are looked at for one fact


class Verdict(StrEnum):
    """What became of a fact in another language."""

    SAME = "same"
    DIFFERS = "differs"
    MISSING = "missing"
    EXTRA = "extra"


class Weight(StrEnum):
    """How much a finding matters: certain and wrong, to be looked at, or only worth a word."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Pair:
    """A fact of the text that prevails, and of another; one of them may be missing."""

    verdict: Verdict
    base: Fact | None
    other: Fact | None
    weight: Weight | None = None

    @property
    def kind(self) -> Kind:
        """What it is about."""
        fact = self.base or self.other
        assert fact is not None
        return fact.kind


def match(base: Facts, other: Facts) -> list[Pair]:
    """Every fact of the two texts, paired."""
    found: list[Pair] = []
    alike = _shape(base) == _shape(other)
    pools: dict[str, tuple[list[Fact], list[Fact]]] = defaultdict(lambda: ([], []))
    for side, facts in enumerate((base, other)):
        for fact in facts.said():
            pools[_pool(fact)][side].append(fact)
    left: list[Fact] = []
    right: list[Fact] = []
    for mine, theirs in pools.values():
        pairs, lone, rest = _same(mine, theirs, base, other, alike)
        found += pairs
        left += lone
        right += rest
    pairs, left, right = _otherwise(left, right, alike)
    found += pairs
    for pool in pools:
        lone = [fact for fact in left if _pool(fact) == pool]
        rest = [fact for fact in right if _pool(fact) == pool]
        found += _unlike(lone, rest, base, other, alike)
    for kind in COUNTS:
        found += _count(kind, base, other)
    found += [
        Pair(Verdict.DIFFERS, one, another, Weight.WARNING)
        for one, another in misspelt(base.text, other.text)
    ]
    return found


def _shape(facts: Facts) -> list[tuple[str, str]]:
    return [(block.field, block.tag) for block in facts.text]


def _count(kind: Kind, base: Facts, other: Facts) -> Iterator[Pair]:
    left = next(fact for fact in base.facts if fact.kind is kind)
    right = next(fact for fact in other.facts if fact.kind is kind)
    if left.value == right.value:
        yield Pair(Verdict.SAME, left, right)
    else:
        yield Pair(Verdict.DIFFERS, left, right, Weight.WARNING)


def _pool(fact: Fact) -> str:
    """What facts are compared with each other."""
    return "figure" if fact.kind in FIGURES else fact.kind.value


def _same(
    left: Sequence[Fact], right: Sequence[Fact], base: Facts, other: Facts, alike: bool
) -> tuple[list[Pair], list[Fact], list[Fact]]:
    """Facts of one pool: same here, same elsewhere, in words there; and what is left alone."""
    found: list[Pair] = []
    lone, rest = list(left), list(right)
    for near in (True, False):
        for strict in (True, False):
            pairs, lone, rest = agreeing(lone, rest, near, strict)
            found += [Pair(Verdict.SAME, one, two) for one, two in pairs]
    lone, excused = _excused(lone, other, alike)
    rest, also = _excused(rest, base, alike)
    found += [Pair(Verdict.SAME, fact, None) for fact in excused]
    found += [Pair(Verdict.SAME, None, fact) for fact in also]
    return found, lone, rest


def _otherwise(
    left: list[Fact], right: list[Fact], alike: bool
) -> tuple[list[Pair], list[Fact], list[Fact]]:
    """Take out what stands in both texts, and was taken for two kinds of thing."""
    pairs: list[Pair] = []
    rest = list(right)
    lone: list[Fact] = []
    for fact in left:
        hit = next(
            (
                one
                for one in rest[:_NEAREST]
                if read_otherwise(fact, one) and (not alike or block_of(fact) == block_of(one))
            ),
            None,
        )
        if hit is None:
            lone.append(fact)
        else:
            rest.remove(hit)
            pairs.append(Pair(Verdict.SAME, fact, hit))
    return pairs, lone, rest


def _unlike(
    left: list[Fact], right: list[Fact], base: Facts, other: Facts, alike: bool
) -> Iterator[Pair]:
    """Facts of one pool that are different here, and those that only one text has."""
    pairs, lone, rest = _differing(left, right, alike)
    yield from pairs
    for one, facts, back in ((lone, other, True), (rest, base, False)):
        here = {value for fact in facts.facts for value in fact.readings if not fact.spelt}
        for fact in one:
            said = _in_words(fact, facts) if alike else None
            if said:
                mine, theirs = (fact, said) if back else (said, fact)
                yield Pair(Verdict.DIFFERS, mine, theirs, Weight.WARNING)
                continue
            weight = Weight.NOTE if worded(fact) or fact.value in here else Weight.WARNING
            if back:
                yield Pair(Verdict.MISSING, fact, None, weight)
            else:
                yield Pair(Verdict.EXTRA, None, fact, weight)


def _in_words(fact: Fact, there: Facts) -> Fact | None:
    """What the other text says in words in that block, and is the same but for a slip: 41, 14."""
    if fact.kind is not Kind.NUMBER or forgivable(fact):
        return None
    return next(
        (
            said
            for said in there.facts
            if said.spelt and block_of(said) == block_of(fact)
            and 2 <= int(said.value) < WORDED and looks_alike(fact, said)
            and Decimal(fact.value) <= 10 * int(said.value)
        ),
        None,
    )  # fmt: skip


def _excused(lone: list[Fact], there: Facts, alike: bool) -> tuple[list[Fact], list[Fact]]:
    """Part those that the other text says in words: in the same block, where there is one."""
    words = Counter(
        (block_of(fact) if alike else None, fact.value) for fact in there.facts if fact.spelt
    )
    left: list[Fact] = []
    excused: list[Fact] = []
    for fact in lone:
        key = (block_of(fact) if alike else None, fact.value)
        spelt = fact.kind in FIGURES and words[key] > 0
        words[key] -= spelt
        (excused if spelt else left).append(fact)
    return left, excused


def _differing(
    left: list[Fact], right: list[Fact], alike: bool
) -> tuple[list[Pair], list[Fact], list[Fact]]:
    """Pair what is left over on both sides of one block; with other blocks, what looks alike."""
    pairs: list[Pair] = []
    lone, rest = list(left), list(right)
    here: dict[tuple[str, int], tuple[list[Fact], list[Fact]]] = defaultdict(lambda: ([], []))
    for side, facts in enumerate((left, right)):
        for fact in facts:
            here[block_of(fact)][side].append(fact)
    for mine, theirs in here.values():
        sure = alike and len(mine) == len(theirs) == 1
        for one, two in _likely(mine, theirs, alike):
            pairs.append(Pair(Verdict.DIFFERS, one, two, _weight(one, two, sure)))
            lone.remove(one)
            rest.remove(two)
    for one in lone[:_NEAREST]:
        far = next((fact for fact in rest[:_NEAREST] if looks_alike(one, fact)), None)
        if far:
            pairs.append(Pair(Verdict.DIFFERS, one, far, Weight.WARNING))
            lone.remove(one)
            rest.remove(far)
    return pairs, lone, rest


def _likely(mine: list[Fact], theirs: list[Fact], alike: bool) -> Iterator[tuple[Fact, Fact]]:
    """Those of one block that stand for each other: what looks alike first, then in order."""
    options = [
        (not looks_alike(one, two), one.kind is not two.kind, abs(a - b), a, b)
        for a, one in enumerate(mine[:_NEAREST])
        for b, two in enumerate(theirs[:_NEAREST])
        if looks_alike(one, two) or (alike and _comparable(one, two))
    ]
    taken: tuple[set[int], set[int]] = set(), set()
    for *_, a, b in sorted(options):
        if a not in taken[0] and b not in taken[1]:
            taken[0].add(a)
            taken[1].add(b)
            yield mine[a], theirs[b]


def _comparable(one: Fact, two: Fact) -> bool:
    """Whether a difference is one of meaning: a small number is no slip for a large amount."""
    return worded(one) == worded(two) or one.kind is two.kind is not Kind.NUMBER


def _weight(one: Fact, two: Fact, sure: bool) -> Weight:
    if one.kind is Kind.LINK and translated(one, two):
        return Weight.NOTE
    if sure and certain(one, two):
        return Weight.ERROR
    return Weight.NOTE if forgivable(one) and forgivable(two) and not sure else Weight.WARNING
