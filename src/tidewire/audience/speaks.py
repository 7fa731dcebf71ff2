"""What a release speaks of, facet by facet."""

from collections.abc import Iterable, Mapping, Sequence

from tidewire.audience.words import Keywords, fold, plain
from tidewire.languages.regions import around
from tidewire.model.media_topics import SHIPPED, MediaTopics
from tidewire.model.release import Edition
from tidewire.model.rendition import Rendition
from tidewire.model.sectors import SECTORS
from tidewire.model.subscriber import Circuit, Facet

BETWEEN = " \0 "  # no keyword holds it, so none is found across two texts


def speaks_of(
    edition: Edition,
    keywords: Keywords,
    circuits: Sequence[Circuit] = (),
    topics: MediaTopics = SHIPPED,
) -> Mapping[Facet, frozenset[str]]:
    """The values that an edition has in each facet, folded as interests are.

    Whoever wants a subject or a region gets what is about one below it, or a country in it.
    """
    release = edition.release
    datelined = [r.dateline.country or "" for r in release.renditions if r.dateline]
    sectors = frozenset(release.sectors)
    organisations = [edition.issuer_name, edition.issuer_slug]
    for organisation in release.organisations:
        organisations += [organisation.name, organisation.lei]
        organisations += [organisation.isin, organisation.ticker]
    return {
        Facet.LANGUAGE: frozenset(release.languages()),
        Facet.COUNTRY: frozenset().union(
            *(around(code.upper()) for code in (*release.countries, *datelined) if code)
        ),
        Facet.SECTOR: sectors,
        Facet.SUBJECT: topics.widened(
            _said((*release.subjects, *(SECTORS.get(s, "") for s in sectors)))
        ),
        Facet.ORGANISATION: _said(fold(name) for name in organisations),
        Facet.KEYWORD: keywords.find(BETWEEN.join(map(_text, release.renditions))),
        Facet.OUTLET_KIND: frozenset().union(*(circuit.outlet_kinds for circuit in circuits)),
    }


def _text(rendition: Rendition) -> str:
    return BETWEEN.join((rendition.headline, rendition.subheadline, plain(rendition.body)))


def _said(values: Iterable[str]) -> frozenset[str]:
    return frozenset(value for value in values if value)
