"""One release as lists show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from tidewire.formats import addresses
from tidewire.languages import Furniture, best, direction, furniture
from tidewire.model.release import Act, Edition
from tidewire.newsroom.frame import LanguageLink, instant, is_long, language_link

FEW = 4  # links to other languages that stand open below an entry


@dataclass(frozen=True, slots=True)
class Entry:
    """One release on a list. `spoken` is the language of its furniture.

    `corrected` says so, "" where it was not; its values are set apart. `folded` is what the
    other languages stand behind where they are many.
    """

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
    folded: str
    long: bool


def entry(edition: Edition, asked: Sequence[str], base_url: str) -> Entry:
    """A release in the first of the languages asked for that it has."""
    available = edition.release.languages()
    language = best(available, asked) or available[0]
    rendition = edition.release.rendition(language)
    here = furniture(language)
    assert edition.published_at is not None
    first = edition.first_published_at or edition.published_at
    others = tuple(
        language_link(tag, addresses.release_url(base_url, edition.ref, tag))
        for tag in available
        if tag != language
    )
    corrected = edition.act is Act.CORRECT
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
        corrected=here.phrase("corrected", moment=here.moment(edition.published_at))
        if corrected
        else "",
        others=others,
        folded=folded(here, len(others)),
        long=is_long(rendition.headline),
    )


def folded(words: Furniture, others: int) -> str:
    """What so many languages stand behind; "" for few, which stand open."""
    return f"{words.word('read_in')} ({words.number(others)})" if others > FEW else ""
