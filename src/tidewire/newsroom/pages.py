"""The page of a release as text: what an edition becomes for a reader. Pure; nothing is fetched."""

from dataclasses import replace
from datetime import UTC

from tidewire.formats import addresses, site
from tidewire.formats.article import Article, article
from tidewire.formats.body import line
from tidewire.formats.feed_names import FeedName
from tidewire.formats.pictures import ShownPicture
from tidewire.formats.tables import for_page
from tidewire.languages import furniture
from tidewire.languages.regions import place_code
from tidewire.languages.spellings import open_graph_locale
from tidewire.model.release import Act, Edition
from tidewire.model.sectors import SECTORS
from tidewire.newsroom.card import MEDIA_TYPE, SIZE
from tidewire.newsroom.changes import Change, changes
from tidewire.newsroom.frame import (
    LanguageLink,
    Link,
    feeds,
    frame,
    instant,
    is_long,
    language_link,
)
from tidewire.newsroom.structured import data_block, news_article

TITLES = {Act.CORRECT: "corrected_title", Act.KILL: "killed_title", Act.WITHDRAW: "withdrawn_title"}
SUMMARY_LENGTH = 200

_templates = site.templates("tidewire.newsroom")


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
        text=for_page(joined.body_html, joined.direction, joined.headline),
        about=for_page(joined.boilerplate_html, joined.direction, joined.headline),
        long=is_long(joined.headline),
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
        locale=open_graph_locale(language),
        other_locales=_other_locales(newest or edition, language),
        preview=_preview(edition, joined, base_url),
        pictures=[replace(p, url=p.url.removeprefix(base_url)) for p in joined.pictures],
        structured=data_block(news_article(edition, joined, base_url)),
        licence=_web(edition.release.licence),
        mining=edition.release.data_mining,
        more=_more(edition, language),
        languages=_renditions(newest or edition, base_url),
        default_url=addresses.release_url(base_url, edition.ref),
        lines=_lines(joined),
        feeds=feeds(FeedName(language), base_url),
    )


def _preview(edition: Edition, shown: Article, base_url: str) -> ShownPicture:
    """What stands for the release elsewhere: its first picture, or else its card."""
    if shown.pictures:
        return shown.pictures[0]
    url = addresses.card_url(base_url, edition.ref, shown.language, edition.version)
    return ShownPicture("", url, MEDIA_TYPE, 0, *SIZE, shown.headline, "", "")


def missing_page(language: str) -> str:
    """The page for an address that names nothing public: the same whatever the reason."""
    return _templates.get_template("missing.html").render(**frame(language))


def _renditions(edition: Edition, base_url: str) -> list[LanguageLink]:
    return [
        language_link(tag, addresses.release_url(base_url, edition.ref, tag))
        for tag in edition.release.languages()
    ]


def _changes(before: Edition | None, edition: Edition, language: str) -> tuple[Change, ...] | None:
    """None where there was no version before, () where its text in this language is the same."""
    if before is None:
        return None
    if language not in before.release.languages():
        return ()
    return changes(before.release.rendition(language), edition.release.rendition(language))


def _other_locales(edition: Edition, language: str) -> list[str]:
    others = (tag for tag in edition.release.languages() if tag != language)
    found = dict.fromkeys(map(open_graph_locale, others))
    return [one for one in found if one != open_graph_locale(language)]


def _web(address: str) -> str:
    url = line(address)
    return url if url.startswith(("https://", "http://")) else ""


def _more(edition: Edition, language: str) -> list[tuple[str, list[Link]]]:
    """Where the page leads on: lists that the release stands in. Of what was taken back, two."""
    words, url = furniture(language), addresses.news_url
    way = (words.tag, words.direction)
    first = edition.first_published_at or edition.published_at
    assert first is not None
    day = first.astimezone(UTC).date()
    issuer = Link(edition.issuer_name, addresses.issuer_url("", edition.issuer_slug), "", "auto")
    ends = [
        (words.word("issuer"), [issuer]),
        (words.word("archive"), [Link(words.date(day), addresses.day_url("", day), *way)]),
    ]
    if edition.retracted:
        return ends
    release = edition.release
    at = release.rendition(language).dateline
    codes = [code.upper() for code in (*release.countries, at.country if at else None) if code]
    sectors = [slug for slug in dict.fromkeys(release.sectors) if slug in SECTORS]
    places = [code for code in dict.fromkeys(codes) if place_code(code) == code]
    groups = [
        (words.word("sectors"),
         [Link(words.sector(one), url("", language, "sector", one), *way) for one in sectors]),
        (words.word("countries"),
         [Link(words.country(one), url("", language, "country", one), *way) for one in places]),
    ]  # fmt: skip
    return [ends[0], *((name, links) for name, links in groups if links), ends[1]]


def _lines(joined: Article) -> list[str]:
    """The lines at the end, in their order: whose it is, who sent it."""
    lines = (
        joined.source_line,
        joined.licence_line,
        *joined.origin_lines,
        joined.disclaimer,
        joined.published_line,
        joined.about_wire,
    )
    return [line for line in lines if line]
