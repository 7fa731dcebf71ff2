"""The public lists as text: the front page, and those by language, sector, country, issuer, day.

Pure; nothing is fetched here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from tidewire.formats import addresses, site
from tidewire.formats.feed_names import By, FeedName
from tidewire.languages import (
    Furniture,
    best,
    canonical,
    direction,
    furniture,
    known,
    language_name,
)
from tidewire.languages.regions import place_code, within
from tidewire.model.issuer import Issuer
from tidewire.model.sectors import SECTORS
from tidewire.newsroom.entries import entry
from tidewire.newsroom.frame import (
    Link,
    feeds,
    frame,
    language_link,
)
from tidewire.store.feed_entries import Filing
from tidewire.store.listings import Part

_templates = site.templates("tidewire.newsroom")


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that can be asked for, in one language: which one, and what it holds.

    `value` is a sector's slug or a place's code. `path` is its address on this site.
    """

    language: str
    by: By = By.LANGUAGE
    value: str = ""

    @property
    def filing(self) -> Filing:
        """What it holds, for the store."""
        match self.by:
            case By.SECTOR:
                return Filing(self.language, sectors=(self.value,))
            case By.COUNTRY:
                return Filing(self.language, places=tuple(sorted(within(self.value))))
            case _:
                return Filing(self.language)

    @property
    def path(self) -> str:
        """Its address, without the site's."""
        return addresses.news_url("", self.language, str(self.by), self.value)


def read_listing(language: str, by: str = "", value: str = "") -> Listing | None:
    """The list that is called so, spelt as its address is; None where there can be none."""
    tag = canonical(language)
    if tag is None:
        return None
    if not by:
        return Listing(tag)
    if by == By.SECTOR and value in SECTORS:
        return Listing(tag, By.SECTOR, value)
    code = place_code(value) if by == By.COUNTRY and len(value) <= 3 else None
    return Listing(tag, By.COUNTRY, code) if code else None


def furniture_language(wanted: Sequence[str]) -> str:
    """The language of a page that has none of its own, from what the reader wants."""
    return best(known(), wanted) or "en"


def front_page(
    part: Part, *, base_url: str, wanted: Sequence[str], asked: str, languages: Iterable[str]
) -> str:
    """The front list; `languages` are those that have lists of their own."""
    language = furniture_language(wanted)
    words = furniture(language)
    front = _home(words)
    return _page(
        (language, [*wanted, language], base_url),
        part,
        path="/",
        asked=asked,
        title=front.name,
        heading=front,
        languages=[language_link(tag, addresses.news_url("", tag)) for tag in languages],
        feeds=feeds(FeedName(language), base_url),
    )


def list_page(
    listing: Listing, part: Part, *, base_url: str, asked: str, languages: Iterable[str]
) -> str:
    """A list in one language; `asked` is the query of its address, "" for the newest.

    `languages` are those in which there is such a list with something in it.
    """
    tag, words, url = listing.language, furniture(listing.language), addresses.news_url
    tongue = Link(language_name(tag, tag), url("", tag), tag, direction(tag))
    heading, crumbs = tongue, [_home(words)]
    if listing.by is not By.LANGUAGE:
        say = words.sector if listing.by is By.SECTOR else words.country
        heading = Link(say(listing.value), "", words.tag, words.direction)
        crumbs.append(tongue)
    by = (str(listing.by), listing.value) if listing.by is not By.LANGUAGE else ()
    return _page(
        (tag, [tag], base_url),
        part,
        path=listing.path,
        asked=asked,
        title=" · ".join(dict.fromkeys((heading.name, tongue.name))),
        heading=heading,
        crumbs=crumbs,
        languages=[language_link(one, url("", one, *by)) for one in languages],
        chosen=tag,
        groups=_groups(listing, part),
        feeds=feeds(FeedName(tag, listing.by, listing.value), base_url),
    )


def issuer_page(
    issuer: Issuer, part: Part, *, base_url: str, wanted: Sequence[str], asked: str
) -> str:
    """What one issuer has published, each release in the language that the reader reads best."""
    language = furniture_language(wanted)
    return _page(
        (language, [*wanted, language], base_url),
        part,
        path=addresses.issuer_url("", issuer.slug),
        asked=asked,
        title=issuer.name,
        heading=Link(issuer.name, "", "", "auto"),
        website=issuer.website if issuer.website.startswith(("https://", "http://")) else "",
        crumbs=[_home(furniture(language))],
        named=False,
        feeds=feeds(FeedName(language, By.ISSUER, issuer.slug), base_url),
    )


def day_page(
    day: date,
    part: Part,
    *,
    base_url: str,
    wanted: Sequence[str],
    asked: str,
    around: tuple[date | None, date | None],
) -> str:
    """What was first published on one day (UTC); `around` are the days before and after it."""
    language = furniture_language(wanted)
    words = furniture(language)
    way = (words.tag, words.direction)
    days = [
        (rel, words.date(one), addresses.day_url("", one))
        for rel, one in zip(("prev", "next"), around, strict=True)
        if one is not None
    ]
    archive = Link(words.word("archive"), addresses.archive_url(""), *way)
    return _page(
        (language, [*wanted, language], base_url),
        part,
        path=addresses.day_url("", day),
        asked=asked,
        title=f"{words.date(day)} · {archive.name}",
        heading=Link(words.date(day), "", *way),
        crumbs=[_home(words), archive],
        empty="day_empty",
        days=days,
        feeds=feeds(FeedName(language), base_url),
    )


def _page(
    reader: tuple[str, Sequence[str], str],
    part: Part,
    *,
    path: str,
    asked: str,
    empty: str = "no_releases",
    named: bool = True,
    **said: Any,
) -> str:
    """`reader`: the page's language, those that entries are shown in, best first, the site.

    `named` is False where the page itself names the issuer of all its entries.
    """
    language, wanted, base_url = reader
    words = furniture(language)
    nothing: dict[str, Any] = {
        "website": "",
        "crumbs": [],
        "languages": [],
        "chosen": None,
        "days": [],
        "groups": [],
    }
    return _templates.get_template("list.html").render(
        **frame(language),
        **nothing | said,
        front=path == "/",
        url=f"{base_url}{path}{asked}",
        entries=[entry(one, wanted, base_url) for one in part.editions],
        named=named,
        empty=words.word(empty),
        turns=_turns(part, path, words),
    )


def _home(words: Furniture) -> Link:
    return Link(words.word("latest_releases"), "/", words.tag, words.direction)


def _turns(part: Part, path: str, words: Furniture) -> list[tuple[str, str, str]]:
    """(rel, word, address) of the parts of a list beside this one."""
    found = []
    if part.newer and part.editions:
        found.append(("prev", words.word("newer"), f"{path}?above={part.editions[0].sequence}"))
    if part.older and part.editions:
        found.append(("next", words.word("older"), f"{path}?below={part.editions[-1].sequence}"))
    return found


def _groups(listing: Listing, part: Part) -> list[tuple[str, list[Link]]]:
    """Where the list of a language goes on: all sectors, and the countries of what it shows."""
    if listing.by is not By.LANGUAGE:
        return []
    words, tag = furniture(listing.language), listing.language
    said = {slug for one in part.editions for slug in one.release.sectors}
    codes = {code.upper() for one in part.editions for code in one.release.countries}
    datelines = (r.dateline for one in part.editions for r in one.release.renditions)
    codes |= {at.country.upper() for at in datelines if at and at.country}
    url = addresses.news_url
    way = (words.tag, words.direction)
    sectors = [Link(words.sector(s), url("", tag, "sector", s), *way) for s in SECTORS if s in said]
    places = [
        Link(words.country(c), url("", tag, "country", c), *way)
        for c in sorted(codes, key=words.country)
        if place_code(c) == c
    ]
    groups = [(words.word("sectors"), sectors), (words.word("countries"), places)]
    return [(name, links) for name, links in groups if links]
