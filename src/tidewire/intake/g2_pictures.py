"""Pictures in NewsML-G2 on the way in: where they lie, and what is said of them.

Their bytes are not fetched. What is found is told in a warning, so that no caption is lost unseen.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from lxml import etree

from tidewire.formats.newsml_g2 import ALT, NAR
from tidewire.formats.nitf_body import NITF
from tidewire.intake.draft import Draft
from tidewire.intake.news_facts import elsewhere

MEDIA = f"{{{NITF}}}media"

_N = {"n": NAR, "t": NITF}


def is_picture(item: etree._Element) -> bool:
    """True for a news item that is a picture, not a text."""
    kind = item.find("n:itemMeta/n:itemClass", _N)
    return kind is not None and kind.get("qcode", "").endswith(("picture", "graphic"))


def pictures_of(item: etree._Element) -> list[dict[str, Any]]:
    """The pictures that a text item names: by links, as its content, or in its NITF."""
    found = [
        elsewhere(
            link.get("href") or link.get("residref") or "",
            caption=_said(link, role="drol:caption") or _said(link),
            alt=_said(link, roleuri=ALT),
            credit=_text(link.find("n:creditline", _N)),
        )
        for link in item.findall("n:itemMeta/n:link", _N)
        if link.get("contenttype", "").startswith("image/") or _is_hinted(link)
    ]
    found += [elsewhere(href) for href in _files(item)]
    for media in item.iter(MEDIA):
        file = media.find("t:media-reference", _N)
        if media.get("media-type") == "image" and file is not None:
            producer = _text(media.find("t:media-producer", _N))
            found.append(
                elsewhere(
                    file.get("source", ""),
                    caption=_text(media.find("t:media-caption", _N)),
                    alt=file.get("alternate-text", ""),
                    credit=producer or file.get("source-credit", ""),
                )
            )
    return _merged(found)


def with_pictures(drafts: Sequence[Draft], items: Sequence[etree._Element]) -> list[Draft]:
    """The drafts, the first one with the pictures that come beside the texts in a message."""
    found = [
        elsewhere(
            next(iter(_files(item)), "") or item.get("guid", ""),
            caption=_text(item.find("n:contentMeta/n:description", _N)),
            credit=_text(item.find("n:contentMeta/n:creditline", _N)),
        )
        for item in items
    ]
    if not found or not drafts:
        return list(drafts)
    shared = drafts[0].shared
    both = _merged([*shared.get("pictures", []), *found])
    return [replace(drafts[0], shared={**shared, "pictures": both}), *drafts[1:]]


def _merged(found: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each picture once, by where it lies, with all that was said of it anywhere."""
    by_place: dict[str, dict[str, Any]] = {}
    for one in found:
        if one:
            by_place[one["href"]] = {**one, **by_place.get(one["href"], {})}
    return list(by_place.values())


def _files(item: etree._Element) -> list[str]:
    return [
        file.get("href", "")
        for file in item.findall("n:contentSet/n:remoteContent", _N)
        if file.get("contenttype", "image/").startswith("image/")
    ]


def _is_hinted(link: etree._Element) -> bool:
    kind = link.find("n:itemClass", _N)
    return kind is not None and kind.get("qcode", "").endswith("picture")


def _said(link: etree._Element, **role: str) -> str:
    """The description in this role; without one, that which has none."""
    for one in link.findall("n:description", _N):
        if {key: one.get(key) for key in ("role", "roleuri") if one.get(key)} == role:
            return _text(one)
    return ""


def _text(at: etree._Element | None) -> str:
    return "" if at is None else " ".join("".join(map(str, at.itertext())).split())
