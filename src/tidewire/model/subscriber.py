"""Who receives, and what they want."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum


class Kind(IntEnum):
    """The kinds of subscriber; the numbers stand in the store."""

    OUTLET = 1
    JOURNALIST = 2
    DESKTOP = 3


class SubscriberState(IntEnum):
    """Whether a subscriber still receives; the numbers stand in the store."""

    ACTIVE = 0
    LEFT = 1


class Facet(IntEnum):
    """What an interest can speak of; the numbers stand in the store.

    LANGUAGE is a language that the release has a rendition in. COUNTRY is a country that
    it concerns or is datelined in, or a region (UN M49, "150") that holds one. ORGANISATION
    is a name or an identifier of one that it is about, or its issuer. KEYWORD is a word or a
    phrase in the headline, subheadline or body. OUTLET_KIND is a kind of outlet that one of
    its circuits asks for.
    """

    LANGUAGE = 1
    COUNTRY = 2
    SECTOR = 3
    SUBJECT = 4
    ORGANISATION = 5
    KEYWORD = 6
    OUTLET_KIND = 7


OUTLET_KINDS = (
    "agency",
    "newspaper",
    "magazine",
    "broadcaster",
    "online",
    "trade-press",
    "terminal",
    "blog",
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing a subscriber wants: values are OR-ed inside a facet, facets AND-ed.

    A facet that is not named means "any". Whatever fits one of `excludes` is left out.
    """

    wants: Mapping[Facet, frozenset[str]] = field(default_factory=dict)
    excludes: Mapping[Facet, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Circuit:
    """A named audience that an issuer can choose; an empty field means "any".

    Fields speak of the subscriber, not of the release: the country or region they are in, the
    languages they read, the sectors they follow, what kind they are.
    """

    name: str
    kinds: frozenset[Kind] = frozenset()
    countries: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    sectors: frozenset[str] = frozenset()
    outlet_kinds: frozenset[str] = frozenset()


class EndpointState(IntEnum):
    """Whether an address may be sent to; the numbers stand in the store."""

    ACTIVE = 0
    SUPPRESSED = 1
    PAUSED = 2
    DISABLED = 3


class SuppressionReason(StrEnum):
    """Why an address must not be sent to."""

    UNSUBSCRIBED = "unsubscribed"
    HARD_BOUNCE = "hard-bounce"
    COMPLAINT = "complaint"
    OPERATOR = "operator"
