"""NewsML-G2's contentMeta: urgency, place, sources, people, language, subjects, headlines."""

from lxml import etree

from tidewire.formats.body import line
from tidewire.formats.news_item import (
    BY_SECTOR,
    CONTACT,
    LEI,
    MACHINE_MADE,
    MEDIA_CONTACT,
    SECTOR,
    SOURCE,
    THIRD_PARTY,
    TRANSLATORS,
    NewsItem,
    ticker_of,
    topics,
    uri_of,
)
from tidewire.model.release import Contact
from tidewire.model.sectors import SECTORS

_NAR = "http://iptc.org/std/nar/2006-10-01/"
SUBHEADLINE = "tag:tidewire.example,2026:wire/role/subheadline"


def below(parent: etree._Element, name: str, /, *, text: str = "", **values: str) -> etree._Element:
    """A new element of NewsML-G2 at the end of `parent`, without attributes that say nothing."""
    made = etree.SubElement(parent, f"{{{_NAR}}}{name}")
    for key, value in values.items():
        if value:
            made.set(key, value)
    made.text = text or None
    return made


def content_meta(root: etree._Element, item: NewsItem) -> None:
    """Add the contentMeta; of a retracted edition it says no more than what it was."""
    meta, at = below(root, "contentMeta"), item.rendition.dateline
    below(meta, "urgency", text=str(item.urgency))
    if item.text and at is not None and at.date is not None:
        below(meta, "contentCreated", text=at.date.isoformat())
    if item.text and item.rendition.by_machine:
        below(meta, "digitalSourceType", qcode=f"digsrctype:{MACHINE_MADE}")
    if item.text:
        _located(meta, item)
    _parties(meta, item)
    below(meta, "altId", text=item.edition.ref)
    below(meta, "language", tag=item.shown.language)
    genre = below(meta, "genre", qcode="genre:Press_Release")
    below(genre, "name", text="Press release").set(
        "{http://www.w3.org/XML/1998/namespace}lang", "en"
    )
    if item.text:
        _subjects(meta, item)
    below(meta, "slugline", text=line(item.release.slug))
    below(meta, "headline", text=item.shown.headline)
    if item.shown.subheadline:
        below(meta, "headline", text=item.shown.subheadline, roleuri=SUBHEADLINE)
    if item.dateline:
        below(meta, "dateline", text=item.dateline)
    below(meta, "by", text=item.shown.issuer)
    below(meta, "creditline", text="Tidewire")


def _located(meta: etree._Element, item: NewsItem) -> None:
    at = item.rendition.dateline
    if at is None or not line(at.place):
        return
    located = below(meta, "located", type="loctyp:City")
    below(located, "name", text=line(at.place))
    if at.country:
        broader = below(located, "broader", qcode=f"iso3166-1a2:{at.country}")
        below(broader, "name", text=item.words.country(at.country))


def _parties(meta: etree._Element, item: NewsItem) -> None:
    release, edition = item.release, item.edition
    if line(release.source):
        below(below(meta, "infoSource", roleuri=SOURCE), "name", text=line(release.source))
    if item.text and (maker := item.rendition.made_by):
        source = below(meta, "infoSource", roleuri=TRANSLATORS[maker.hand])
        below(source, "name", text=line(maker.name))
    if release.third_party:
        provider, url = line(release.provider), line(release.provider_url)
        third = {"uri": uri_of(url), "literal": url}
        source = below(meta, "infoSource", roleuri=THIRD_PARTY, **third)
        if provider:
            below(source, "name", text=provider)
    website = uri_of(edition.issuer_website)
    creator = below(meta, "creator", literal=edition.issuer_slug, type="cpnat:organisation")
    below(creator, "name", text=item.shown.issuer)
    if website:
        details = below(creator, "organisationDetails")
        below(below(details, "contactInfo"), "web", text=website)
    for contact in item.contacts:
        _contact(meta, contact)


def _contact(meta: etree._Element, contact: Contact) -> None:
    role = CONTACT if contact.public else MEDIA_CONTACT
    person = below(meta, "contributor", roleuri=role)
    below(person, "name", text=line(contact.name))
    below(person, "note", text=line(contact.role))
    if line(contact.mail) or line(contact.phone):
        info = below(below(person, "personDetails"), "contactInfo")
        if line(contact.mail):
            below(info, "email", text=line(contact.mail))
        if line(contact.phone):
            below(info, "phone", text=line(contact.phone))


def _subjects(meta: etree._Element, item: NewsItem) -> None:
    words = item.words
    for code in topics(item):
        subject = below(meta, "subject", type="cpnat:abstract", qcode=code)
        below(subject, "name", text=words.subject(code))
    for slug in item.release.sectors:
        if slug in SECTORS:
            subject = below(meta, "subject", type="cpnat:abstract", uri=SECTOR + slug)
            below(subject, "name", text=words.sector(slug))
            if SECTORS[slug]:
                below(subject, "sameAs", qcode=SECTORS[slug])
    for code in item.mapped:
        subject = below(meta, "subject", type="cpnat:abstract", qcode=code, howuri=BY_SECTOR)
        below(subject, "name", text=words.subject(code))
    for country in item.release.countries:
        subject = below(meta, "subject", type="cpnat:geoArea", qcode=f"iso3166-1a2:{country}")
        below(subject, "name", text=words.country(country))
    for at, organisation in enumerate(item.release.organisations, 1):
        named = {"type": "cpnat:organisation", "literal": f"organisation-{at}"}
        subject = below(meta, "subject", **named)
        below(subject, "name", text=line(organisation.name))


def assertions(root: etree._Element, item: NewsItem) -> None:
    """Add what is known of each organisation, which a subject cannot hold: its identifiers."""
    for at, organisation in enumerate(item.release.organisations if item.text else (), 1):
        told = below(root, "assert", literal=f"organisation-{at}")
        below(told, "type", qcode="cpnat:organisation")
        below(told, "name", text=line(organisation.name))
        if organisation.isin:
            below(told, "sameAs", qcode=f"isin:{organisation.isin}")
        if organisation.lei:
            below(told, "sameAs", uri=LEI + organisation.lei)
        if organisation.ticker:
            market, symbol = ticker_of(organisation.ticker)
            details = below(told, "organisationDetails")
            named = {"symbol": symbol, "market": f"mic:{market}" if market else ""}
            below(details, "hasInstrument", **named)
