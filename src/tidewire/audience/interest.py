"""The small text that an interest is written in, and the clauses it means.

    interest = clause *( "OR" clause )          at most eight clauses; empty: everything
    clause   = "*" / 1*( ["-"] facet ":" value *( "," value ) )
    value    = bare / DQUOTE text DQUOTE        a quote inside is doubled

Example: sector:energy,technology country:DE,AT -sector:gaming OR keyword:"wind power"
A country may be a region: country:150 or country:Europe.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from tidewire.audience.words import fold
from tidewire.languages import canonical
from tidewire.languages.regions import place_code
from tidewire.model.errors import BadInput
from tidewire.model.media_topics import qcode
from tidewire.model.sectors import SECTORS
from tidewire.model.subscriber import OUTLET_KINDS, Clause, Facet

Term = tuple[Facet, str]
Terms = tuple[tuple[Term, ...], tuple[Term, ...]]  # what a clause wants, what it excludes

MOST_CLAUSES = 8
LONGEST_TEXT = 4_000
LONGEST_VALUE = 200

_NAMES: Mapping[str, Facet] = {facet.name.lower().replace("_", "-"): facet for facet in Facet}
_FOLDED = frozenset({Facet.ORGANISATION, Facet.KEYWORD})
_VALUE = r'"(?:[^"]|"")*"|[^",]+'
_TOKENS = re.compile(r'(?:[^\s"]|"(?:[^"]|"")*")+')
_VALUES = re.compile(rf"(?:{_VALUE})(?:,(?:{_VALUE}))*")
_EACH = re.compile(_VALUE)
_BARE = re.compile(r'[^\s",]+')
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_OR = "OR"
_GRAMMAR = 'Write it as: sector:energy,technology country:DE -sector:gaming OR keyword:"wind power"'


def parse(text: str) -> tuple[Clause, ...]:
    """The clauses of an interest text. Raises BadInput, which says what is wrong and where."""
    return tuple(Clause(_by_facet(wants), _by_facet(excludes)) for wants, excludes in terms(text))


def render(clauses: tuple[Clause, ...]) -> str:
    """The text of these clauses; `parse` reads it back as the same."""
    if clauses == (Clause(),):
        return ""
    return " OR ".join(_clause(clause) or "*" for clause in clauses)


def terms(text: str) -> tuple[Terms, ...]:
    """The clauses of an interest text as plain terms. Raises BadInput as `parse` does."""
    if len(text) > LONGEST_TEXT:
        raise BadInput(f"The interest is longer than {LONGEST_TEXT} characters.", "Shorten it.")
    if '"' not in text:
        tokens = text.split()
    elif text.count('"') % 2:
        column = text.rindex('"') + 1
        raise BadInput(f"The interest has an open quote at column {column}.", _GRAMMAR)
    else:
        tokens = _TOKENS.findall(text)
    if not tokens:
        return (((), ()),)
    clauses: list[Terms] = []
    start = 0
    for end in [*(i for i, word in enumerate(tokens) if word == _OR), len(tokens)]:
        clauses.append(_terms(text, tokens[start:end]))
        start = end + 1
    if len(clauses) > MOST_CLAUSES:
        raise BadInput(
            f"The interest has {len(clauses)} clauses; {MOST_CLAUSES} are allowed.",
            "Join values of one facet with commas.",
        )
    return tuple(clauses)


def _terms(text: str, tokens: list[str]) -> Terms:
    if not tokens:
        raise BadInput("In the interest an OR has no clause before or after it.", _GRAMMAR)
    if tokens == ["*"]:
        return (), ()
    wants: list[Term] = []
    excludes: list[Term] = []
    for token in tokens:
        try:
            excluded, found = _term(token)
        except ValueError as error:
            column = text.find(token) + 1
            raise BadInput(
                f"The interest is wrong at column {column}: {error.args[0]}", error.args[1]
            ) from error
        (excludes if excluded else wants).extend(found)
    return tuple(wants), tuple(excludes)


@lru_cache(maxsize=65_536)
def _term(token: str) -> tuple[bool, tuple[Term, ...]]:
    name, colon, rest = token.removeprefix("-").partition(":")
    facet = _NAMES.get(name.lower())
    if not colon or facet is None:
        raise ValueError(f"{name!r} is not a facet.", f"The facets are {', '.join(_NAMES)}.")
    if not _VALUES.fullmatch(rest):
        raise ValueError(f"{token!r} has an empty or badly quoted value.", _GRAMMAR)
    values = (v[1:-1].replace('""', '"') if v[0] == '"' else v for v in _EACH.findall(rest))
    return token[0] == "-", tuple((facet, normal(facet, value)) for value in values)


@lru_cache(maxsize=65_536)
def normal(facet: Facet, value: str) -> str:
    """The one spelling of a value of this facet. Raises ValueError(message, advice)."""
    value = fold(value) if facet in _FOLDED else " ".join(value.split())
    if not value or len(value) > LONGEST_VALUE or _UNFIT.search(value):
        raise ValueError(
            "a value is empty, too long or holds control characters.",
            f"Use 1 to {LONGEST_VALUE} characters.",
        )
    match facet:
        case Facet.COUNTRY:
            place = place_code(value)
            such_as = ("DE", "KR", "150 (Europe)")
            return _checked(place or value, place is not None, "country or region", such_as)
        case Facet.LANGUAGE:
            tag = canonical(value)
            return _checked(tag or value, tag is not None, "language", ("de", "zh-Hant"))
        case Facet.SECTOR:
            return _checked(value.lower(), value.lower() in SECTORS, "sector", SECTORS)
        case Facet.OUTLET_KIND:
            kind = value.lower()
            return _checked(kind, kind in OUTLET_KINDS, "kind of outlet", OUTLET_KINDS)
        case Facet.SUBJECT:
            code = qcode(value)
            topics = ("medtop:04000000 (an IPTC Media Topic)",)
            return _checked(code or value, code is not None, "subject", topics)
        case Facet.ORGANISATION | Facet.KEYWORD:
            return value


def _checked(value: str, right: bool, what: str, such_as: Iterable[str]) -> str:
    if right:
        return value
    raise ValueError(f"{value!r} is not a {what}.", f"Use one such as: {', '.join(such_as)}.")


def _by_facet(found: tuple[Term, ...]) -> dict[Facet, frozenset[str]]:
    facets: dict[Facet, set[str]] = {}
    for facet, value in found:
        facets.setdefault(facet, set()).add(value)
    return {facet: frozenset(values) for facet, values in facets.items()}


def _clause(clause: Clause) -> str:
    wanted = [_facet(facet, values) for facet, values in sorted(clause.wants.items())]
    excluded = ["-" + _facet(facet, values) for facet, values in sorted(clause.excludes.items())]
    return " ".join(wanted + excluded)


def _facet(facet: Facet, values: frozenset[str]) -> str:
    name = facet.name.lower().replace("_", "-")
    return f"{name}:{','.join(map(_value, sorted(values)))}"


def _value(value: str) -> str:
    return value if _BARE.fullmatch(value) else '"' + value.replace('"', '""') + '"'
