"""The page that readers search on: a form, and what was found. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from tidewire.formats import addresses, site
from tidewire.languages import Furniture, direction, furniture, known
from tidewire.model.release import Act
from tidewire.model.sectors import SECTORS
from tidewire.newsroom.entries import Entry, folded
from tidewire.newsroom.frame import frame, instant, is_long, language_link
from tidewire.newsroom.lists import furniture_language
from tidewire.newsroom.search import LONGEST, Answer, Question
from tidewire.store.search_index import Shown

_templates = site.templates("tidewire.newsroom")


@dataclass(frozen=True, slots=True)
class Turn:
    """A link to another page of what was found."""

    name: str
    href: str


def search_page(
    question: Question, found: Answer | None, *, base_url: str, wanted: Sequence[str]
) -> str:
    """The form with the question in it, and a page of what was found (None: nothing was asked)."""
    language = question.language or furniture_language(wanted)
    words = furniture(language)
    return _page(
        question,
        language,
        notice=_notice(words, found),
        entries=[_entry(hit, base_url) for hit in found.hits] if found else [],
        newer=_turn(words, question, question.page - 1) if question.page > 1 else None,
        older=_turn(words, question, question.page + 1) if found and found.more else None,
    )


def too_long(asked: str, wanted: Sequence[str]) -> str:
    """The form with the words that were asked for, and why they were not looked for."""
    language = furniture_language(wanted)
    notice = furniture(language).word("search_too_long")
    return _page(Question(asked[:LONGEST]), language, notice=notice, refused=True)


def _page(
    question: Question,
    language: str,
    *,
    notice: str,
    entries: Sequence[Entry] = (),
    newer: Turn | None = None,
    older: Turn | None = None,
    refused: bool = False,
) -> str:
    words = furniture(language)
    tags = sorted({*known(), *([question.language] if question.language else [])})
    return _templates.get_template("search.html").render(
        **frame(language),
        question=question,
        longest=LONGEST,
        languages=[language_link(tag, "") for tag in tags],
        sectors=sorted(((slug, words.sector(slug)) for slug in SECTORS), key=lambda one: one[1]),
        notice=notice,
        refused=refused,
        entries=entries,
        newer=newer,
        older=older,
        page_number=words.word("page_number", number=words.number(question.page)),
    )


def _notice(words: Furniture, found: Answer | None) -> str:
    if found is None:
        return ""
    if not found.count:
        return words.word("search_none")
    count = words.number(found.count)
    return words.word("search_found", number=count if found.whole else f"{count}+")


def _turn(words: Furniture, question: Question, page: int) -> Turn:
    asked = {
        "q": question.words,
        "language": question.language,
        "sector": question.sector,
        "issuer": question.issuer,
        "from": question.since,
        "until": question.until,
        "page": page if page > 1 else "",
    }
    query = urlencode({name: value for name, value in asked.items() if value})
    return Turn(words.word("page_number", number=words.number(page)), f"/search?{query}")


def _entry(hit: Shown, base_url: str) -> Entry:
    words = furniture(hit.language)
    others = tuple(
        language_link(tag, addresses.release_url(base_url, hit.ref, tag))
        for tag in hit.languages
        if tag != hit.language
    )
    return Entry(
        language=hit.language,
        direction=direction(hit.language),
        spoken=words.tag,
        issuer=hit.issuer,
        place="",
        moment=instant(hit.published_at),
        published=words.moment(hit.published_at),
        headline=hit.headline,
        subheadline=hit.subheadline,
        href=addresses.release_url(base_url, hit.ref, hit.language),
        corrected=words.word("corrected") if hit.act is Act.CORRECT else "",
        others=others,
        folded=folded(words, len(others)),
        long=is_long(hit.headline),
    )
