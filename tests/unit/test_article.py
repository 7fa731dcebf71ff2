"""The furniture around a text, and the article as text, HTML, mail and JSON item."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import html as lxml_html

from editions import BODY_MARKS, BOILERPLATE_MARKS, SUBHEADLINE_MARKS, an_edition
from tidewire.formats.addresses import feed_url, preferences_url, release_url, unsubscribe_url
from tidewire.formats.article import article
from tidewire.formats.html import article_html, article_mail
from tidewire.formats.text import article_text
from tidewire.formats.wire_item import wire_item, wire_json
from tidewire.model.release import Act, Edition, Priority, Release
from tidewire.model.rendition import Dateline, Rendition

BASE = "https://wire.example"
HOSTILE = "]]> <script>alert(1)</script> \x00\x0b\x1f\ud800\uffff &amp; \"'"


def edited(edition: Edition, **changes: object) -> Edition:
    """The edition with another content."""
    return replace(edition, release=replace(edition.release, **changes))  # type: ignore[arg-type]


def of_one(rendition: Rendition) -> Edition:
    """An edition with just this rendition."""
    return replace(an_edition(), release=Release("s", (rendition,)))


def test_a_german_article_has_german_furniture() -> None:
    edition = edited(
        an_edition(), third_party=True, provider="Beispiel Presse",
        provider_url="https://presse.example/", licence="CC BY 4.0",
    )  # fmt: skip
    text = article_text(article(edition, "de", BASE))
    assert "MUSCHELHAFEN, Deutschland, 3. März 2026 (Tidewire) – Die Nordmeer" in text
    assert "Branchen: Energie, Technologie" in text
    assert "Beispiel Presse (https://presse.example/)" in text
    assert "Dieser Artikel stammt von einem Drittanbieter." in text
    assert "Quelle: Nordmeer Strom AG" in text
    assert "Lizenz: CC BY 4.0" in text
    assert "Über Nordmeer Strom AG" in text
    assert "Veröffentlicht: 3. März 2026, 12:00 UTC" in text
    assert "Tidewire ist ein offener Nachrichtendienst" in text
    assert text.endswith("\n") and not text.endswith("\n\n")


def test_an_english_article_has_english_furniture() -> None:
    text = article_text(article(an_edition(), "en-GB", BASE))
    assert "MUSCHELHAFEN, Germany, 3 March 2026 (Tidewire) – Nordmeer Strom AG today" in text
    assert "Industries: Energy, Technology" in text
    assert "About Nordmeer Strom AG" in text
    assert "third party" not in text


def test_without_a_dateline_the_credit_line_opens_the_text() -> None:
    shown = article(of_one(Rendition("en", "H", "<p>Text.</p>")), "en", BASE)
    assert shown.body_html == "<p>(Tidewire) – Text.</p>"


def test_a_text_that_opens_with_something_else_gets_a_paragraph_for_its_lead() -> None:
    at = Dateline("Kiel")
    shown = article(of_one(Rendition("en", "H", "<h2>Sub</h2><p>T</p>", dateline=at)), "en", BASE)
    assert shown.body_html == "<p>KIEL (Tidewire) –</p>\n<h2>Sub</h2><p>T</p>"


@pytest.mark.parametrize(("provider", "url"), [("", ""), ("P", ""), ("P", "javascript:alert(1)")])
def test_a_disclaimer_stands_without_a_usable_address_too(provider: str, url: str) -> None:
    edition = edited(an_edition(), third_party=True, provider=provider, provider_url=url)
    said = article(edition, "en", BASE).disclaimer
    assert said.startswith("This article is supplied by a third party")
    assert "javascript" not in said
    assert "()" not in said


def test_the_public_sees_public_contacts_and_the_media_all() -> None:
    public = article(an_edition(), "de", BASE)
    media = article(an_edition(), "de", BASE, audience="media")
    assert [c.name for c in public.contacts] == ["Wanda Wellenreiter"]
    assert [c.name for c in media.contacts] == ["Wanda Wellenreiter", "Otto Oktopus"]
    assert "oktopus" not in wire_json(an_edition(), "de", BASE).decode().lower()


def test_furniture_in_another_language_than_the_text_says_so() -> None:
    shown = article(an_edition(languages=("dv",)), "dv", BASE)  # it has no file
    assert (shown.direction, shown.furniture_direction) == ("rtl", "ltr")
    root = lxml_html.fragment_fromstring(article_html(shown), create_parent="div")
    for text in ("(Tidewire)", "Industries:", "About Nordmeer"):
        (element,) = [e for e in root.iter() if text in (e.text or "")]
        holder = next(e for e in [element, *element.iterancestors()] if e.get("lang"))
        assert (holder.get("lang"), holder.get("dir")) == ("en", "ltr")


def test_furniture_of_the_same_language_is_not_set_apart() -> None:
    shown = article(an_edition(languages=("de-AT",)), "de-AT", BASE)
    assert shown.furniture_language == "de-AT"
    assert "lang=" not in article_html(shown)


def test_a_correction_says_what_it_replaces_and_why() -> None:
    shown = article(an_edition(Act.CORRECT), "de", BASE)
    assert shown.notice == (
        "Korrektur: Diese Fassung ersetzt die Fassung vom 3. März 2026, 12:00 UTC."
        " Editors: the third paragraph was changed."
    )
    assert shown.marked_headline.startswith("KORREKTUR: Nordmeer")
    assert BODY_MARKS["de"] in article_text(shown)
    assert "Korrigiert: 3. März 2026" in article_text(shown)


@pytest.mark.parametrize("act", [Act.KILL, Act.WITHDRAW])
def test_nothing_of_the_text_is_left_when_it_is_taken_back(act: Act) -> None:
    edition = an_edition(act)
    shown = article(edition, "de", BASE)
    forms = (
        article_text(shown), article_html(shown), article_mail(shown),
        wire_json(edition, "de", BASE).decode(),
    )  # fmt: skip
    for form in forms:
        for marks in (BODY_MARKS, BOILERPLATE_MARKS, SUBHEADLINE_MARKS):
            assert not [word for word in marks.values() if word in form]
        assert "Wellenreiter" not in form
        assert "the third paragraph was changed" in form
    assert "Quallenturm" in article_text(shown)


def test_a_kill_says_do_not_use_in_the_readers_language() -> None:
    edition = an_edition(Act.KILL, languages=("de",))
    assert article(edition, "de", BASE).marked_headline.startswith("KILL: nicht verwenden: ")
    assert "Do not use this release." in article(edition, "en", BASE).notice


def test_a_staged_edition_shows_its_t0() -> None:
    staged = replace(an_edition(), sequence=None, published_at=None, first_published_at=None)
    assert article(staged, "en", BASE).published_line == "Published: 3 March 2026, 12:00 UTC"
    assert wire_item(staged, "en", BASE)["published_at"] is None


def test_hostile_text_stays_text() -> None:
    edition = edited(
        of_one(
            Rendition("en", HOSTILE, HOSTILE, HOSTILE, Dateline(HOSTILE), HOSTILE)
        ),
        contacts=(replace(an_edition().release.contacts[0], name=HOSTILE, mail=HOSTILE),),
        sectors=("energy",), source=HOSTILE, licence=HOSTILE, third_party=True, provider=HOSTILE,
    )  # fmt: skip
    shown = article(replace(edition, issuer_name=HOSTILE, note=HOSTILE), "en", BASE)
    for markup in (article_html(shown), article_mail(shown)):
        assert not list(lxml_html.document_fromstring(markup).iter("script"))
        assert not set("\x00\x0b\x1f\ud800\uffff") & set(markup)
        assert "<script" not in markup


def test_mail_html_is_a_whole_document_with_language_and_direction() -> None:
    document = lxml_html.document_fromstring(
        article_mail(article(an_edition(languages=("ar",)), "ar", BASE), ["Foot <1>"])
    )
    assert (document.get("lang"), document.get("dir")) == ("ar", "rtl")
    assert document.findtext(".//title") == "Nordmeer Strom opens the Jellytower"
    assert "Foot <1>" in document.text_content()
    assert not document.xpath("//script | //link | //img")
    outer = document.xpath("/html/body/div")[0]
    assert (outer.get("lang"), outer.get("dir")) == ("ar", "rtl")
    assert "background" in outer.get("style")
    assert document.xpath("//meta[@name='color-scheme']/@content") == ["light dark"]
    assert "prefers-color-scheme:dark" in document.findtext(".//style")
    links = document.xpath("//a")
    assert links and all(link.getparent().tag == "bdi" for link in links)


def size(element: lxml_html.HtmlElement) -> int:
    return int(re.findall(r"font-size:(\d+)px", element.get("style"))[0])


def test_mail_is_dressed_by_tag_and_says_the_same() -> None:
    body = (
        "<p>T</p><h2>A</h2><h3>B</h3><blockquote><p>Q</p></blockquote><table><thead><tr>"
        "<th>Year</th><th>Name</th></tr></thead><tbody><tr><td>1,234.5</td><td>Ada</td></tr>"
        "<tr><td>-7 %</td><td>12 sheep and a goat</td></tr></tbody></table>"
    )
    shown = article(of_one(Rendition("en", "H", body, boilerplate="<p>Us</p>")), "en", BASE)
    document = lxml_html.document_fromstring(article_mail(shown))
    title, *heads = (document.find(f".//{tag}") for tag in ("h1", "h2", "h3"))
    assert size(title) > size(heads[0]) >= size(heads[1])
    for cell in document.iter("th", "td"):
        number = cell.text in ("Year", "1,234.5", "-7 %")
        assert "padding" in cell.get("style")
        assert ("text-align:right" in cell.get("style")) is number
    assert "margin" in document.find(".//blockquote").get("style")
    (foot,) = document.find_class("foot")
    assert size(foot) < 15
    assert "border-top" in foot.get("style")
    assert "Tidewire is an open newswire" in foot.text_content()


@pytest.mark.parametrize(
    ("act", "colour"),
    [(Act.PUBLISH, ""), (Act.CORRECT, "amber"), (Act.KILL, "red"), (Act.WITHDRAW, "red")],
)
def test_a_correction_is_amber_and_what_is_taken_back_red(act: Act, colour: str) -> None:
    shown = article(an_edition(act), "en", BASE)
    document = lxml_html.document_fromstring(article_mail(shown))
    boxes = document.xpath("//*[@role='note']")
    assert [box.get("class") for box in boxes] == ([colour] if colour else [])
    assert all(shown.notice in box.text_content() for box in boxes)


@pytest.mark.parametrize(
    ("role", "german", "english"),
    [
        ("Press office", "Pressestelle", "Press office"),
        ("PRESSESTELLE", "Pressestelle", "Press office"),
        ("media contact", "Medienkontakt", "Media contact"),
        ("öffentlichkeitsarbeit", "Öffentlichkeitsarbeit", "Public relations"),
        ("Keeper of the jellyfish", "Keeper of the jellyfish", "Keeper of the jellyfish"),
        ("", "Medienkontakt", "Media contact"),
    ],
)
def test_common_roles_are_said_in_the_readers_language(
    role: str, german: str, english: str
) -> None:
    contact = replace(an_edition().release.contacts[0], role=role)
    edition = edited(an_edition(), contacts=(contact,))
    assert [c.label for c in article(edition, "de", BASE).contacts] == [german]
    assert [c.label for c in article(edition, "en", BASE).contacts] == [english]


def test_a_wire_item_holds_what_a_machine_needs() -> None:
    item = json.loads(wire_json(an_edition(), "de-CH", BASE))
    assert item["sequence"] == 421
    assert item["id"] == "tw000042"
    assert (item["version"], item["act"], item["language"]) == (1, "publish", "de")
    assert item["languages"] == ["de", "en"]
    assert item["published_at"] == "2026-03-03T12:00:00.000Z"
    assert item["issuer"]["name"] == "Nordmeer Strom AG"
    assert item["dateline"] == {"place": "Muschelhafen", "country": "DE", "date": "2026-03-03"}
    assert item["links"]["en"] == item["url"].removesuffix("de") + "en"
    assert item["organisations"] == [
        {"name": "Nordmeer Strom AG", "lei": "", "isin": "", "ticker": "XETR:NMS"}
    ]
    assert BODY_MARKS["de"] in item["body_html"] and BODY_MARKS["de"] in item["text"]


@pytest.mark.parametrize(
    ("priority", "urgency"), [(Priority.FLASH, 1), (Priority.URGENT, 3), (Priority.ROUTINE, 5)]
)
def test_the_priority_becomes_an_urgency(priority: Priority, urgency: int) -> None:
    assert wire_item(edited(an_edition(), priority=priority), "de", BASE)["urgency"] == urgency


def test_an_item_is_one_line_and_always_the_same_bytes() -> None:
    body = wire_json(an_edition(), "de", BASE)
    assert b"\n" not in body and b"\r" not in body
    assert body == wire_json(an_edition(), "de", BASE)


def test_moments_from_elsewhere_are_written_in_utc() -> None:
    at = datetime.fromisoformat("2026-03-03T13:00:00.123456+01:00")
    item = wire_item(replace(an_edition(), published_at=at), "de", BASE)
    assert item["published_at"] == "2026-03-03T12:00:00.123Z"
    assert datetime.fromisoformat(item["published_at"]).tzinfo == UTC


def test_addresses_are_escaped() -> None:
    assert release_url(BASE, "a/b?c", "de") == f"{BASE}/releases/a%2Fb%3Fc/de"
    assert release_url(BASE, "abc") == f"{BASE}/releases/abc"
    assert feed_url(BASE, "de", None, "atom") == f"{BASE}/feeds/de.atom"
    assert feed_url(BASE, "de", "energy", "rss") == f"{BASE}/feeds/de/energy.rss"
    assert unsubscribe_url(BASE, "a.b/c") == f"{BASE}/unsubscribe/a.b%2Fc"
    assert preferences_url(BASE, "t") == f"{BASE}/preferences/t"
