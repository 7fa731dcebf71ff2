"""What a feed holds, and what it is called: by language, and in it by one thing more.

de                      all in German
de/technology           of a sector
de/country/AT           about a country or a region (UN M49), or written from it
de/issuer/nordmeer      of an issuer
de/circuit/Energy       for a circuit: sent to it, or to everyone and in one of its sectors
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote, unquote

from tidewire.languages import is_language
from tidewire.languages.regions import around, place_code
from tidewire.model.release import Edition
from tidewire.model.sectors import SECTORS
from tidewire.model.subscriber import Circuit

FORMS = ("atom", "rss", "json")
LONGEST_VALUE = 100


class By(StrEnum):
    """What narrows a feed beside its language; the words stand in addresses."""

    LANGUAGE = ""
    SECTOR = "sector"
    COUNTRY = "country"
    ISSUER = "issuer"
    CIRCUIT = "circuit"


@dataclass(frozen=True, slots=True)
class FeedName:
    """The name of a feed; `value` is a slug, a code or a circuit's name, "" for a language's."""

    language: str
    by: By = By.LANGUAGE
    value: str = ""

    def __str__(self) -> str:
        match self.by:
            case By.LANGUAGE:
                return self.language
            case By.SECTOR:
                return f"{self.language}/{self.value}"
            case _:
                return f"{self.language}/{self.by}/{self.value}"


@dataclass(frozen=True, slots=True)
class FeedAddress:
    """One document of a feed: `summary` has no full text, `archive` is the number of a part."""

    name: FeedName
    form: str
    summary: bool = False
    archive: int | None = None

    def url(self, base: str) -> str:
        """Where it is served; also what a WebSub subscriber calls its topic."""
        path = "/".join(quote(part, safe="") for part in str(self.name).split("/", 2))
        asked = ["text=summary"] if self.summary else []
        if self.archive is not None:
            asked.append(f"archive={self.archive}")
        return f"{base}/feeds/{path}.{self.form}" + ("?" + "&".join(asked) if asked else "")


def read_name(text: str) -> FeedName | None:
    """The feed of this name; None where no feed can be called so.

    Whether there is such an issuer or circuit, the store knows.
    """
    language, slash, rest = text.partition("/")
    if not is_language(language) or not text.isprintable():
        return None
    if not slash:
        return FeedName(language)
    by, slash, value = rest.partition("/")
    if not slash:
        return FeedName(language, By.SECTOR, rest) if rest in SECTORS else None
    if not 0 < len(value) <= LONGEST_VALUE:
        return None
    if by == By.COUNTRY:
        return FeedName(language, By.COUNTRY, value) if place_code(value) == value else None
    return FeedName(language, By(by), value) if by in (By.ISSUER, By.CIRCUIT) else None


def read_address(url: str, base: str) -> FeedAddress | None:
    """The newest document of a feed at this very address; None where it is none of ours."""
    path, _, asked = url.removeprefix(f"{base}/feeds/").partition("?")
    text, _, form = path.rpartition(".")
    name = read_name(unquote(text))
    if name is None or form not in FORMS:
        return None
    address = FeedAddress(name, form, summary=asked == "text=summary")
    return address if address.url(base) == url else None


def names_of(edition: Edition, circuits: Iterable[Circuit] = ()) -> list[FeedName]:
    """Every feed that it is news in, given all circuits that there are."""
    release = edition.release
    datelined = [r.dateline.country for r in release.renditions if r.dateline]
    places = frozenset().union(*(around(c.upper()) for c in (*release.countries, *datelined) if c))
    narrower = [
        *((By.SECTOR, slug) for slug in dict.fromkeys(release.sectors) if slug in SECTORS),
        *((By.COUNTRY, code) for code in sorted(places)),
        (By.ISSUER, edition.issuer_slug),
        *((By.CIRCUIT, c.name) for c in circuits if _reaches(edition, c)),
    ]
    return [
        name
        for language in edition.news
        for name in (FeedName(language), *(FeedName(language, *one) for one in narrower))
    ]


def _reaches(edition: Edition, circuit: Circuit) -> bool:
    """Was it sent to the circuit, or to everyone and is in one of the circuit's sectors?"""
    release = edition.release
    if release.circuits:
        return circuit.name in release.circuits
    return not circuit.sectors or bool(circuit.sectors & set(release.sectors))
