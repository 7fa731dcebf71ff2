"""The furniture of every language side by side, for native readers to check. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from tidewire.formats import site
from tidewire.languages import Furniture, furniture, known, language_name
from tidewire.model.sectors import SECTORS

ENGLISH = "en"  # the pages are in English, and hold every language
DAY = date(2026, 3, 3)
AT = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)
AMOUNT = 1_234_567.5
NAME, PLACE, COUNTRY = "Harbour Light Energy", "Muschelhafen", "DE"  # made up, as the text says
ADDRESS = "https://harbourlight.example/"
NOTE = "XETR:HLE, +49 40 0000 00"  # what runs from left to right in any language

_templates = site.templates("tidewire.newsroom")


@dataclass(frozen=True, slots=True)
class Tongue:
    """One language: its names, how it is written, and rows of what it says by what that is.

    `way` is "ltr" or "rtl", `direction` says it in words.
    """

    tag: str
    name: str
    english: str
    way: str
    direction: str
    scripts: str
    rows: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One table of a language file: rows of key, English and the language's own words."""

    title: str
    rows: tuple[tuple[str, str, str], ...]


def languages_page() -> str:
    """All languages as cards, by their English names."""
    return _templates.get_template("languages.html").render(
        **_frame(), tongues=sorted((_tongue(tag) for tag in known()), key=lambda t: t.english)
    )


def language_page(tag: str) -> str:
    """Every word of one language beside the English ones; `tag` is one of known()."""
    return _templates.get_template("language.html").render(
        **_frame(), tongue=_tongue(tag), parts=_parts(furniture(tag))
    )


def _frame() -> dict[str, object]:
    return {"language": ENGLISH, "direction": "ltr", "words": furniture(ENGLISH)}


def _tongue(tag: str) -> Tongue:
    words = furniture(tag)
    english = furniture(ENGLISH)
    named = (str(english.locale.scripts.get(code, code)) for code in words.scripts)
    return Tongue(
        tag=tag,
        name=language_name(tag, tag),
        english=language_name(tag, ENGLISH),
        way=words.direction,
        direction="right to left" if words.direction == "rtl" else "left to right",
        scripts=english.listed(list(named)),
        rows=tuple(_rows(words)),
    )


def _rows(words: Furniture) -> Iterator[tuple[str, str]]:
    """What a reader of releases sees most, with values in it."""
    moment = words.moment(AT)
    provider = {"provider": NAME, "url": ADDRESS}
    yield "How a text begins", f"{words.lead(words.dateline(PLACE, COUNTRY, DAY))} …"
    yield "Date", words.date(DAY)
    yield "Moment", moment
    yield "Number", words.number(AMOUNT)
    yield "Third party's text", words.phrase("disclaimer_linked", **provider)
    yield "Industries", words.phrase("sectors", sectors=words.listed(_some_sectors(words)))
    yield "Source", words.phrase("source", source=NAME)
    yield "Licence", words.phrase("licence", licence="CC BY 4.0")
    yield "Contacts", f"{words.phrase('contacts')} · {words.phrase('media_contact')}"
    yield "About", words.phrase("about_issuer", issuer=NAME)
    yield "About the wire", words.phrase("about_wire")
    yield "Published", words.phrase("published", moment=moment)
    yield "Embargo", words.phrase("embargo", moment=moment)
    yield "Correction", _marked(words, "correct", moment=moment, note=NOTE)
    yield "Kill", _marked(words, "kill", note=NOTE)
    yield "Withdrawal", _marked(words, "withdraw", issuer=NAME, note=NOTE)
    yield "Machine translation", words.phrase("machine", provider="DeepL")
    yield "Prevails", words.phrase("prevails", language=words.language(words.tag))
    yield "To follow", words.phrase("to_follow", languages=_others(words))
    yield "Why a mail came", words.word("mail_why")
    yield "Below a mail", words.word("mail_preferences")
    yield "Unsubscribe", f"{words.word('unsubscribe')} · {words.word('unsubscribe_ask')}"
    yield "Unsubscribed", words.word("unsubscribe_done")


def _marked(words: Furniture, act: str, **values: object) -> str:
    return f"{words.phrase(f'mark_{act}')} · {words.phrase(f'{act}_noted', **values)}"


def _some_sectors(words: Furniture) -> Sequence[str]:
    return [words.sector(slug) for slug in ("energy", "technology", "real-estate")]


def _others(words: Furniture) -> str:
    return words.listed([words.language(tag) for tag in ("ja", "ar") if tag != words.tag])


def _parts(words: Furniture) -> list[Part]:
    """The tables of the file as they stand there, placeholders and all."""
    english = furniture(ENGLISH)
    tables = (
        ("Phrases around a text", english.phrases, words.phrases),
        ("Industries", {slug: english.sector(slug) for slug in SECTORS}, words.sectors),
        ("Subjects", english.subjects, words.subjects),
        ("What a contact does", english.roles, words.roles),
        ("Words of pages, reports and mails", english.words, words.words),
    )
    return [
        Part(title, tuple((key, said, own[key]) for key, said in model.items()))
        for title, model, own in tables
    ]
