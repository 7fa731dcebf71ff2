"""Feeds: which ones a release stands in, and what an item of them says in every format."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType

from tidewire.formats.addresses import feed_url, front_url, release_url
from tidewire.formats.article import article
from tidewire.formats.body import line
from tidewire.formats.html import article_html
from tidewire.formats.text import plain
from tidewire.languages import direction, furniture, language_name
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

    `id` is the same for all versions and differs by language. `html` is the full article;
    a retracted item has none, and its notice as `summary`.
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
    published: datetime
    updated: datetime

    @property
    def retracted(self) -> bool:
        """True where the release was taken back."""
        return self.act in (Act.KILL, Act.WITHDRAW)


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed's head and its items, newest first; `urls` are its own addresses by format."""

    name: str
    language: str
    direction: str
    title: str
    description: str
    home_url: str
    urls: Mapping[str, str]
    items: tuple[FeedItem, ...]

    @property
    def updated(self) -> datetime:
        """When the newest item was published or changed."""
        return max((item.updated for item in self.items), default=_EMPTY)


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
        published=edition.first_published_at or edition.published_at,
        updated=edition.published_at,
    )


def compose(name: str, items: Sequence[FeedItem], base_url: str) -> Feed:
    """The feed of that name ("de", "de/technology") with these items, newest first."""
    language, _, sector = name.partition("/")
    words = furniture(language)
    said = {"language": language_name(language, words.tag), "sector": words.sector(sector)}
    key = "feed_sector" if sector else "feed"
    return Feed(
        name=name,
        language=language,
        direction=direction(language),
        title=words.phrase(f"{key}_title", **said),
        description=words.phrase(f"{key}_description", **said),
        home_url=front_url(base_url),
        urls={form: feed_url(base_url, language, sector or None, form) for form in MEDIA_TYPES},
        items=tuple(items),
    )


def _opening(text: str) -> str:
    """The first words of a text, on one line."""
    words = line(text)
    if len(words) <= _SUMMARY:
        return words
    return words[:_SUMMARY].rsplit(" ", 1)[0] + " …"


def _web(address: str) -> str:
    url = line(address)
    return url if url.startswith(("https://", "http://")) else ""
