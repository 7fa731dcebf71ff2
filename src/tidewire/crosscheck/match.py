"""Hold one text against another, fact by fact: a pure matching of two multisets.

What agrees is taken out first, near before far; what is left over on both sides in the same
block says two different things.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from enum import StrEnum

from tidewire.crosscheck.fact import COUNTS, FIGURES, Fact, Kind
from tidewire.crosscheck.facts import Facts
from tidewire.crosscheck.names import misspelt
from tidewire.crosscheck.times import universal

SMALL = 13  # below it a language may write a number out
_SLIP = 0.75  # what share of an address a slip leaves as it was
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
            pools["figure" if fact.kind in FIGURES else fact.kind.value][side].append(fact)
    for left, right in pools.values():
        found += _pool(left, right, base, other, alike)
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


def _pool(
    left: Sequence[Fact], right: Sequence[Fact], base: Facts, other: Facts, alike: bool
) -> Iterator[Pair]:
    """Facts of one pool: same here, same elsewhere, different here, and what is left alone."""
    lone, rest = list(left), list(right)
    for near in (True, False):
        for strict in (True, False):
            pairs, lone, rest = _agreeing(lone, rest, near, strict)
            yield from pairs
    lone, excused = _excused(lone, other, alike)
    rest, also = _excused(rest, base, alike)
    yield from (Pair(Verdict.SAME, fact, None) for fact in excused)
    yield from (Pair(Verdict.SAME, None, fact) for fact in also)
    pairs, lone, rest = _differing(lone, rest, alike)
    yield from pairs
    for one, facts, back in ((lone, other, True), (rest, base, False)):
        here = {value for fact in facts.facts for value in fact.readings if not fact.spelt}
        for fact in one:
            weight = Weight.NOTE if _forgivable(fact) or fact.value in here else Weight.WARNING
            if back:
                yield Pair(Verdict.MISSING, fact, None, weight)
            else:
                yield Pair(Verdict.EXTRA, None, fact, weight)


def _agreeing(
    left: list[Fact], right: list[Fact], near: bool, strict: bool
) -> tuple[list[Pair], list[Fact], list[Fact]]:
    """Take out what agrees: in the same block only, or anywhere; to the letter, or as it may be."""
    by_key: dict[object, list[int]] = defaultdict(list)
    for at, fact in enumerate(right):
        for key in _keys(fact, strict):
            by_key[(_block(fact), key) if near else key].append(at)
    taken: set[int] = set()
    pairs, lone = [], []
    for fact in left:
        hit = None
        for key in _keys(fact, strict):
            open_ones = by_key.get((_block(fact), key) if near else key, [])
            while open_ones and open_ones[0] in taken:
                open_ones.pop(0)
            hit = next(
                (
                    at
                    for at in open_ones[:_NEAREST]
                    if at not in taken and agree(fact, right[at], strict)
                ),
                None,
            )
            if hit is not None:
                break
        if hit is None:
            lone.append(fact)
        else:
            taken.add(hit)
            pairs.append(Pair(Verdict.SAME, fact, right[hit]))
    return pairs, lone, [fact for at, fact in enumerate(right) if at not in taken]


def agree(one: Fact, other: Fact, strict: bool = False) -> bool:
    """Whether two facts of one pool can mean the same; `strict`: unit and kind alike."""
    if one.kind in FIGURES:
        kinds = {one.kind, other.kind}
        if kinds == {Kind.AMOUNT} and not one.unit & other.unit:
            return False
        if kinds == {Kind.AMOUNT, Kind.PERCENT} or (strict and len(kinds) > 1):
            return False
        return bool(set(one.readings) & set(other.readings))
    if one.kind is Kind.TIME:
        known = universal(one), universal(other)
        if None not in known:
            return known[0] == known[1]
        return one.value == other.value
    if one.kind is Kind.PHONE:
        a, b = (fact.value.lstrip("+0") for fact in (one, other))
        return a == b or a.endswith(b[-9:]) or b.endswith(a[-9:])
    if one.kind is Kind.DATE:
        mine, theirs = one.value.split("-"), other.value.split("-")
        said = [(x, y) for x, y in zip(mine, theirs, strict=False) if "?" not in x + y]
        return all(x == y for x, y in said) and (len(mine) == len(theirs) or not strict)
    return one.value == other.value


def _keys(fact: Fact, strict: bool) -> Iterable[str]:
    """What two facts must share before they are compared."""
    if fact.kind is Kind.DATE:
        return [fact.value] if strict else [fact.value[5:7]]
    if fact.kind is Kind.PHONE:
        return [fact.value[-7:]]
    if fact.kind is Kind.TIME:
        known = universal(fact)
        return [fact.value] if strict or known is None else [fact.value, str(known)]
    return [fact.value] if strict else fact.readings


def _block(fact: Fact) -> tuple[str, int]:
    return fact.place.field, fact.place.block


def _excused(lone: list[Fact], there: Facts, alike: bool) -> tuple[list[Fact], list[Fact]]:
    """Part those that the other text says in words: in the same block, where there is one."""
    words = Counter(
        (_block(fact) if alike else None, fact.value) for fact in there.facts if fact.spelt
    )
    left: list[Fact] = []
    excused: list[Fact] = []
    for fact in lone:
        key = (_block(fact) if alike else None, fact.value)
        spelt = fact.kind in FIGURES and words[key] > 0
        words[key] -= spelt
        (excused if spelt else left).append(fact)
    return left, excused


def _differing(
    left: list[Fact], right: list[Fact], alike: bool
) -> tuple[list[Pair], list[Fact], list[Fact]]:
    """Pair what is left over on both sides of one block; with other blocks, what looks alike."""
    pairs: list[Pair] = []
    used_left: set[int] = set()
    used_right: set[int] = set()
    here: dict[tuple[str, int], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, facts in enumerate((left, right)):
        for at, fact in enumerate(facts):
            here[_block(fact)][side].append(at)
    for mine, theirs in here.values():
        sure = alike and len(mine) == len(theirs) == 1
        for one, two in zip(mine, theirs, strict=False):
            if not alike and not _looks_alike(left[one], right[two]):
                continue
            weight = Weight.ERROR if sure and _certain(left[one], right[two]) else Weight.WARNING
            if _forgivable(left[one]) and _forgivable(right[two]) and not sure:
                weight = Weight.NOTE
            if left[one].kind is Kind.LINK and _translated(left[one], right[two]):
                weight = Weight.NOTE
            pairs.append(Pair(Verdict.DIFFERS, left[one], right[two], weight))
            used_left.add(one)
            used_right.add(two)
    for one, fact in enumerate(left[:_NEAREST]):
        for two, against in enumerate(right[:_NEAREST]):
            if one not in used_left and two not in used_right and _looks_alike(fact, against):
                pairs.append(Pair(Verdict.DIFFERS, fact, against, Weight.WARNING))
                used_left.add(one)
                used_right.add(two)
    return (
        pairs,
        [fact for at, fact in enumerate(left) if at not in used_left],
        [fact for at, fact in enumerate(right) if at not in used_right],
    )


def _certain(one: Fact, other: Fact) -> bool:
    """Both in digits, of one kind, and too large to be written out in words elsewhere."""
    if one.kind is Kind.DATE and other.kind is Kind.DATE:
        return "?" not in one.value + other.value and one.value.count(
            "-"
        ) == 2 == other.value.count("-")
    if one.kind not in FIGURES or one.kind is not other.kind or one.also or other.also:
        return False
    return not (_forgivable(one) or _forgivable(other) or _thousands_apart(one, other))


def _translated(one: Fact, other: Fact) -> bool:
    """Two pages of one site whose addresses have other words: /report and /bericht."""
    (host, _, path), (there, _, page) = one.value.partition("/"), other.value.partition("/")
    return host == there and SequenceMatcher(None, path[:200], page[:200]).ratio() < _SLIP


def _thousands_apart(one: Fact, other: Fact) -> bool:
    """The same digits, and a thousand, a million or more between them.

    "From 3 to 5 million" may have a scale that is not read: worth a look, and not certain.
    """
    low, high = sorted((Decimal(one.value), Decimal(other.value)))
    return bool(low) and high / low in {Decimal(10) ** power for power in (3, 6, 9, 12)}


def _looks_alike(one: Fact, other: Fact) -> bool:
    """The same digits in another size or order, or the same value in another currency."""
    if one.kind in (Kind.WEEKDAY, Kind.QUARTER):
        return True
    a, b = (
        sorted(c for c in fact.value.strip("0") if c.isdigit() and c != "0")
        for fact in (one, other)
    )
    return a == b and bool(a) and not (_forgivable(one) and _forgivable(other))


def _forgivable(fact: Fact) -> bool:
    """Whether it may well be said in words, or left out, in another language."""
    if fact.kind is Kind.NUMBER:
        return fact.value.isdigit() and int(fact.value) < SMALL
    if fact.kind is Kind.DATE:
        return len(fact.value) < 10
    if fact.kind is Kind.TIME:
        return fact.value.endswith(":00")
    return fact.kind in (Kind.WEEKDAY, Kind.QUARTER)
