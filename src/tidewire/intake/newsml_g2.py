"""NewsML-G2 on the way in: a news item, or a message that holds the renditions of one release."""

from typing import Any

from lxml import etree, html

from tidewire.formats.g2_content import SUBHEADLINE
from tidewire.formats.news_item import (
    BY_SECTOR,
    CONTACT,
    LEI,
    MEDIA_CONTACT,
    SOURCE,
    THIRD_PARTY,
    TRANSLATION,
    TRANSLATORS,
)
from tidewire.formats.newsml_g2 import NAR
from tidewire.formats.nitf_body import NITF, html_of
from tidewire.formats.rights import mining_of
from tidewire.intake.draft import Draft
from tidewire.intake.g2_pictures import MEDIA, is_picture, pictures_of, with_pictures
from tidewire.intake.hostile_xml import parse_xml
from tidewire.intake.news_facts import (
    filled,
    made_by,
    must_be_few,
    must_be_usable,
    must_be_version,
    must_not_name_itself,
    one_release,
    priority,
    sorted_subjects,
    still_embargoed,
    ticker,
)
from tidewire.intake.plain import text_html
from tidewire.model.errors import Unreadable

_N = {"n": NAR, "t": NITF}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_COUNTRY = "iso3166-1a2:"
_OURS = ("boilerplate", "disclaimer", "contacts")  # blocks of a body that are not its text


def read_newsml_g2(text: str) -> list[Draft]:
    """The drafts of one release, one for each news item. Raises Unreadable or BadInput."""
    root = parse_xml(text)
    if root.tag == f"{{{NAR}}}newsItem":
        return [_read(root)]
    if root.tag != f"{{{NAR}}}newsMessage":
        raise Unreadable(
            "This XML is neither a newsItem nor a newsMessage of NewsML-G2.",
            f"Its root must be newsItem in the namespace {NAR}.",
        )
    items = root.findall("n:itemSet/n:newsItem", _N)
    must_be_few(items)
    texts = [item for item in items if not is_picture(item)]
    drafts = list(one_release([_read(item) for item in texts]))
    return with_pictures(drafts, [item for item in items if is_picture(item)])


def _read(item: etree._Element) -> Draft:
    guid, meta = item.get("guid", ""), item.find("n:itemMeta", _N)
    if not guid or meta is None:
        raise Unreadable("This news item has no guid or no itemMeta.", "Give both.")
    status = meta.find("n:pubStatus", _N)
    must_be_usable(_code(status), "/newsItem/itemMeta/pubStatus")
    version = must_be_version(_number(item.get("version", "1")), "/newsItem/@version")
    for link in meta.findall("n:link", _N):
        if link.get("rel") == "irel:previousVersion" or link.get("reluri") == TRANSLATION:
            to = (link.get("residref", ""), _number(link.get("version", "")))
            must_not_name_itself(guid, version, (*to, "/newsItem/itemMeta/link"))
    content = item.find("n:contentMeta", _N)
    content = etree.Element("none") if content is None else content
    pictures = pictures_of(item)
    body, boilerplate = _bodies(item)
    said = content.find("n:language", _N)
    headlines = content.findall("n:headline", _N)
    heads = {h.get("roleuri") or h.get("role") or "": _text(h) for h in reversed(headlines)}
    rendition = {
        "language": said.get("tag", "") if said is not None else item.get(_LANGUAGE, "en"),
        "headline": heads.get("") or next((t for r, t in heads.items() if r != SUBHEADLINE), ""),
        "subheadline": heads.get(SUBHEADLINE, ""),
        "dateline": _dateline(content),
        "boilerplate_html": boilerplate,
        "made_by": _maker(content),
    }
    shared = _shared(item, meta, content) | {"pictures": pictures}
    numbered = (guid, version) if item.get("version") else None
    return Draft(body, filled(rendition), filled(shared), numbered)


def _shared(item: etree._Element, meta: etree._Element, content: etree._Element) -> dict[str, Any]:
    subjects = content.findall("n:subject", _N)
    codes = [_code(s) for s in subjects if s.get("howuri") != BY_SECTOR]
    sources = {s.get("roleuri", ""): s for s in reversed(content.findall("n:infoSource", _N))}
    third = sources.get(THIRD_PARTY)
    told = {a.get("literal"): a for a in reversed(item.findall("n:assert", _N))}
    fields = {
        "slug": _text(content.find("n:slugline", _N)),
        "priority": priority(_number(_text(content.find("n:urgency", _N)))),
        **sorted_subjects(codes),
        "countries": [c.removeprefix(_COUNTRY) for c in codes if c.startswith(_COUNTRY)],
        "organisations": [
            _organisation(s, told.get(s.get("literal"), s))
            for s in subjects
            if s.get("type") == "cpnat:organisation"
        ],
        "contacts": [
            _contact(c)
            for c in content.findall("n:contributor", _N)
            if c.get("roleuri") in (CONTACT, MEDIA_CONTACT)
        ],
        "source": _name(sources.get(SOURCE)),
        "licence": _text(item.find("n:rightsInfo/n:usageTerms", _N)),
        "data_mining": mining_of(_code(item.find("n:rightsInfo/n:dataMining", _N))),
        **still_embargoed(
            _text(meta.find("n:embargoed", _N)), _text(meta.find("n:versionCreated", _N))
        ),
    }
    if third is not None:
        url = third.get("literal") or third.get("uri") or ""
        fields |= {"third_party": True, "provider": _name(third), "provider_url": url}
    return fields


def _dateline(content: etree._Element) -> dict[str, Any] | None:
    located = content.find("n:located", _N)
    if not _name(located):
        return None
    assert located is not None
    above = [_code(b) for b in located.findall("n:broader", _N)]
    country = next((c.removeprefix(_COUNTRY) for c in above if c.startswith(_COUNTRY)), "")
    day = _text(content.find("n:contentCreated", _N))[:10]
    return filled({"place": _name(located), "country": country, "date": day})


def _maker(content: etree._Element) -> dict[str, str] | None:
    sources = content.findall("n:infoSource", _N)
    return made_by({s.get("roleuri", ""): _name(s) for s in sources}, TRANSLATORS)


def _organisation(subject: etree._Element, told: etree._Element) -> dict[str, Any]:
    """An organisation with its identifiers, which stand in the assert of the same literal."""
    same = [_code(s) for s in told.findall("n:sameAs", _N)]
    traded = told.find("n:organisationDetails/n:hasInstrument", _N)
    market, symbol = ("", "") if traded is None else (traded.get("market"), traded.get("symbol"))
    return {
        "name": _name(subject),
        **filled(
            {
                "isin": next((s.removeprefix("isin:") for s in same if s.startswith("isin:")), ""),
                "lei": next((s.removeprefix(LEI) for s in same if s.startswith(LEI)), ""),
                "ticker": ticker((market or "").removeprefix("mic:"), symbol or ""),
            }
        ),
    }


def _contact(person: etree._Element) -> dict[str, Any]:
    info = "n:personDetails/n:contactInfo/"
    ways = {
        "mail": _text(person.find(f"{info}n:email", _N)),
        "phone": _text(person.find(f"{info}n:phone", _N)),
    }
    role = _text(person.find("n:note", _N))
    public = person.get("roleuri") == CONTACT
    return {"role": role, "name": _name(person), "public": public, **filled(ways)}


def _bodies(item: etree._Element) -> tuple[str, str]:
    """(body, boilerplate) as HTML: from NITF, from XHTML, or from data inside the item."""
    contents = item.find("n:contentSet", _N)
    if contents is None:
        return "", ""
    content = contents.find("n:inlineXML//t:body/t:body.content", _N)
    if content is not None:
        boilerplate = [html_of(b) for b in content if b.get("class") == "boilerplate"]
        for block in [b for b in content if b.get("class") in _OURS or b.tag == MEDIA]:
            content.remove(block)
        return html_of(content), "\n".join(boilerplate)
    for body in contents.iterfind("n:inlineXML//{http://www.w3.org/1999/xhtml}body", _N):
        return str(html.tostring(_plain_names(body), encoding="unicode")), ""
    for data in contents.findall("n:inlineData", _N):
        kind = data.get("contenttype", "text/plain")
        return (_text(data) if kind == "text/html" else text_html(_text(data))), ""
    return "", ""


def _plain_names(body: etree._Element) -> etree._Element:
    for at in body.iter(etree.Element):
        at.tag = etree.QName(at).localname
    etree.cleanup_namespaces(body)
    return body


def _code(at: etree._Element | None) -> str:
    return "" if at is None else (at.get("qcode") or at.get("uri") or at.get("literal") or "")


def _name(at: etree._Element | None) -> str:
    return "" if at is None else _text(at.find("n:name", _N))


def _text(at: etree._Element | None) -> str:
    return "" if at is None else "".join(map(str, at.itertext())).strip()


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
