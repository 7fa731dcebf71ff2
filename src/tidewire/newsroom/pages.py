"""The public pages as text: what an edition becomes for a reader. Pure; nothing is fetched here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tidewire.formats import addresses, site
from tidewire.formats.article import Article, article
from tidewire.languages import best, direction, furniture, known, language_name
from tidewire.model.release import Act, Edition
from tidewire.newsroom.changes import Change, changes

FEED_FORMS = (
    ("atom", "Atom", "application/atom+xml"),
    ("rss", "RSS", "application/rss+xml"),
    ("json", "JSON Feed", "application/feed+json"),
)
TITLES = {Act.CORRECT: "corrected_title", Act.KILL: "killed_title", Act.WITHDRAW: "withdrawn_title"}
SUMMARY_LENGTH = 200
_LOCALES = {"zh-Hans": "zh_CN", "zh-Hant": "zh_TW"}  # OpenGraph's locales know no scripts

_templates = site.templates("tidewire.newsroom")


@dataclass(frozen=True, slots=True)
class LanguageLink:
    """One language version of a page, named in its own language."""

    tag: str
    name: str
    direction: str
    href: str


@dataclass(frozen=True, slots=True)
class FeedLink:
    """One feed of releases in one language."""

    name: str
    type: str
    title: str
    url: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One release on the front list. `spoken` is the language of its furniture."""

    language: str
    direction: str
    spoken: str
    issuer: str
    place: str
    moment: str
    published: str
    headline: str
    subheadline: str
    href: str
    corrected: str
    others: tuple[LanguageLink, ...]


def furniture_language(wanted: Sequence[str]) -> str:
    """The language of a page that has none of its own, from what the reader wants."""
    return best(known(), wanted) or "en"


def front_page(
    editions: Sequence[Edition],
    *,
    base_url: str,
    chosen: str | None,
    wanted: Sequence[str],
    languages: Iterable[str],
) -> str:
    """The front list. `chosen` keeps one language; `languages` are those one can switch to.

    Releases that were taken back are not listed; their own addresses say so.
    """
    language = chosen or furniture_language(wanted)
    asked = [chosen] if chosen else [*wanted, language]
    return _templates.get_template("front.html").render(
        **frame(language),
        chosen=chosen,
        languages=[link(tag, f"/?language={tag}") for tag in languages],
        entries=[_entry(one, asked, base_url) for one in editions if not one.retracted],
        feeds=_feeds(language, base_url),
    )


def release_page(
    edition: Edition,
    language: str,
    *,
    base_url: str,
    newest: Edition | None = None,
    before: Edition | None = None,
) -> str:
    """The page of one rendition, from the last version that said something in its language.

    `newest` is the last version of all, which names the languages that came later; `before`
    is the version that a correction took the place of.
    """
    joined = article(edition, language, base_url)
    here = furniture(language)
    rendition = edition.release.rendition(language)
    assert edition.published_at is not None
    first = edition.first_published_at or edition.published_at
    return _templates.get_template("release.html").render(
        **frame(language),
        article=joined,
        issuer_website=edition.issuer_website,
        place=rendition.dateline.place if rendition.dateline else "",
        published=here.moment(first),
        first_moment=instant(first),
        changed_at=here.moment(edition.published_at),
        moment=instant(edition.published_at),
        notice_title=here.word(TITLES[edition.act]) if edition.act in TITLES else "",
        changes=_changes(before, edition, language),
        added=before is not None and language not in before.release.languages(),
        summary=(joined.subheadline or joined.headline)[:SUMMARY_LENGTH],
        locale=_LOCALES.get(language, language.replace("-", "_")),
        languages=_renditions(newest or edition, base_url),
        default_url=addresses.release_url(base_url, edition.ref),
        lines=_lines(joined),
        feeds=_feeds(language, base_url),
    )


def missing_page(wanted: Sequence[str]) -> str:
    """The page for an address that names nothing public: the same whatever the reason."""
    return _templates.get_template("missing.html").render(**frame(furniture_language(wanted)))


def frame(language: str) -> dict[str, Any]:
    """What every page is drawn with: its language, its direction and its words."""
    return {
        "language": language,
        "direction": direction(language),
        "words": furniture(language),
    }


def _entry(edition: Edition, asked: Sequence[str], base_url: str) -> Entry:
    available = edition.release.languages()
    language = best(available, asked) or available[0]
    rendition = edition.release.rendition(language)
    here = furniture(language)
    assert edition.published_at is not None
    first = edition.first_published_at or edition.published_at
    links = _renditions(edition, base_url)
    return Entry(
        language=language,
        direction=direction(language),
        spoken=here.tag,
        issuer=edition.issuer_name,
        place=rendition.dateline.place if rendition.dateline else "",
        moment=instant(first),
        published=here.moment(first),
        headline=rendition.headline,
        subheadline=rendition.subheadline,
        href=addresses.release_url(base_url, edition.ref, language),
        corrected=here.word("corrected") if edition.act is Act.CORRECT else "",
        others=tuple(link for link in links if link.tag != language),
    )


def _renditions(edition: Edition, base_url: str) -> list[LanguageLink]:
    return [
        link(tag, addresses.release_url(base_url, edition.ref, tag))
        for tag in edition.release.languages()
    ]


def _changes(before: Edition | None, edition: Edition, language: str) -> tuple[Change, ...] | None:
    """None where there was no version before, () where its text in this language is the same."""
    if before is None:
        return None
    if language not in before.release.languages():
        return ()
    return changes(before.release.rendition(language), edition.release.rendition(language))


def _lines(joined: Article) -> list[str]:
    """The lines at the end, in their order: what it is about, whose it is, who sent it."""
    lines = (
        joined.sectors_line,
        joined.source_line,
        joined.licence_line,
        *joined.origin_lines,
        joined.disclaimer,
        joined.published_line,
        joined.about_wire,
    )
    return [line for line in lines if line]


def link(tag: str, href: str) -> LanguageLink:
    """A language version, named in its own language."""
    return LanguageLink(tag, language_name(tag, tag), direction(tag), href)


def _feeds(language: str, base_url: str) -> list[FeedLink]:
    return [
        FeedLink(
            name,
            kind,
            f"Tidewire {language} ({name})",
            addresses.feed_url(base_url, language, None, form),
        )
        for form, name, kind in FEED_FORMS
    ]


def instant(at: datetime) -> str:
    """RFC 3339 in UTC, to the second."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
