"""Compare all renditions of a release with the one that prevails: a table, fact by language."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tidewire import languages
from tidewire.crosscheck.fact import COUNTS, Fact, Kind, Place
from tidewire.crosscheck.facts import Facts, read
from tidewire.crosscheck.match import Pair, Verdict, Weight, match
from tidewire.model.release import Release

_FEWEST_AGAINST = 2  # renditions that say the same against the one that prevails


@dataclass(frozen=True, slots=True)
class Cell:
    """What one language has for a fact; `fact` is None where it has none in digits."""

    verdict: Verdict
    fact: Fact | None
    weight: Weight | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """A fact of the text that prevails (None: only others have it), and of each other language."""

    kind: Kind
    base: Fact | None
    cells: Mapping[str, Cell]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to mend or to look at, in rendition number `at`."""

    weight: Weight
    code: str
    kind: Kind
    at: int
    place: Place
    message: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """The table, and what is wrong by it. `languages` begins with the one that prevails."""

    languages: tuple[str, ...]
    rows: tuple[Row, ...]
    findings: tuple[Finding, ...]


def compare(release: Release, prevails: int = 0) -> Comparison:
    """Read and compare all renditions with that number `prevails`."""
    return compare_facts([read(rendition) for rendition in release.renditions], prevails)


def compare_facts(all_facts: Sequence[Facts], prevails: int = 0) -> Comparison:
    """The same, from facts that have been read."""
    base = all_facts[prevails]
    others = [at for at in range(len(all_facts)) if at != prevails]
    cells: dict[Fact, dict[str, Cell]] = {fact: {} for fact in base.facts if not fact.spelt}
    alone: list[Row] = []
    findings: list[Finding] = []
    against: dict[Fact, list[tuple[int, Pair]]] = defaultdict(list)
    for at in others:
        tag = all_facts[at].language
        for pair in match(base, all_facts[at]):
            cell = Cell(pair.verdict, pair.other, pair.weight)
            if pair.base is None:
                if pair.verdict is not Verdict.SAME:
                    alone.append(Row(pair.kind, None, {tag: cell}))
            else:
                cells.setdefault(pair.base, {})[tag] = cell
                if pair.verdict is Verdict.DIFFERS:
                    against[pair.base].append((at, pair))
                    continue
            if finding := _finding(at, pair, base, all_facts[at]):
                findings.append(finding)
    for pairs in against.values():
        if _all_against(pairs, len(others)):
            findings.append(_of_base(pairs, prevails, all_facts))
        else:
            outvoted = 2 * len(pairs) > len(others) + 1
            made = (
                _finding(at, _milder(pair) if outvoted else pair, base, all_facts[at])
                for at, pair in pairs
            )
            findings += [finding for finding in made if finding]
    rows = [Row(fact.kind, fact, there) for fact, there in cells.items()]
    order = {weight: number for number, weight in enumerate(Weight)}
    findings.sort(key=lambda finding: (order[finding.weight], finding.at))
    tags = (base.language, *(all_facts[at].language for at in others))
    return Comparison(tags, tuple(rows + alone), tuple(findings))


def _all_against(pairs: Sequence[tuple[int, Pair]], others: int) -> bool:
    """Whether every other rendition says one and the same other thing."""
    said = {pair.other.value for _, pair in pairs if pair.other}
    return others >= _FEWEST_AGAINST and len(pairs) == others and len(said) == 1


def _milder(pair: Pair) -> Pair:
    """A difference that most renditions have: rather misread in the first than wrong in most."""
    return replace(pair, weight=Weight.WARNING) if pair.weight is Weight.ERROR else pair


def _of_base(
    pairs: Sequence[tuple[int, Pair]], prevails: int, all_facts: Sequence[Facts]
) -> Finding:
    """One finding in the text that prevails, where all others agree against it."""
    at, pair = pairs[0]
    turned = replace(pair, base=pair.other, other=pair.base)
    finding = _finding(prevails, turned, all_facts[at], all_facts[prevails])
    assert finding is not None
    also = "" if len(pairs) == 1 else f" All {len(pairs)} others say so."
    return replace(finding, message=finding.message + also)


def _finding(at: int, pair: Pair, base: Facts, other: Facts) -> Finding | None:
    if pair.weight is None:
        return None
    here, there = name(other.language), name(base.language)
    fact = pair.other or pair.base
    assert fact is not None
    kind = pair.kind.value
    if pair.verdict is Verdict.DIFFERS and pair.base and pair.other:
        if pair.kind in COUNTS:
            message = (
                f"{here} has another {kind} ({pair.other.value}) than {there} ({pair.base.value})."
            )
        else:
            message = f'{here} says "{said(pair.other)}" where {there} says "{said(pair.base)}".'
        place = pair.other.place
    elif pair.other is None:
        message = f'{here} does not have the {kind} "{said(fact)}" of the {there} text.'
        place = Place(fact.place.field)
    else:
        message = f'{here} has the {kind} "{said(fact)}", which the {there} text does not have.'
        place = fact.place
    return Finding(pair.weight, f"crosscheck-{pair.verdict}", pair.kind, at, place, message)


def said(fact: Fact) -> str:
    """The words of a fact on one line, cut short."""
    text = " ".join(fact.words.split())
    return text if len(text) <= 60 else text[:59] + "…"


def name(tag: str) -> str:
    """A language in English: "Thai"."""
    return languages.language_name(tag, "en")
