"""NITF 3.6, the News Industry Text Format (IPTC, namespace of 2006-10-18)."""

from datetime import UTC, datetime

from lxml import etree

from tidewire.formats.article import Audience
from tidewire.formats.body import legal, line
from tidewire.formats.news_item import (
    NewsItem,
    boilerplate_html,
    main_html,
    news_item,
    page_url,
    ticker_of,
    topics,
)
from tidewire.formats.nitf_body import blocks, element
from tidewire.formats.pictures import ShownPicture
from tidewire.languages import unturned
from tidewire.model.release import Act, Edition, Organisation

MEDIA_TYPE = "application/nitf+xml"
VERSION = "-//IPTC//DTD NITF 3.6//EN"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def nitf(edition: Edition, language: str, base_url: str, *, audience: Audience = "public") -> bytes:
    """One edition in one language as an NITF 3.6 document in UTF-8.

    Of a retracted edition there are head, headline and notice. Raises ValueError where it is not
    public.
    """
    item = news_item(edition, language, base_url, audience=audience)
    return etree.tostring(nitf_tree(item, base_url), xml_declaration=True, encoding="UTF-8")


def nitf_tree(item: NewsItem, base_url: str) -> etree._Element:
    """The document as a tree; NewsML-G2 carries it in its inlineXML."""
    root = element("nitf", uno=item.guid, version=VERSION, baselang=item.shown.language)
    head = _below(root, "head")
    _below(head, "title", text=item.shown.marked_headline)
    _below(head, "meta", name="generator", content="Tidewire")
    _subjects(head, item)
    _docdata(head, item)
    published = stamp(item.created)
    pub = {"type": "web", "ex-ref": page_url(item, base_url), "date.publication": published}
    _below(head, "pubdata", name="Tidewire", **pub)
    body = _below(root, "body")
    body.set(_LANGUAGE, item.shown.language)
    _body_head(body, item)
    content = _below(body, "body.content")
    if item.text:
        content.extend(_media(picture) for _, picture in item.pictures)
        content.extend(blocks(main_html(item)))
        _block(content, "boilerplate", blocks(boilerplate_html(item)))
        _block(content, "disclaimer", _paragraphs(item.shown.disclaimer))
        _block(content, "contacts", _contacts(item))
    return root


def stamp(at: datetime) -> str:
    """A moment in the basic form of ISO 8601, as NITF writes dates: "20260303T120000+0000"."""
    return at.astimezone(UTC).strftime("%Y%m%dT%H%M%S%z")


def _below(
    parent: etree._Element, name: str, /, *, text: str = "", **values: str
) -> etree._Element:
    made = element(name, text=text, **values)
    parent.append(made)
    return made


def _subjects(head: etree._Element, item: NewsItem) -> None:
    tobject = _below(head, "tobject", **{"tobject.type": "news"})
    _below(tobject, "tobject.property", **{"tobject.property.type": "current"})
    for code in (*topics(item), *item.mapped) if item.text else ():
        named = item.words.subject(code)
        values = {"refnum": code.removeprefix("medtop:"), "type": named}
        _below(tobject, "tobject.subject", **{f"tobject.subject.{k}": v for k, v in values.items()})


def _docdata(head: etree._Element, item: NewsItem) -> None:
    edition, release = item.edition, item.release
    data = _below(head, "docdata", **{"management-status": item.status})
    if edition.version > 1:
        data.set("management-doc-idref", item.guid)
    if edition.act is Act.CORRECT:
        _below(data, "correction", info=item.editor_note, **{"id-string": item.guid})
    _below(data, "doc-id", regsrc=item.host, **{"id-string": item.guid})
    _below(data, "urgency", **{"ed-urg": str(item.urgency)})
    _below(data, "date.issue", norm=stamp(item.first_created))
    _below(data, "date.release", norm=stamp(item.embargoed or item.created))
    _below(data, "du-key", key=line(release.slug), version=str(edition.version))
    if item.editor_note:
        _below(data, "ed-msg", info=item.editor_note)
    owner = {"year": str(item.first_created.year), "holder": item.shown.issuer}
    _below(data, "doc.copyright", **owner)
    if not item.text:
        return
    _below(data, "doc.rights", owner=item.shown.issuer, type=legal(release.licence))
    for code in release.countries:
        _below(data, "evloc", **{"iso-cc": code})
    keys = _below(data, "key-list")
    for slug in release.sectors:
        _below(keys, "keyword", key=item.words.sector(slug))
    named = _below(data, "identified-content")
    for organisation in release.organisations:
        named.append(_organisation(organisation))
    _below(named, "classifier", type="genre", idsrc="IPTC", value="Press_Release")
    for tag, guid in item.translations:
        _below(named, "classifier", type=f"translation.{tag}", idsrc=item.host, value=guid)


def _organisation(organisation: Organisation) -> etree._Element:
    made = element("org", text=line(organisation.name))
    market, symbol = ticker_of(organisation.ticker)
    for source, value in (("isin", organisation.isin), ("lei", organisation.lei), (market, symbol)):
        if value:
            _below(made, "alt-code", idsrc=source or "ticker", value=value)
    return made


def _body_head(body: etree._Element, item: NewsItem) -> None:
    shown, at = item.shown, item.rendition.dateline
    head = _below(body, "body.head")
    hedline = _below(head, "hedline")
    _below(hedline, "hl1", text=shown.headline)
    if shown.subheadline:
        _below(hedline, "hl2", text=shown.subheadline)
    if item.editor_note:
        note = _below(head, "note", noteclass="editorsnote")
        _below(note, "body.content").extend(_paragraphs(item.editor_note))
    rights = _below(head, "rights", text=f"{item.copyright_notice} ")
    _below(rights, "rights.owner", text=shown.issuer)
    if item.text and item.release.licence:
        _below(rights, "rights.limitations", text=legal(item.release.licence))
    _below(_below(head, "byline"), "person", text=shown.issuer)
    _below(_below(head, "distributor"), "org", text="Tidewire")
    if item.text and at is not None and line(at.place):
        dateline = _below(head, "dateline")
        location = _below(dateline, "location")
        _below(location, "city", text=line(at.place))
        if at.country:
            code = {"iso-cc": at.country}
            _below(location, "country", text=item.words.country(at.country), **code)
        if at.date:
            said = item.words.date(at.date)
            _below(dateline, "story.date", text=said, norm=f"{at.date:%Y%m%d}")


def _media(picture: ShownPicture) -> etree._Element:
    made = element("media", **{"media-type": "image"})
    measured = {"width": str(picture.width), "height": str(picture.height)}
    file = {"source": picture.url, "mime-type": picture.media_type, **measured}
    said = {"alternate-text": picture.alt, "source-credit": picture.credit}
    _below(made, "media-reference", **file, **said)
    if picture.caption:
        _below(_below(made, "media-caption"), "p", text=picture.caption)
    if picture.credit:
        _below(made, "media-producer", text=picture.credit)
    return made


def _block(content: etree._Element, kind: str, inner: list[etree._Element]) -> None:
    if inner:
        made = element("block", kind=kind)
        made.extend(inner)
        content.append(made)


def _paragraphs(text: str) -> list[etree._Element]:
    return [element("p", text=unturned(part)) for part in text.split("\n") if part.strip()]


def _contacts(item: NewsItem) -> list[etree._Element]:
    """A paragraph for each: role, name and ways to reach them."""
    return [
        element("p", text=" · ".join(filter(None, (c.label, c.name, c.mail, c.phone))))
        for c in item.shown.contacts
    ]
