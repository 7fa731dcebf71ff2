"""What readers make of files, sound and hostile."""

import contextlib
import io
import zipfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import docx as writer
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tidewire.clock import stopwatch
from tidewire.intake.checks.check import check, stops
from tidewire.intake.docx import read_docx
from tidewire.intake.draft import Draft
from tidewire.intake.html import read_html
from tidewire.intake.markdown import markdown_html, read_markdown
from tidewire.intake.plain import read_plain, text_html
from tidewire.intake.read import read_files, read_json
from tidewire.intake.submission import raw_release, read_submission, sanitised
from tidewire.model.errors import BadInput, TooLarge, Unreadable, WireError
from tidewire.model.release import Release

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
ARTICLE = ROOT.parent / "shared" / "samples" / "article.de.txt"

ENGLISH_ARTICLE = """\
(Seawire) – The harbour has been closed since Sunday, officials said, because of the ice.

Ships wait outside – some for days.

The article is provided by a third-party content provider. Seawire (https://seawire.example/)
makes no warranties or representations in connection therewith.

Sectors: Top Story, Daily News, Shipping

Seawire delivers real-time press release distribution for companies and institutions.
"""


def release_of(*paths: Path, **fields: Any) -> Release:
    return sanitised(raw_release(read_submission(read_files(paths, fields))))


@pytest.mark.samples
def test_a_wires_article_loses_its_furniture_and_keeps_its_text() -> None:
    if not ARTICLE.is_file():
        pytest.skip(f"{ARTICLE.name} is not in ../shared/samples")
    without = raw_release(read_submission(read_files([ARTICLE], {})))
    assert [p.code for p in check(without, NOW) if p.severity == "error"] == ["headline-missing"]
    release = release_of(ARTICLE, headline="Ein Treffen")
    [rendition] = release.renditions
    assert not stops(check(release, NOW))
    assert (release.source, release.provider) == ("SeaPRwire", "SeaPRwire")
    assert release.provider_url == "https://www.seaprwire.com/"
    assert release.third_party is True
    assert release.sectors == ("top-story", "daily-news")
    assert rendition.language == "de"
    assert rendition.headline == "Ein Treffen"
    assert rendition.body.startswith("<p>Nordkorea und Russland haben")
    assert rendition.body.endswith("bestritten.</p>")
    assert rendition.body.count("<p>") == 11
    assert rendition.boilerplate.startswith("<p>SeaPRwire liefert")
    for word in ("SeaPRwire", "Branchen", "Drittanbieter"):
        assert word not in rendition.body


def test_an_english_article_loses_its_furniture_too() -> None:
    draft = read_plain(ENGLISH_ARTICLE, "en")
    assert draft.shared == {
        "source": "Seawire",
        "third_party": True,
        "provider": "Seawire",
        "provider_url": "https://seawire.example/",
        "sectors": ["top-story", "daily-news", "maritime"],
    }
    assert draft.rendition["boilerplate_html"].startswith("<p>Seawire delivers")
    assert draft.body == (
        "<p>The harbour has been closed since Sunday, officials said, because of the ice.</p>\n"
        "<p>Ships wait outside – some for days.</p>"
    )


def test_a_text_that_only_speaks_of_such_things_keeps_them() -> None:
    text = (
        "Sectors: a word with many meanings, as every reader of this paper knows by now.\n\n"
        "The article was about third-party cookies.\n\nAnd so it ended."
    )
    draft = read_plain(text, "en")
    assert draft.shared == {}
    assert draft.body.count("<p>") == 3


def test_our_own_furniture_is_recognised_in_german() -> None:
    text = (
        "(Tidewire) – Der Hafen ist zu.\n\n"
        "Dieser Artikel stammt von einem Drittanbieter. Für seinen Inhalt ist Seawire"
        " (https://seawire.example/) verantwortlich; Tidewire hat ihn nicht geprüft und gibt keine"
        " Zusicherung für seine Richtigkeit ab.\n\nBranchen: Schifffahrt, Unbekanntes"
    )
    shared = read_plain(text, "de").shared
    assert shared["provider"] == "Seawire"
    assert shared["provider_url"] == "https://seawire.example/"
    assert shared["sectors"] == ["maritime", "unbekanntes"]


def test_plain_text_has_a_headline_a_dateline_and_lists() -> None:
    text = (
        "Park opens\n\nHUSUM, Germany, March 3, 2026 – The park\nis open.\n\n- one\n- two\n\n"
        "About Tidewind\n\nIt builds parks."
    )
    draft = read_plain(text, "en")
    assert draft.rendition["headline"] == "Park opens"
    assert draft.rendition["dateline"]["place"] == "HUSUM"
    assert draft.rendition["boilerplate_html"] == "<p>It builds parks.</p>"
    assert draft.body == "<p>The park is open.</p>\n<ul><li>one</li><li>two</li></ul>"


def test_plain_text_is_never_markup() -> None:
    assert text_html("a <b> & c") == "<p>a &lt;b&gt; &amp; c</p>"
    assert "<script" not in read_plain("x\n\n<script>alert(1)</script>", "en").body


def test_the_sample_pair_is_one_release_in_two_languages() -> None:
    release = release_of(SAMPLES / "tidewind.en.md", SAMPLES / "tidewind.de.md")
    assert release.languages() == ("en", "de")
    assert check(release, NOW) == []
    assert release.countries == ("DE", "DK", "NO")
    assert [c.public for c in release.contacts] == [True, False]
    for rendition in release.renditions:
        for tag in ("<table>", "<ul>", "<blockquote>", "<h2>", "<a "):
            assert tag in rendition.body


def test_the_samples_correction_changes_the_homes_only() -> None:
    before = release_of(SAMPLES / "tidewind.en.md", SAMPLES / "tidewind.de.md")
    after = release_of(SAMPLES / "tidewind-correction.en.md", SAMPLES / "tidewind-correction.de.md")
    for old, new in zip(before.renditions, after.renditions, strict=True):
        assert old.body != new.body
        assert old.body.replace("48", "46") == new.body
    assert check(after, NOW) == []


def test_a_markdown_head_gives_fields_and_no_is_norway() -> None:
    draft = read_markdown("---\ncountries: [NO, DE]\nembargo: true\n---\n# Title\n\nText")
    assert draft.shared == {"countries": ["NO", "DE"], "embargo": True}
    assert draft.rendition == {"headline": "Title"}
    assert draft.body == "<p>Text</p>\n"


def test_markdown_shows_html_as_text() -> None:
    assert "<script>" not in markdown_html("<script>alert(1)</script>")


@pytest.mark.parametrize(
    "head",
    [
        "a: [1",
        "- a\n- b",
        "text",
        "a: &x [1]\nb: *x",
        "date: 2026-13-45",
        "a: " + "[" * 50 + "]" * 50,
        "!!python/object/apply:os.system ['true']",
        "? {a: b}\n: c",
        "a: !!binary x",
    ],
)
def test_a_bad_head_is_refused(head: str) -> None:
    with pytest.raises(Unreadable):
        read_markdown(f"---\n{head}\n---\ntext")


def test_html_gives_headline_language_and_text_without_scripts() -> None:
    draft = read_html(
        "<!doctype html><html lang=de><head><title>Seite</title></head><body><div><h1>Kopf</h1>"
        "<p>Text</p><script>x()</script><table><tr><td>1</td></tr></table></div></body></html>"
    )
    assert draft.rendition == {"headline": "Kopf", "language": "de"}
    assert "x()" not in draft.body
    assert "<td>1</td>" in draft.body


@cache
def word(*, title: bool = True) -> bytes:
    document = writer.Document()
    document.add_paragraph("Park opens", style="Title" if title else "Heading 1")
    document.add_paragraph("Twelve turbines", style="Subtitle")
    document.add_paragraph("The park is open.")
    document.add_paragraph("one", style="List Bullet")
    table = document.add_table(rows=2, cols=2)
    table.cell(1, 1).text = "48,000"
    document.add_paragraph("That is all.")
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


@pytest.mark.parametrize("title", [True, False])
def test_a_word_document_keeps_tables_and_lists(title: bool) -> None:
    draft = read_docx(word(title=title), "en")
    assert draft.rendition["headline"] == "Park opens"
    assert draft.rendition["subheadline"] == "Twelve turbines"
    assert "48,000" in draft.body
    assert "<table>" in draft.body
    assert "<li>one</li>" in draft.body


def test_a_broken_word_document_is_refused() -> None:
    whole = word()
    for raw in (b"", b"PK\x03\x04", whole[:-100], whole[:200], b"<html>", whole[100:]):
        with pytest.raises(Unreadable):
            read_docx(raw, "en")


def test_a_zip_that_is_no_document_is_refused() -> None:
    for name, content in (("x.txt", b"x"), ("word/document.xml", b"<broken")):
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as package:
            package.writestr(name, content)
        with pytest.raises(Unreadable):
            read_docx(stream.getvalue())


def test_a_zip_bomb_is_refused() -> None:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("word/document.xml", b" " * 60_000_000)
    with pytest.raises(TooLarge):
        read_docx(stream.getvalue())


TEXT = "<w:document xmlns:w='urn:w'><w:body>{}</w:body></w:document>"


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("word/document.xml", TEXT.format("<w:p/>" * 700_000).encode()),
        ("word/document.xml", TEXT.format("<w:p/>" * 800_000)[:5_000_000].encode()),
        ("word/document.xml", TEXT.format("<w:p/>" * 300_000).encode("utf-16")),
        ("word/document.xml", TEXT.format("<w:r></w:r>" * 300_000).encode()),
        ("word/document.xml", TEXT.format("x" * 5_000_001).encode()),
        ("word/media/picture.png", TEXT.format("<w:p/>" * 700_000).encode()),
        ("word/document.xml", b"<!DOCTYPE x [<!ENTITY a '<p/>'>]>" + TEXT.format("&a;").encode()),
    ],
)
def test_a_document_of_too_many_parts_is_refused_before_it_is_built(
    monkeypatch: pytest.MonkeyPatch, name: str, part: bytes
) -> None:
    def build(*_: object, **__: object) -> None:
        raise AssertionError("mammoth was asked to build it")

    monkeypatch.setattr("tidewire.intake.docx.mammoth.convert_to_html", build)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr(name, part)
        if name != "word/document.xml":
            package.writestr("word/document.xml", TEXT.format(""))
    began = stopwatch()
    with pytest.raises(TooLarge if b"DOCTYPE" not in part else Unreadable) as refusal:
        read_docx(stream.getvalue())
    assert stopwatch() - began < 5
    assert refusal.value.advice
    assert not isinstance(refusal.value.__cause__, AssertionError)


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("a.txt", b"\xff\xfe"),
        ("a.md", b"a\x00b"),
        ("a.html", b"\x80"),
        ("a.docx", b"no zip"),
        ("a.json", b"[1]"),
        ("a.json", b"{"),
        ("a.pdf", b"%PDF"),
    ],
)
def test_bad_files_are_refused(tmp_path: Path, name: str, raw: bytes) -> None:
    file = tmp_path / name
    file.write_bytes(raw)
    with pytest.raises(BadInput):
        read_files([file], {})
    with pytest.raises(BadInput):
        read_files([tmp_path], {})
    with pytest.raises(BadInput):
        read_files([tmp_path / "gone.md"], {})


def test_a_json_file_is_what_the_api_takes(tmp_path: Path) -> None:
    file = tmp_path / "release.json"
    file.write_text('{"renditions": [{"language": "de", "body_text": "Eins.\\n\\nZwei."}]}')
    release = release_of(file, headline="Kopf", sectors=["energy"])
    assert release.renditions[0].headline == "Kopf"
    assert release.renditions[0].body == "<p>Eins.</p>\n<p>Zwei.</p>"
    assert release.sectors == ("energy",)
    assert release.subjects == ("medtop:20000256",)


def test_two_bodies_for_one_rendition_are_refused() -> None:
    rendition = {"language": "en", "body_html": "<p>a</p>", "body_text": "b"}
    with pytest.raises(BadInput) as caught:
        read_submission({"renditions": [rendition]})
    assert caught.value.problems[0].pointer == "/renditions/0"


def test_headlines_are_one_line_whatever_was_sent() -> None:
    rendition = {"language": "en", "headline": "One\r\nBcc: x@y.example\u2028two"}
    release = raw_release(read_submission({"renditions": [rendition]}))
    assert release.renditions[0].headline == "One Bcc: x@y.example two"


hostile = st.one_of(
    st.text(max_size=400),
    st.lists(
        st.sampled_from(
            ["---\n", "a: ", "&x ", "*x", "<p>", "<a href='", "'>", "<script>", "</p>", "<table>",
             "<tr><td>", "# ", "> ", "- ", "|a|b|\n|-|-|\n", "\n", "\n\n", "(Wire) – ", "About ",
             "Sectors: ", "\x00", "\ud800", "<body>", "<frameset>", "<svg>", "<!--", "]]>",
             "3 March 2026", " – ", "text ", "Über X\n", "&#0;", "<h1>"]
        ),
        max_size=40,
    ).map("".join),
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(text=hostile, reader=st.sampled_from([read_markdown, read_plain, read_html, read_json]))
def test_no_text_brings_a_reader_down(text: str, reader: Any) -> None:
    try:
        draft = reader(text)
        if isinstance(draft, Draft):
            document = {
                **draft.shared,
                "renditions": [{**draft.rendition, "body_html": draft.body}],
            }
            release = raw_release(read_submission(document))
            check(release, NOW)
            body = sanitised(release).renditions[0].body.lower()
            assert "<script" not in body
    except WireError:
        pass


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["renditions", "language", "headline", "t0", "contacts", "dateline", "x"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(document=json_like)
def test_no_document_brings_the_edge_down(document: object) -> None:
    try:
        check(raw_release(read_submission(document)), NOW)
    except BadInput as error:
        assert all(p.pointer == "" or p.pointer.startswith("/") for p in error.problems)


@settings(max_examples=60, deadline=None)
@given(at=st.integers(min_value=0, max_value=30_000), junk=st.binary(min_size=1, max_size=30))
def test_no_damaged_word_document_brings_the_reader_down(at: int, junk: bytes) -> None:
    raw = word()
    damaged = raw[: at % len(raw)] + junk + raw[at % len(raw) + len(junk) :]
    with contextlib.suppress(WireError):
        assert isinstance(read_docx(damaged, "en"), Draft)
