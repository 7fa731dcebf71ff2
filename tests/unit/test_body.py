"""The allow-list: what comes through, what is brought to it, and what never comes out."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from lxml import html as lxml_html

from tidewire.formats.body import ALLOWED, clean, legal, line, safe
from tidewire.formats.text import plain
from tidewire.model.errors import BadInput

PIECES = st.sampled_from(
    ["<p>", "</p>", "<div>", "</div>", "<b>", "</b>", "<a href='javascript:alert(1)'>", "</a>",
     "<a href=https://a.example/>", "<script>alert(1)</script>", "<img src=x onerror=alert(1)>",
     "<svg><style><a title='</style><img src=x onerror=alert(1)>'>", "<table><tr><td>", "</table>",
     "<math><mtext><table><mglyph><style>", "<!--", "-->", "<ul><li>", "</ul>", "<h1>", "</h1>",
     "]]>", "<![CDATA[", "&lt;script&gt;", "&#0;", "\x00", "\x0b", "\ufffe", "text ", "&", "<",
     "<br>", "<template>", "<noscript>", "<p onclick=x style=y>", "<blockquote>", "<iframe>"]
)  # fmt: skip


def test_the_structure_of_a_release_comes_through() -> None:
    body = (
        "<p>One <strong>two</strong> <em>three</em> H<sub>2</sub>O m<sup>2</sup><br>four</p>\n"
        "<h2>Sub</h2>\n<h3>Subsub</h3>\n<ul><li>a</li><li>b</li></ul>\n<ol><li>c</li></ol>\n"
        "<blockquote><p>q</p></blockquote>\n"
        "<table><caption>T</caption><thead><tr><th>h</th></tr></thead>"
        "<tbody><tr><td>d</td></tr></tbody></table>"
    )
    assert clean(body) == body


def test_what_other_programs_write_is_brought_to_it() -> None:
    assert clean("<h1>A</h1><div><b>b</b> <i>i</i></div>loose<br><br><p></p><h5>x</h5>") == (
        "<h2>A</h2>\n<p><strong>b</strong> <em>i</em></p>\n<p>loose</p>\n<h3>x</h3>"
    )


@pytest.mark.parametrize(
    "href",
    ["javascript:alert(1)", "JaVaScRiPt:x", "data:text/html,x", "/relative", "//host.example/",
     "ftp://a.example/", "java\nscript:x", "vbscript:x", "relative"],
)  # fmt: skip
def test_links_that_are_not_web_or_mail_lose_their_address(href: str) -> None:
    assert "href" not in clean(f'<p><a href="{href}">x</a></p>')


def test_links_of_the_web_and_mail_stay_and_are_marked() -> None:
    for href in ("https://a.example/?a=1&amp;b=2", "http://a.example/", "mailto:a@b.example"):
        link = f'<p><a href="{href}" rel="nofollow noopener">x</a></p>'
        assert clean(f'<p><a href="{href}" target=_top onclick=x rel=me>x</a></p>') == link


def test_scripts_and_styles_go_with_their_content() -> None:
    assert clean("<p>a</p><script>evil()</script><style>p{}</style>") == "<p>a</p>"


@example("<ul><li><h1><div><p>")
@example("<![CDATA[<ul><li><![CDATA[<ul><li>")
@example("<b>]]><![CDATA[<ul><li>")
@example("<li>one</li><li>two</li>")
@given(st.lists(PIECES, max_size=12).map("".join))
def test_nothing_but_the_allow_list_ever_comes_out(markup: str) -> None:
    cleaned = clean(markup)
    assert clean(cleaned) == cleaned
    assert safe(cleaned) == cleaned
    assert legal(cleaned) == cleaned
    root = lxml_html.fragment_fromstring(cleaned, create_parent="main")
    for element in root.iterdescendants():
        assert element.tag in ALLOWED
        assert set(element.attrib) <= ({"href", "rel"} if element.tag == "a" else set())
        assert re.match(r"https?:|mailto:|$", element.get("href", ""))
    assert not (root.text or "").strip()
    assert not [e for e in root if (e.tail or "").strip()]
    plain(cleaned)


@given(st.text())
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert line(plain(clean(f"<p>{escaped}</p>"))) == line(text)


def test_characters_that_xml_forbids_are_taken_out() -> None:
    assert legal("a\x00\x08\x0b\x1f\ud800\ufffe\uffffb\t\n\u0085\U0001f30a") == (
        "ab\t\n\u0085\U0001f30a"
    )
    assert line(" a\x00 \n b ") == "a b"


def test_plain_text_keeps_what_the_markup_says() -> None:
    markup = clean(
        '<p>See <a href="https://a.example/">here</a> or <a href="mailto:x@a.example">x@a.example'
        "</a></p><ul><li>a<ul><li>b</li></ul></li></ul><ol><li>c</li><li>d</li></ol>"
        "<blockquote><p>q1</p><p>q2</p></blockquote>"
        "<table><caption>C</caption><tr><th>k</th><th>v</th></tr><tr><td>1</td><td>2</td></tr>"
        "</table><p>one<br>two</p>"
    )
    assert plain(markup) == (
        "See here (https://a.example/) or x@a.example\n\n- a\n  - b\n\n1. c\n2. d\n\n"
        "> q1\n> \n> q2\n\nC\nk | v\n1 | 2\n\none\ntwo"
    )


def test_a_hundred_thousand_characters_are_cleaned() -> None:
    body = "<p>" + "word <b>bold</b> " * 6000
    assert clean(body).count("<strong>") == 6000


def test_markup_nested_past_any_sense_is_refused() -> None:
    for opening in ("<div>", "<blockquote>", "<ul><li>"):
        with pytest.raises(BadInput):
            clean(opening * 3000 + "deep")
    assert "deep" in plain(clean("<ul><li>" * 40 + "deep"))
