"""Values of one direction in text of the other: set apart for people, never for programs."""

import email
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from email.policy import default
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from editions import an_edition
from tidewire import languages
from tidewire.channels.email.render import render
from tidewire.formats.article import article
from tidewire.formats.html import article_html, article_mail
from tidewire.formats.text import article_text
from tidewire.formats.wire_item import wire_item
from tidewire.languages import furniture, isolated, led, unturned
from tidewire.model.release import Act, Edition, Release
from tidewire.model.rendition import Dateline, Rendition
from tongues import add_language

BASE = "https://wire.example"
OPENS, CLOSE = "\u2066\u2067\u2068", "\u2069"
HEADLINES = {"ar": "برج قنديل البحر", "he": "מגדל המדוזה"}
BODIES = {
    "ar": "<p>Nordmeer Strom افتتحت البرج اليوم.</p><p>السعر 34 مليون يورو (XETR:NMS).</p>",
    "he": "<p>Nordmeer Strom פתחה היום את המגדל.</p><p>המחיר 34 מיליון אירו (XETR:NMS).</p>",
}


@pytest.fixture(params=["ar", "he"])
def tag(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A language from right to left, with furniture of its own."""
    add_language(tmp_path, request.param)
    languages.load(tmp_path)
    yield request.param
    languages.load()


def edition(tag: str, act: Act = Act.PUBLISH) -> Edition:
    base = an_edition(act)
    rendition = Rendition(
        tag, HEADLINES[tag], BODIES[tag], "", Dateline("Kiel", "DE"), "<p>Nordmeer.</p>"
    )
    release = replace(
        base.release, renditions=(rendition,), third_party=True,
        provider="Beispiel Presse", provider_url="https://presse.example/",
    )  # fmt: skip
    return replace(base, release=release)


def test_values_in_text_from_right_to_left_are_set_apart(tag: str) -> None:
    shown = article(edition(tag), tag, BASE)
    text = article_text(shown)
    for value in (
        "Nordmeer Strom AG", "Beispiel Presse", "https://presse.example/", "+49 30 000000",
        "Wanda Wellenreiter", "Kiel",
    ):  # fmt: skip
        assert f"\u2068{value}\u2069" in text or f"\u2068{value.upper()}\u2069" in text, value
    assert "\u2068Nordmeer Strom AG\u2069" in shown.about_issuer


def test_in_html_they_stand_in_bdi(tag: str) -> None:
    for markup in (article_html(article(edition(tag), tag, BASE)), mail(tag)):
        root = html.document_fromstring(markup)
        apart = [one.text_content() for one in root.iter("bdi")]
        for value in ("Nordmeer Strom AG", "Beispiel Presse", "+49 30 000000", "KIEL"):
            assert value in apart
        assert not set(OPENS + CLOSE) & set(markup)
        # The lead keeps its own direction, whatever the text begins with.
        leads = [one for one in root.iter("bdi") if "(Tidewire)" in one.text_content()]
        assert leads[0].get("dir") == "rtl"


def test_phone_numbers_in_a_text_keep_their_groups_in_order(tag: str) -> None:
    one = edition(tag)
    body = '<p>طلب +49 (40) 0000-00، <a href="https://x.example/+49400000">+1 202 555 0100</a></p>'
    rendition = replace(one.release.renditions[0], body=body)
    shown = article(replace(one, release=replace(one.release, renditions=(rendition,))), tag, BASE)
    assert '<bdi dir="ltr">+49 (40) 0000-00</bdi>' in shown.body_html
    assert '<bdi dir="ltr">+1 202 555 0100</bdi></a>' in shown.body_html
    assert 'href="https://x.example/+49400000"' in shown.body_html
    assert "\u2066+49 (40) 0000-00\u2069" in article_text(shown)


def test_only_scripts_that_have_italics_are_slanted(tag: str) -> None:
    one = replace(edition(tag).release.renditions[0], subheadline="ب", body="<p>ب <em>ب</em></p>")
    shown = article(
        replace(edition(tag), release=replace(edition(tag).release, renditions=(one,))), tag, BASE
    )
    slanted = html.document_fromstring(article_mail(shown)).iter("em")
    assert ["font-style:normal" in str(em.get("style")) for em in slanted] == [True]


def mail(tag: str) -> str:
    return article_mail(article(edition(tag), tag, BASE, audience="media"), ["x"])


def test_what_programs_read_holds_no_isolates(tag: str) -> None:
    for act in Act:
        one = edition(tag, act)
        shown = article(one, tag, BASE)
        root = html.document_fromstring(mail(tag))
        links = [str(link) for link in root.xpath("//@href")]
        assert links
        body = render(one, tag, BASE)
        item = wire_item(one, tag, BASE)
        read = [
            *links, shown.url, shown.headline, shown.marked_headline, body.subject[1].decode(),
            item["url"], item["issuer"]["name"], item["provider"]["url"],
            *(c["phone"] for c in item.get("contacts", ())),
        ]  # fmt: skip
        assert not [text for text in read if set(OPENS + CLOSE) & set(text)]


def test_the_link_below_a_mail_is_whole(tag: str) -> None:
    body = render(edition(tag), tag, BASE)
    raw = b"".join(n + b":" + v + b"\r\n" for n, v in body.fields) + b"\r\n" + body.content
    message = email.message_from_bytes(raw, policy=default)
    text, marked = (part.get_content() for part in message.iter_parts())  # type: ignore[union-attr]
    assert f"\u2068{BASE}/preferences\u2069" in text
    links = html.document_fromstring(marked).xpath("//a[contains(@href, 'preferences')]")
    assert [link.get("href") for link in links] == [f"{BASE}/preferences"]
    assert [link.getparent().tag for link in links] == ["bdi"]


def test_every_line_of_plain_text_reads_the_way_of_its_language(tag: str) -> None:
    """Programs go by a line's first letter; only lines without any of ours go the other way."""
    for line in article_text(article(edition(tag), tag, BASE)).splitlines():
        kinds = [unicodedata.bidirectional(c) for c in line]
        strong = [kind for kind in kinds if kind in ("L", "R", "AL")]
        assert not {"R", "AL"} & set(strong) or strong[0] != "L", line


def test_isolates_come_in_pairs_and_in_order(tag: str) -> None:
    for act in Act:
        depth = 0
        for character in article_text(article(edition(tag, act), tag, BASE)):
            depth += (character in OPENS) - (character == CLOSE)
            assert depth >= 0
        assert depth == 0


def test_a_strangers_isolates_do_not_reach_beyond_their_value(tag: str) -> None:
    one = edition(tag, Act.CORRECT)
    one = replace(one, note="a\u2069\u202eb", issuer_name="\u2067Nord</bdi>")
    shown = article(one, tag, BASE)
    assert "\u2068ab\u2069" in shown.notice
    root = html.document_fromstring(article_mail(shown))
    assert "Nord</bdi>" in root.text_content()


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_name_from_right_to_left_is_set_apart_in_english_too(language: str) -> None:
    one = replace(an_edition(languages=(language,)), issuer_name="شركة (ضوء)")
    assert "\u2068شركة (ضوء)\u2069" in article(one, language, BASE).about_issuer
    assert "\u2068" not in article_text(article(an_edition(), language, BASE))


def test_a_release_of_plain_latin_text_has_no_isolates_or_marks() -> None:
    one = Release("s", (Rendition("en", "H", "<p>Text.</p>"),))
    text = article_text(article(replace(an_edition(), release=one), "en", BASE))
    assert text.isascii() or not set(OPENS + CLOSE + "\u200e\u200f") & set(text)


@pytest.mark.parametrize(
    ("line", "way", "led_by"),
    [
        ("Nordmeer افتتحت", "rtl", "\u200f"),
        ("افتتحت Nordmeer", "rtl", ""),
        ("https://wire.example", "rtl", ""),
        ("+49 30", "rtl", ""),
        ("", "rtl", ""),
        ("شركة opens", "ltr", "\u200e"),
        ("Opens شركة", "ltr", ""),
    ],
)
def test_a_line_that_begins_in_the_other_direction_gets_a_mark(
    line: str, way: str, led_by: str
) -> None:
    assert led(line, way) == led_by + line


@given(st.text(), st.sampled_from(["ltr", "rtl"]))
def test_setting_apart_loses_nothing(text: str, way: str) -> None:
    assert unturned(isolated(text, way)) == unturned(text)


def test_figures_and_names_in_english_need_nothing() -> None:
    assert (
        furniture("en").phrase("source", source="Nordmeer Strom AG") == "Source: Nordmeer Strom AG"
    )
