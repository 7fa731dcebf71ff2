"""A release's pictures in every format: where they lie, what is said of them, and no more."""

import json
import re
from dataclasses import replace

import feedparser
import pytest
from lxml import etree, html

from editions import an_edition
from tidewire.formats.article import article
from tidewire.formats.atom import ATOM, atom
from tidewire.formats.feed_names import FeedName
from tidewire.formats.feeds import Feed, compose, feed_item
from tidewire.formats.html import article_html, article_mail
from tidewire.formats.json_feed import json_feed
from tidewire.formats.newsml_g2 import ALT, NAR, newsml_g2
from tidewire.formats.ninjs import ninjs
from tidewire.formats.ninjs_1_6 import ninjs_1_6
from tidewire.formats.nitf import nitf
from tidewire.formats.nitf_body import NITF
from tidewire.formats.rss import MEDIA, rss
from tidewire.formats.text import article_text
from tidewire.formats.wire_item import wire_item
from tidewire.intake.newsml_g2 import read_newsml_g2
from tidewire.intake.ninjs import read_ninjs
from tidewire.model.picture import Caption, Picture
from tidewire.model.release import Act, Edition
from tidewire.newsroom.pages import release_page

BASE = "https://wire.example"
FIRST = Picture("k3a", "image/jpeg", 4321, 640, 480, "tower.jpg", 'Kim "K" <Template>')
SECOND = Picture("m7b", "image/png", 99, 64, 48)
ALT_TEXT, CAPTION = "A tower & a <jelly>.", 'The tower, "seen" from <below>.'
URL = f"{BASE}/releases/tw000042/pictures/k3a.jpg"
URLS = [URL, f"{BASE}/releases/tw000042/pictures/m7b.png"]


def edition(act: Act = Act.PUBLISH) -> Edition:
    plain = an_edition(act)
    german, english = plain.release.renditions
    english = replace(english, captions=(Caption("k3a", ALT_TEXT, CAPTION),))
    release = replace(plain.release, renditions=(german, english), pictures=(FIRST, SECOND))
    return replace(plain, release=release)


def feed(act: Act = Act.PUBLISH) -> Feed:
    return compose(FeedName("en"), [feed_item(edition(act), "en", BASE)], BASE)


def test_rss_has_one_enclosure_and_media_rss_has_all() -> None:
    raw = rss(feed())
    [item] = etree.fromstring(raw).iter("item")
    [enclosure] = item.findall("enclosure")
    assert dict(enclosure.attrib) == {"url": URL, "length": "4321", "type": "image/jpeg"}
    contents = item.findall(f"{{{MEDIA}}}content")
    assert [one.get("url") for one in contents] == URLS
    assert [one.text for one in contents[0]] == [CAPTION, FIRST.credit]
    [read] = feedparser.parse(raw).entries
    assert [one.href for one in read.enclosures] == [URL]


def test_atom_and_json_feed_have_all() -> None:
    links = etree.fromstring(atom(feed())).findall(f".//{{{ATOM}}}link[@rel='enclosure']")
    assert [one.get("href") for one in links] == URLS
    assert (links[0].get("length"), links[0].get("type")) == ("4321", "image/jpeg")
    assert links[0].get("title") == CAPTION and links[1].get("title") is None
    [item] = json.loads(json_feed(feed()))["items"]
    assert item["image"] == URL
    assert [one["url"] for one in item["attachments"]] == URLS
    assert item["attachments"][0] | {"_tidewire": {}} == {
        "url": URL, "mime_type": "image/jpeg", "title": CAPTION, "size_in_bytes": 4321,
        "_tidewire": {},
    }  # fmt: skip


def test_the_item_says_all_of_it_and_the_text_shows_it() -> None:
    item = wire_item(edition(), "en", BASE)
    assert item["pictures"][0] == {
        "url": URL, "type": "image/jpeg", "size": 4321, "width": 640, "height": 480,
        "alt": ALT_TEXT, "caption": CAPTION, "credit": FIRST.credit,
    }  # fmt: skip
    shown = html.fragment_fromstring(article_html(article(edition(), "en", BASE)), "div")
    first, second = shown.iter("figure")
    image = first.find("img")
    assert image is not None
    assert dict(image.attrib) == {"src": URL, "alt": ALT_TEXT, "width": "640", "height": "480"}
    assert first.text_content() == f"{CAPTION} ({FIRST.credit})"
    assert second.text_content() == ""
    assert list(shown).index(first) < list(shown).index(shown.find("p")) < list(shown).index(second)


def test_a_mail_links_to_them_and_carries_none() -> None:
    shown = article(edition(), "en", BASE)
    mail, text = article_mail(shown), article_text(shown)
    assert "<img" not in mail
    links = [a.get("href") for a in html.fromstring(mail).iter("a")]
    assert [url for url in links if url in URLS] == URLS
    words = re.sub("[\u2066-\u2069]", "", text)
    assert f"Pictures\n\n{CAPTION} ({FIRST.credit})\n{URL}\n\n{URLS[1]}\n" in words


@pytest.mark.parametrize("act", [Act.KILL, Act.WITHDRAW])
def test_of_what_was_taken_back_nothing_names_a_picture(act: Act) -> None:
    taken = edition(act)
    made = [make(taken, "en", BASE) for make in (newsml_g2, ninjs, ninjs_1_6, nitf)]
    made += [make(feed(act)) for make in (rss, atom, json_feed)]
    made.append(json.dumps(wire_item(taken, "en", BASE)).encode())
    made.append(release_page(taken, "en", base_url=BASE).encode())
    made += [article_mail(article(taken, "en", BASE)).encode()]
    assert [raw for raw in made if b"/pictures/" in raw or b"tower.jpg" in raw] == []


def test_the_page_shows_them_and_stands_for_itself_by_the_first() -> None:
    page = html.fromstring(release_page(edition(), "en", base_url=BASE))
    image = page.find(".//article//figure/img")
    assert image is not None
    assert image.get("src") == "/releases/tw000042/pictures/k3a.jpg"
    assert (image.get("alt"), image.get("loading")) == (ALT_TEXT, "lazy")
    assert (image.get("width"), image.get("height")) == ("640", "480")
    said = {m.get("property"): m.get("content") for m in page.iter("meta")}
    assert (said["og:image"], said["og:image:type"]) == (URL, "image/jpeg")
    assert (said["og:image:width"], said["og:image:alt"]) == ("640", CAPTION)
    [data] = page.xpath("//script[@type='application/ld+json']")
    pictures = json.loads(data.text)["image"]
    assert [one["url"] for one in pictures] == URLS
    assert (pictures[0]["caption"], pictures[0]["creditText"]) == (CAPTION, FIRST.credit)


def test_outlets_formats_say_all_of_it() -> None:
    n = {"n": NAR, "t": NITF}
    item = etree.fromstring(newsml_g2(edition(), "en", BASE))
    link, _ = item.findall("n:itemMeta/n:link[@rel='irel:associatedWith']", n)
    assert (link.get("href"), link.get("size"), link.get("contenttype")) == (
        URL, "4321", "image/jpeg",
    )  # fmt: skip
    said = {d.get("role") or d.get("roleuri"): d.text for d in link.findall("n:description", n)}
    assert said == {"drol:caption": CAPTION, ALT: ALT_TEXT}
    media = etree.fromstring(nitf(edition(), "en", BASE)).find(".//t:media", n)
    assert media is not None
    assert media.findtext("t:media-caption/t:p", namespaces=n) == CAPTION
    assert media.findtext("t:media-producer", namespaces=n) == FIRST.credit
    new = json.loads(ninjs(edition(), "en", BASE))["associations"]
    [one, _] = [a for a in new if a["rel"] == "picture"]
    assert one["by"] == FIRST.credit
    assert {d["role"]: d["value"] for d in one["descriptions"]} == {
        "caption": CAPTION, "alt": ALT_TEXT,
    }  # fmt: skip
    assert one["renditions"][0]["sizeInBytes"] == 4321
    old = json.loads(ninjs_1_6(edition(), "en", BASE))["associations"]["picture_1"]
    assert (old["type"], old["byline"]) == ("picture", FIRST.credit)
    assert (old["description_caption"], old["description_alt"]) == (CAPTION, ALT_TEXT)


@pytest.mark.parametrize("make", [newsml_g2, ninjs, ninjs_1_6])
def test_what_comes_in_again_is_told_whole(make: object) -> None:
    raw = make(edition(), "en", BASE)  # type: ignore[operator]
    [draft] = read_newsml_g2(raw.decode()) if raw[:1] == b"<" else read_ninjs(json.loads(raw))
    first, second = draft.shared["pictures"]
    assert first == {"href": URL, "caption": CAPTION, "alt": ALT_TEXT, "credit": FIRST.credit}
    assert second == {"href": URLS[1]}
    assert "seen" not in draft.body  # the caption is no part of the text
