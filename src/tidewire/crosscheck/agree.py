"""What agrees of two texts: in the same block or elsewhere, to the letter or as it may be read."""

from collections import defaultdict
from collections.abc import Iterable

from tidewire.crosscheck.fact import FIGURES, Fact, Kind
from tidewire.crosscheck.times import universal

_NEAREST = 50  # candidates that are looked at for one fact


def agreeing(
    left: list[Fact], right: list[Fact], near: bool, strict: bool
) -> tuple[list[tuple[Fact, Fact]], list[Fact], list[Fact]]:
    """Take out what agrees: in the same block only, or anywhere; to the letter, or as it may be."""
    by_key: dict[object, list[int]] = defaultdict(list)
    for at, fact in enumerate(right):
        for key in _keys(fact, strict):
            by_key[(block_of(fact), key) if near else key].append(at)
    taken: set[int] = set()
    pairs: list[tuple[Fact, Fact]] = []
    lone: list[Fact] = []
    for fact in left:
        hit = None
        for key in _keys(fact, strict):
            open_ones = by_key.get((block_of(fact), key) if near else key, [])
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
            pairs.append((fact, right[hit]))
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


def block_of(fact: Fact) -> tuple[str, int]:
    """Where it stands: field and block."""
    return fact.place.field, fact.place.block
