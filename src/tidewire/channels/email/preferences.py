"""What a subscriber may change about their mail, and what that means for their interests."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from tidewire.languages import KNOWN_15, is_language
from tidewire.model.delivery import ChannelCode
from tidewire.model.sectors import SECTORS
from tidewire.model.subscriber import Clause, EndpointState, Facet

MOST_LANGUAGES = 10
ENDPOINT = re.compile(r"[0-9]{1,10}")

Form = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Preferences:
    """What stands on the page: languages in order, sectors (none: all), whether mail flows."""

    languages: tuple[str, ...]
    sectors: frozenset[str]
    state: EndpointState = EndpointState.ACTIVE


@dataclass(frozen=True, slots=True)
class Change:
    """What a form asks for. `languages` () says that it asked for nothing possible."""

    languages: tuple[str, ...]
    sectors: frozenset[str]


def wanted(form: Form) -> Change:
    """Read the form; what is no language or no sector of ours is left out."""
    languages = dict.fromkeys(tag for tag in form.get("language", ()) if tag and is_language(tag))
    sectors = frozenset(slug for slug in form.get("sector", ()) if slug in SECTORS)
    return Change(tuple(languages)[:MOST_LANGUAGES], sectors)


def sectors_of(clauses: Sequence[Clause]) -> frozenset[str]:
    """The sectors that any clause asks for; none means all."""
    return frozenset().union(*(clause.wants.get(Facet.SECTOR, frozenset()) for clause in clauses))


def with_sectors(clauses: Sequence[Clause], sectors: frozenset[str]) -> tuple[Clause, ...]:
    """The same interests with other sectors.

    Clauses that ask for sectors get the new ones, the others stay as they are; where none
    asks for any, all do from now on.
    """
    asking = [Facet.SECTOR in clause.wants for clause in clauses]
    chosen = asking if any(asking) else [True] * len(clauses)
    changed = [
        _with(clause, sectors) if change else clause
        for clause, change in zip(clauses, chosen, strict=True)
    ]
    return tuple(changed) or (_with(Clause(), sectors),)


def choices(current: Sequence[str]) -> tuple[str, ...]:
    """The languages that can be chosen: those of the wire, and what they read already."""
    return tuple(sorted({*KNOWN_15, *current}))


def address_key(address: str) -> tuple[ChannelCode, str]:
    """How the store knows a mail address: in lower case."""
    return ChannelCode.EMAIL, address.strip().lower()


def _with(clause: Clause, sectors: frozenset[str]) -> Clause:
    wants = dict(clause.wants)
    wants.pop(Facet.SECTOR, None)
    if sectors:
        wants[Facet.SECTOR] = sectors
    return Clause(MappingProxyType(wants), clause.excludes)
