"""An edition as the fields of a post (WordPress REST API, "Posts"). Pure."""

import re
from dataclasses import dataclass
from html import escape, unescape

from tidewire.channels.wordpress.address import Site
from tidewire.formats.article import article
from tidewire.formats.html import article_html
from tidewire.languages import furniture
from tidewire.model.release import Edition

_TAG = re.compile(r"<[^>]*>")


@dataclass(frozen=True, slots=True)
class Post:
    """What is written. `slug` finds it again: the same for all versions of a rendition.

    `disclaimer` is plain text that must be found in what the site keeps, or "". `sectors`
    are as (slug, label in the post's language).
    """

    slug: str
    title: str
    content: str
    excerpt: str
    retracted: bool
    disclaimer: str
    sectors: tuple[tuple[str, str], ...]

    def text(self) -> dict[str, object]:
        """What an update changes: not the status, which the site's editors may have set."""
        return {"title": self.title, "content": self.content, "excerpt": self.excerpt}

    def whole(self, status: str) -> dict[str, object]:
        """What a new post gets.

        No date: a site whose clock is behind ours would take the post for one to come.
        """
        return {**self.text(), "slug": self.slug, "status": status}


def post_of(edition: Edition, language: str, base_url: str) -> Post:
    """The post for readers of `language`: it is public, so are the contacts in it."""
    shown = article(edition, language, base_url)
    words = furniture(shown.language)
    sectors = () if edition.retracted else edition.release.sectors
    return Post(
        slug=f"tidewire-{edition.ref}-{shown.language}".lower(),
        title=escape(shown.marked_headline, quote=False),
        content=article_html(shown),
        excerpt=escape(shown.subheadline, quote=False),
        retracted=edition.retracted,
        disclaimer=shown.disclaimer,
        sectors=tuple((slug, words.sector(slug)) for slug in sectors),
    )


def holds(content: str, text: str) -> bool:
    """Is `text` to be read in this HTML, whatever the site did to blanks, quotes and tags?"""
    return _bare(text) in _bare(unescape(_TAG.sub("", content)))


def wanted_categories(site: Site, post: Post) -> list[tuple[str, ...]]:
    """For each sector the names by which its category is looked for."""
    return [
        (site.categories[slug],) if slug in site.categories else (label, slug)
        for slug, label in post.sectors
    ]


def _bare(text: str) -> str:
    return "".join(c for c in text if c.isalnum()).casefold()
