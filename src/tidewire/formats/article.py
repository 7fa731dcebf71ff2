"""The article: one rendition with its furniture around it. Mail, page, feed and webhook use it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from tidewire.formats.addresses import release_url
from tidewire.formats.body import line, markup, safe
from tidewire.formats.pictures import ShownPicture, shown_pictures
from tidewire.languages import Furniture, best, direction, furniture, language_name, role
from tidewire.model.release import Act, Contact, Edition, Release
from tidewire.model.rendition import Rendition

Audience = Literal["public", "media"]

_TAG_OR_PHONE = re.compile(r"(?P<tag><[^>]*>)|\+[0-9](?:[ \u00a0.()/-]{0,2}[0-9]){5,16}")
_FIRST = (Act.PUBLISH, Act.ADD)  # for its reader it is a first publication
_FIRST_PARAGRAPH = re.compile(r"\s*<p>")


@dataclass(frozen=True, slots=True)
class ContactLine:
    """Someone to ask, ready to be shown."""

    label: str
    name: str
    mail: str
    phone: str


@dataclass(frozen=True, slots=True)
class Article:
    """One rendition, ready to be shown: plain text, but for the fields that end in _html.

    `language` and `direction` are the text's; `furniture_language` and `furniture_direction`
    those of the furniture, which differ where the wire has none in the text's language.
    `lead` (dateline and credit line) stands in `body_html` already. `mark` says what the
    edition is ("" for a first publication), `notice` says it in full with the editor's note.
    Of a retracted edition there is the headline, the mark, the notice and the
    address, and nothing of the text.
    """

    act: Act
    language: str
    direction: str
    furniture_language: str
    furniture_direction: str
    mark: str
    headline: str
    notice: str
    url: str
    issuer: str
    published_line: str
    about_wire_heading: str
    about_wire: str
    subheadline: str = ""
    lead: str = ""
    body_html: str = ""
    boilerplate_html: str = ""
    about_issuer: str = ""
    disclaimer: str = ""
    sectors_line: str = ""
    source_line: str = ""
    licence_line: str = ""
    made_line: str = ""
    prevails_line: str = ""
    to_follow_line: str = ""
    contacts_heading: str = ""
    contacts: tuple[ContactLine, ...] = ()
    pictures_heading: str = ""
    pictures: tuple[ShownPicture, ...] = ()

    @property
    def retracted(self) -> bool:
        """True where nothing of the text may be shown."""
        return self.act in (Act.KILL, Act.WITHDRAW)

    @property
    def origin_lines(self) -> tuple[str, ...]:
        """Who translated it, which language prevails, and what is to follow; those there are."""
        lines = (self.made_line, self.prevails_line, self.to_follow_line)
        return tuple(said for said in lines if said)

    @property
    def marked_headline(self) -> str:
        """The headline with its mark before it: a mail's subject, a feed entry's title."""
        return f"{self.mark}: {self.headline}" if self.mark else self.headline


def article(
    edition: Edition, language: str, base_url: str, *, audience: Audience = "public"
) -> Article:
    """The edition for a reader of `language` (a BCP 47 tag).

    The rendition is the one in that language, or the one that fits it best, or the first.
    The media see all contacts, the public those that are public.
    """
    rendition = rendition_for(edition.release, language)
    words = furniture(language if edition.retracted else rendition.language)
    same = best([words.tag], rendition.language) is not None
    about = Article(
        act=edition.act,
        language=rendition.language,
        direction=direction(rendition.language),
        furniture_language=rendition.language if same else words.tag,
        furniture_direction=words.direction,
        mark="" if edition.act in _FIRST else words.phrase(f"mark_{edition.act}"),
        headline=line(rendition.headline),
        notice=_notice(edition, words),
        url=release_url(base_url, edition.ref, rendition.language),
        issuer=line(edition.issuer_name),
        published_line=_published(edition, words),
        about_wire_heading=words.phrase("about_wire_heading"),
        about_wire=words.phrase("about_wire"),
        pictures=shown_pictures(edition, rendition, base_url),
    )
    return about if edition.retracted else _with_text(about, edition, rendition, words, audience)


def rendition_for(release: Release, language: str) -> Rendition:
    """The rendition that a reader of `language` gets: the same, the best fitting, or the first."""
    found = best(release.languages(), language)
    return release.renditions[0] if found is None else release.rendition(found)


def _with_text(
    about: Article, edition: Edition, rendition: Rendition, words: Furniture, audience: Audience
) -> Article:
    release = edition.release
    shown = [c for c in release.contacts if c.public or audience == "media"]
    lead = _lead(rendition, words)
    sectors = words.listed([words.sector(slug) for slug in release.sectors])
    boilerplate = _numbers_apart(safe(rendition.boilerplate), about.direction)
    return replace(
        about,
        subheadline=line(rendition.subheadline),
        lead=lead,
        body_html=_led(lead, _numbers_apart(safe(rendition.body), about.direction), about),
        boilerplate_html=boilerplate,
        about_issuer=words.phrase("about_issuer", issuer=about.issuer) if boilerplate else "",
        disclaimer=_disclaimer(release, words),
        sectors_line=words.phrase("sectors", sectors=sectors) if sectors else "",
        source_line=_said(words, "source", release.source),
        licence_line=_said(words, "licence", release.licence),
        made_line=_made(rendition, words),
        prevails_line=_prevails(release, rendition, words),
        to_follow_line=_to_follow(release, words),
        contacts_heading=words.phrase("contacts") if shown else "",
        contacts=tuple(_contact(c, words) for c in shown),
        pictures_heading=words.phrase("pictures") if about.pictures else "",
    )


def _said(words: Furniture, key: str, value: str) -> str:
    return words.phrase(key, **{key: line(value)}) if line(value) else ""


def _made(rendition: Rendition, words: Furniture) -> str:
    """A machine's work is always labelled so; a translator is named."""
    if rendition.made_by is None:
        return ""
    name = line(rendition.made_by.name)
    if not rendition.by_machine:
        return words.phrase("translated_by", name=name)
    return words.phrase("machine_checked" if rendition.approved_by else "machine", provider=name)


def _prevails(release: Release, rendition: Rendition, words: Furniture) -> str:
    if not release.prevails or release.prevails == rendition.language:
        return ""
    return words.phrase("prevails", language=language_name(release.prevails, words.tag))


def _to_follow(release: Release, words: Furniture) -> str:
    names = [language_name(tag, words.tag) for tag in release.still_to_follow()]
    return words.phrase("to_follow", languages=words.listed(names)) if names else ""


def _contact(contact: Contact, words: Furniture) -> ContactLine:
    return ContactLine(
        label=role(line(contact.role), words) or words.phrase("media_contact"),
        name=line(contact.name),
        mail=line(contact.mail),
        phone=line(contact.phone),
    )


def _lead(rendition: Rendition, words: Furniture) -> str:
    at = rendition.dateline
    place = line(at.place) if at else ""
    if at is None or not place:
        return words.phrase("credit")
    return words.lead(words.dateline(place, at.country, at.date))


def _led(lead: str, body: str, about: Article) -> str:
    """The body with the lead run into its first paragraph, or as a paragraph before it."""
    marked, way = markup(lead), about.furniture_direction
    if about.furniture_language != about.language:
        marked = f'<span lang="{about.furniture_language}" dir="{way}">{marked}</span>'
    elif way == "rtl":  # whatever the text begins with, the dash stays where it is
        marked = f'<bdi dir="{way}">{marked}</bdi>'
    first = _FIRST_PARAGRAPH.match(body)
    if first is None:
        return f"<p>{marked}</p>\n{body}".strip()
    return f"<p>{marked} {body[first.end() :].lstrip()}"


def _numbers_apart(body: str, way: str) -> str:
    """Phone numbers in text from right to left in bdi: else their groups change places."""
    if way != "rtl":
        return body
    return _TAG_OR_PHONE.sub(
        lambda at: at[0] if at["tag"] else f'<bdi dir="ltr">{at[0]}</bdi>', body
    )


def _disclaimer(release: Release, words: Furniture) -> str:
    provider, url = line(release.provider), line(release.provider_url)
    if not release.third_party:
        return ""
    if not provider:
        return words.phrase("disclaimer_unnamed")
    if url.startswith(("https://", "http://")):
        return words.phrase("disclaimer_linked", provider=provider, url=url)
    return words.phrase("disclaimer", provider=provider)


def _notice(edition: Edition, words: Furniture) -> str:
    """What a correction, a withdrawal or a kill says; "" for a first publication."""
    note, first = line(edition.note), edition.first_published_at
    noted = "_noted" if note else ""
    match edition.act:
        case Act.PUBLISH | Act.ADD:
            return ""
        case Act.CORRECT:
            if first is None:
                return words.phrase(f"correct_undated{noted}", note=note)
            return words.phrase(f"correct{noted}", moment=words.moment(first), note=note)
        case Act.KILL:
            return words.phrase(f"kill{noted}", note=note)
        case Act.WITHDRAW:
            issuer = line(edition.issuer_name)
            return words.phrase(f"withdraw{noted}", issuer=issuer, note=note)


def _published(edition: Edition, words: Furniture) -> str:
    """When it was published, and corrected or taken back; while it is staged, its T0 counts."""
    at = edition.published_at or edition.t0
    if edition.act is Act.ADD:
        at = edition.first_published_at or at
    if edition.act in _FIRST:
        return words.phrase("published", moment=words.moment(at)) if at else ""
    key = "retracted" if edition.retracted else "corrected"
    first = edition.first_published_at
    said: list[tuple[str, datetime | None]] = [("published", first), (key, at)]
    dated = [(k, words.moment(when)) for k, when in said if when is not None]
    return " · ".join(words.phrase(k, moment=when) for k, when in dated)
