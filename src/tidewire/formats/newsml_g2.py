"""NewsML-G2 2.35 (IPTC), conformance level "power": a news item, and a message of several."""

from collections.abc import Sequence
from datetime import UTC, datetime

from lxml import etree

from tidewire.formats.article import Audience
from tidewire.formats.body import legal
from tidewire.formats.feeds import NAMESPACE
from tidewire.formats.g2_content import assertions, below, content_meta
from tidewire.formats.news_item import TRANSLATION, NewsItem, news_item, page_url
from tidewire.formats.nitf import MEDIA_TYPE as NITF_TYPE
from tidewire.formats.nitf import nitf_tree
from tidewire.formats.pictures import ShownPicture
from tidewire.formats.rights import MEDIA_TYPE as RIGHTS_TYPE
from tidewire.formats.rights import MINING_CODES, PROFILE, licence_url, rights_json
from tidewire.model.release import Act, Edition

NAR = "http://iptc.org/std/nar/2006-10-01/"
MEDIA_TYPE = "application/vnd.iptc.g2.newsitem+xml"
MESSAGE_TYPE = "application/vnd.iptc.g2.newsmessage+xml"
CATALOG = "http://www.iptc.org/std/catalog/catalog.IPTC-G2-Standards_41.xml"
PICTURE = "irel:associatedWith"  # the relation of a text to a picture that goes with it
ALT = f"{NAMESPACE}/role/alt"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def newsml_g2(
    edition: Edition, language: str, base_url: str, *, audience: Audience = "public"
) -> bytes:
    """One edition in one language as a news item in UTF-8; its text is NITF in inlineXML.

    A kill has the status `stat:canceled`, a withdrawal `stat:withheld`; both have no content.
    Raises ValueError where the edition is not public.
    """
    item = news_item(edition, language, base_url, audience=audience)
    return etree.tostring(g2_tree(item, base_url), xml_declaration=True, encoding="UTF-8")


def news_message(items: Sequence[bytes], sent: datetime, sender: str) -> bytes:
    """News items, as `newsml_g2` wrote them, in one message (NewsML-G2 2.35, newsMessage)."""
    root = etree.Element(f"{{{NAR}}}newsMessage", nsmap={None: NAR})  # type: ignore[dict-item]
    header = below(root, "header")
    below(header, "sent", text=_moment(sent))
    below(header, "sender", text=sender)
    contents = below(root, "itemSet")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True)
    contents.extend([etree.fromstring(item, parser) for item in items])
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def g2_tree(item: NewsItem, base_url: str) -> etree._Element:
    """The news item as a tree."""
    root = etree.Element(f"{{{NAR}}}newsItem", nsmap={None: NAR})  # type: ignore[dict-item]
    values = {
        "standard": "NewsML-G2",
        "standardversion": "2.35",
        "conformance": "power",
        "guid": item.guid,
        "version": str(item.edition.version),
        _LANGUAGE: item.shown.language,
        "dir": item.shown.direction,
    }
    for name, value in values.items():
        root.set(name, value)
    below(root, "catalogRef", href=CATALOG)
    _rights(root, item, base_url)
    _item_meta(root, item, base_url)
    content_meta(root, item)
    assertions(root, item)
    if item.text:
        contents = below(root, "contentSet")
        inline = below(contents, "inlineXML", contenttype=NITF_TYPE)
        inline.append(nitf_tree(item, base_url))
    return root


def _rights(root: etree._Element, item: NewsItem, base_url: str) -> None:
    rights = below(root, "rightsInfo")
    holder = below(rights, "copyrightHolder", literal=item.edition.issuer_slug)
    below(holder, "name", text=item.shown.issuer)
    below(rights, "copyrightNotice", text=item.copyright_notice)
    if item.text and item.release.licence:
        terms = item.release.licence
        below(rights, "usageTerms", text=legal(terms), href=licence_url(terms))
    expression = {"langid": PROFILE, "enctype": RIGHTS_TYPE}
    below(rights, "rightsExpressionData", text=rights_json(item, base_url), **expression)
    if item.text and item.release.data_mining is not None:
        below(rights, "dataMining", qcode=f"plus:{MINING_CODES[item.release.data_mining]}")


def _item_meta(root: etree._Element, item: NewsItem, base_url: str) -> None:
    """The order of the elements is the schema's (ItemManagementGroup)."""
    meta, act = below(root, "itemMeta"), item.edition.act
    below(meta, "itemClass", qcode="ninat:text")
    provider = below(meta, "provider", literal=item.host)
    below(provider, "name", text="Tidewire")
    below(meta, "versionCreated", text=_moment(item.created))
    below(meta, "firstCreated", text=_moment(item.first_created))
    if item.embargoed is not None:
        below(meta, "embargoed", text=_moment(item.embargoed))
    below(meta, "pubStatus", qcode=f"stat:{item.status}")
    below(meta, "generator", text="Tidewire")
    below(meta, "title", text=item.shown.marked_headline)
    if item.editor_note:
        below(meta, "edNote", text=item.editor_note)
    if act is Act.CORRECT:
        below(meta, "signal", qcode="sig:correction")
    if item.edition.version > 1:
        before = {"residref": item.guid, "version": str(item.edition.version - 1)}
        below(meta, "link", rel="irel:previousVersion", **before)
    for tag, guid in item.translations:
        link = below(meta, "link", reluri=TRANSLATION, residref=guid)
        below(link, "language", tag=tag)
    for guid, picture in item.pictures:
        _picture(meta, guid, picture)
    page = page_url(item, base_url)
    below(meta, "link", rel="irel:seeAlso", href=page, contenttype="text/html")


def _picture(meta: etree._Element, guid: str, picture: ShownPicture) -> None:
    """A picture that goes with the text; what is said of it stands in the link, as hints.

    The text item is whole by itself so, in a message and as a file.
    """
    file = {
        "href": picture.url,
        "contenttype": picture.media_type,
        "size": str(picture.size),
    }
    link = below(meta, "link", rel=PICTURE, residref=guid, **file)
    below(link, "itemClass", qcode="ninat:picture")
    if picture.caption:
        below(link, "description", text=picture.caption, role="drol:caption")
    if picture.alt:
        below(link, "description", text=picture.alt, roleuri=ALT)
    if picture.credit:
        below(link, "creditline", text=picture.credit)
    measured = {"width": str(picture.width), "height": str(picture.height)}
    below(link, "remoteContent", **file, **measured)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
