"""Feeds: which ones a release stands in, and what an item of them says in every format."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType

from tidewire.formats.addresses import front_url, hub_url, release_url
from tidewire.formats.article import article
from tidewire.formats.body import line
from tidewire.formats.feed_names import FORMS, By, FeedAddress, FeedName
from tidewire.formats.html import article_html
from tidewire.formats.pictures import ShownPicture
from tidewire.formats.text import plain
from tidewire.languages import Furniture, direction, furniture, language_name
from tidewire.model.release import Act, Edition
from tidewire.model.sectors import SECTORS

MEDIA_TYPES: Mapping[str, str] = MappingProxyType(
    {
        "atom": "application/atom+xml; charset=utf-8",
        "rss": "application/rss+xml; charset=utf-8",
        "json": "application/feed+json; charset=utf-8",
    }
)
NAMESPACE = "tag:tidewire.example,2026:wire"  # of our own elements in Atom and RSS
GENERATOR = "Tidewire"

_EMPTY = datetime(1970, 1, 1, tzinfo=UTC)  # a feed that nothing has stood in yet
_SUMMARY = 300  # characters


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One release in one language, as the newest edition of it says it.

    `id` is the same for all versions and differs by language. `html` is the full article, ""
    where only the summary is wanted; a retracted item has none, and its notice as `summary`.
    """

    id: str
    sequence: int
    version: int
    act: Act
    language: str
    title: str
    summary: str
    html: str
    url: str
    author: str
    author_url: str
    categories: tuple[tuple[str, str], ...]  # (slug, label)
    others: tuple[tuple[str, str], ...]  # (language, address) of the other renditions
    rights: str
    pictures: tuple[ShownPicture, ...]
    published: datetime
    updated: datetime

    @property
    def retracted(self) -> bool:
        """True where the release was taken back."""
        return self.act in (Act.KILL, Act.WITHDRAW)


@dataclass(frozen=True, slots=True)
class Feed:
    """One document of a feed: its head and its items, newest first.

    Addresses are by format: `urls` its own, `current` those of the newest document, `older` and
    `newer` its neighbours' among the archives (RFC 5005 section 4), empty where there is none.
    `archived`: it is a part of the archive, and no hub tells of it.
    """

    name: str
    language: str
    direction: str
    title: str
    description: str
    home_url: str
    hub_url: str
    urls: Mapping[str, str]
    current: Mapping[str, str]
    older: Mapping[str, str]
    newer: Mapping[str, str]
    archived: bool
    items: tuple[FeedItem, ...]

    @property
    def updated(self) -> datetime:
        """When the newest item was published or changed."""
        return max((item.updated for item in self.items), default=_EMPTY)

    def links(self, form: str) -> list[tuple[str, str]]:
        """(relation, address) of what a document of this format names beside itself.

        `hub` is WebSub's, the others RFC 5005's.
        """
        found = [] if self.archived else [("hub", self.hub_url)]
        if self.archived:
            found += [("current", self.current[form]), ("first", self.current[form])]
        if self.older:
            found += [("prev-archive", self.older[form]), ("next", self.older[form])]
        if self.archived:
            newer = self.newer or self.current
            found += [("next-archive", self.newer[form])] if self.newer else []
            found += [("previous", newer[form])]
        return found


@dataclass(frozen=True, slots=True)
class Place:
    """Where a document stands in its feed: `archive` is its number, None for the newest document.

    `older` and `newer` are its neighbours' numbers.
    """

    archive: int | None = None
    older: int | None = None
    newer: int | None = None
    summary: bool = False


def feeds_of(edition: Edition) -> list[str]:
    """The names of the feeds that it is news in: "de" and "de/technology" for each language."""
    release = edition.release
    sectors = [slug for slug in dict.fromkeys(release.sectors) if slug in SECTORS]
    return [
        name
        for language in edition.news
        for name in (language, *(f"{language}/{slug}" for slug in sectors))
    ]


def entry_id(ref: str, language: str) -> str:
    """The id of a release's entry in one language: a URN (RFC 9562) that no version changes."""
    return uuid.uuid5(uuid.NAMESPACE_URL, f"tidewire:{ref}:{language}").urn


def feed_item(edition: Edition, language: str, base_url: str) -> FeedItem:
    """The edition as an item of the feeds in `language`, which it must have a rendition in.

    Raises ValueError where the edition is not public: no feed may show it.
    """
    if edition.published_at is None or edition.sequence is None:
        raise ValueError(f"version {edition.version} of {edition.ref} is not public")
    shown, words = article(edition, language, base_url), furniture(language)
    sectors = () if edition.retracted else edition.release.sectors
    others = [tag for tag in edition.release.languages() if tag != shown.language]
    return FeedItem(
        id=entry_id(edition.ref, shown.language),
        sequence=edition.sequence,
        version=edition.version,
        act=edition.act,
        language=shown.language,
        title=shown.marked_headline,
        summary=shown.notice or shown.subheadline or _opening(plain(shown.body_html)),
        html="" if edition.retracted else article_html(shown),
        url=shown.url,
        author=shown.issuer,
        author_url=_web(edition.issuer_website),
        categories=tuple((slug, words.sector(slug)) for slug in sectors),
        others=tuple((tag, release_url(base_url, edition.ref, tag)) for tag in others),
        rights=shown.licence_line,
        pictures=shown.pictures,
        published=edition.first_published_at or edition.published_at,
        updated=edition.published_at,
    )


def compose(
    name: FeedName,
    items: Sequence[FeedItem],
    base_url: str,
    *,
    label: str = "",
    place: Place = Place(),
) -> Feed:
    """The document of that feed with these items, newest first.

    `label` is what an issuer or a circuit is called. Where only summaries are wanted, items
    have no full text.
    """
    words = furniture(name.language)
    language = language_name(name.language, words.tag)
    title, description = _named(name, label, words, language)

    def urls(archive: int | None) -> Mapping[str, str]:
        return {
            form: FeedAddress(name, form, place.summary, archive).url(base_url) for form in FORMS
        }

    return Feed(
        name=str(name),
        language=name.language,
        direction=direction(name.language),
        title=title,
        description=description,
        home_url=front_url(base_url),
        hub_url=hub_url(base_url),
        urls=urls(place.archive),
        current=urls(None),
        older={} if place.older is None else urls(place.older),
        newer={} if place.newer is None else urls(place.newer),
        archived=place.archive is not None,
        items=tuple(replace(item, html="") if place.summary else item for item in items),
    )


def _named(name: FeedName, label: str, words: Furniture, language: str) -> tuple[str, str]:
    """Title and description, in the feed's language."""
    match name.by:
        case By.LANGUAGE:
            said = {"language": language}
            return words.phrase("feed_title", **said), words.phrase("feed_description", **said)
        case By.SECTOR:
            label = words.sector(name.value)
        case By.COUNTRY:
            label = words.country(name.value)
    title = words.phrase("feed_sector_title", language=language, sector=label or name.value)
    if name.by is By.SECTOR:
        both = words.phrase("feed_sector_description", language=language, sector=label)
        return title, both
    about = words.phrase("feed_description", language=language)
    return title, f"{about} – {words.isolated(label or name.value)}"


def _opening(text: str) -> str:
    """The first words of a text, on one line."""
    words = line(text)
    if len(words) <= _SUMMARY:
        return words
    return words[:_SUMMARY].rsplit(" ", 1)[0] + " …"


def _web(address: str) -> str:
    url = line(address)
    return url if url.startswith(("https://", "http://")) else ""
