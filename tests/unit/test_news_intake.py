"""News items on the way in: what we send out comes back whole, and hostile input is refused."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from editions import T0, an_edition
from news_items import BASE, lanternfish, lanternfish_edition, without_pictures
from tidewire.formats.news_item import TRANSLATION
from tidewire.formats.newsml_g2 import newsml_g2
from tidewire.formats.ninjs import ninjs
from tidewire.formats.ninjs_1_6 import ninjs_1_6
from tidewire.intake import read
from tidewire.intake.newsml_g2 import read_newsml_g2
from tidewire.intake.ninjs import read_ninjs
from tidewire.intake.read import document_of, read_files, read_json
from tidewire.intake.submission import raw_release, read_submission, sanitised
from tidewire.model.errors import BadInput, TooLarge, Unreadable
from tidewire.model.release import Act, Priority, Release

LANGUAGES = lanternfish().languages()
MAKERS: dict[str, tuple[Callable[..., bytes], str]] = {
    "ninjs": (ninjs, "json"),
    "ninjs-1.6": (ninjs_1_6, "json"),
    "newsml-g2": (newsml_g2, "xml"),
}


def received(raw: bytes, ending: str) -> Release:
    text = raw.decode()
    drafts = read_newsml_g2(text) if ending == "xml" else read_ninjs(read_json(text))
    return sanitised(raw_release(read_submission(document_of(drafts))))


def sent(release: Release) -> Release:
    """What can come back: a moment that has passed is history, and so is its embargo.

    Pictures stay where they lie.
    """
    return without_pictures(replace(release, t0=None, embargo=False))


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("tag", LANGUAGES)
def test_each_rendition_comes_back_whole(name: str, tag: str) -> None:
    make, ending = MAKERS[name]
    raw = make(lanternfish_edition(), tag, BASE, audience="media")
    release = sent(lanternfish())
    assert received(raw, ending) == replace(release, renditions=(release.rendition(tag),))


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("priority", Priority)
def test_a_correction_of_any_priority_comes_back(name: str, priority: Priority) -> None:
    make, ending = MAKERS[name]
    edition = an_edition(Act.CORRECT)
    edition = replace(edition, release=replace(edition.release, priority=priority))
    back = received(make(edition, "de", BASE, audience="media"), ending)
    bodies = sanitised(edition.release).renditions[:1]
    assert back == replace(sent(edition.release), renditions=bodies)


@pytest.mark.parametrize("name", MAKERS)
def test_files_of_all_languages_make_the_same_release(name: str, tmp_path: Path) -> None:
    make, ending = MAKERS[name]
    paths = [tmp_path / f"{at}.{ending}" for at, _ in enumerate(LANGUAGES)]
    for path, tag in zip(paths, LANGUAGES, strict=True):
        path.write_bytes(make(lanternfish_edition(), tag, BASE, audience="media"))
    back = sanitised(raw_release(read_submission(read_files(paths, {}))))
    assert back == sent(lanternfish())


@pytest.mark.parametrize("name", MAKERS)
def test_an_embargo_that_still_holds_is_kept(name: str) -> None:
    make, ending = MAKERS[name]
    edition = replace(lanternfish_edition(), t0=T0.replace(hour=15))
    back = received(make(edition, "en", BASE), ending)
    assert back.embargo and back.t0 == T0.replace(hour=15)


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("act", [Act.KILL, Act.WITHDRAW])
def test_what_takes_back_is_not_taken_for_a_release(name: str, act: Act) -> None:
    make, ending = MAKERS[name]
    with pytest.raises(BadInput, match="takes a release back") as refused:
        received(make(lanternfish_edition(act), "en", BASE), ending)
    assert "ubStatus" in refused.value.problems[0].pointer


G2 = newsml_g2(lanternfish_edition(), "en", BASE).decode()
BOMB = '<!DOCTYPE b [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    "prolog",
    [
        BOMB,
        OUTSIDE,
        '<!DOCTYPE newsItem SYSTEM "http://127.0.0.1:1/g2.dtd">',
        f"<!-- a --><?b c?> \n{BOMB}",
        "<!DOCTYPE newsItem>",
    ],
)
def test_a_document_type_is_refused_whatever_is_in_it(prolog: str) -> None:
    declaration, rest = G2.split("?>", 1)
    with pytest.raises(Unreadable, match="document type"):
        read_newsml_g2(f"{declaration}?>{prolog}{rest}")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no xml",
        "<newsItem",
        G2[:-20],
        G2.replace("Port Ember", "&unknown;", 1),
        "<a>" * 10_000 + "</a>" * 10_000,
        G2.replace("<itemMeta>", "<x>" * 10_000 + "</x>" * 10_000 + "<itemMeta>"),
        "<rss/>",
        '<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/"/>',
        "<!--",
        "<?",
    ],
)
def test_xml_that_is_no_news_item_is_refused(text: str) -> None:
    with pytest.raises(Unreadable):
        read_newsml_g2(text)


def test_an_entity_in_the_text_reads_no_file() -> None:
    assert "root:" not in G2
    with pytest.raises(Unreadable):
        read_newsml_g2(G2.replace("?>", f"?>{OUTSIDE}", 1).replace("Port Ember", "&x;"))


NINJS = json.loads(ninjs(lanternfish_edition(), "en", BASE))


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"headlines": "no list"}, "/headlines"),
        ({"headlines": [1]}, "/headlines/0"),
        ({"headlines": [{"role": "main"}]}, "/headlines/0/value"),
        ({"bodies": {"value": "x"}}, "/bodies"),
        ({"urgency": "5"}, "/urgency"),
        ({"urgency": 0}, "/urgency"),
        ({"urgency": 5.5}, "/urgency"),
        ({"language": None}, "/language"),
        ({"people": [{"contactInfo": [{"value": 7}]}]}, "/people/0/contactInfo/0/value"),
        ({"uri": 7}, "/uri"),
        ({"uri": ""}, "/uri"),
    ],
)
def test_wrong_types_in_ninjs_are_named(wrong: dict[str, object], pointer: str) -> None:
    with pytest.raises(BadInput) as refused:
        read_ninjs({**NINJS, **wrong})
    assert pointer in {p.pointer for p in refused.value.problems}


@pytest.mark.parametrize(
    "wrong",
    [{"subject": 1}, {"person": [3]}, {"body_html": []}, {"associations": 5}, {"headline": {}}],
)
def test_wrong_types_in_ninjs_1_6_are_refused(wrong: dict[str, object]) -> None:
    old = json.loads(ninjs_1_6(lanternfish_edition(), "en", BASE))
    with pytest.raises(BadInput) as refused:
        read_ninjs({**old, **wrong})
    assert refused.value.problems


def test_json_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(Unreadable):
        read_json('{"uri":' + "[" * 10_000 + "]" * 10_000 + "}")


@pytest.mark.parametrize("rel", ["translationOf", "correctionOf"])
def test_ninjs_that_names_itself_is_refused(rel: str) -> None:
    link = {"name": "x", "rel": rel, "uri": NINJS["uri"], "version": "1"}
    with pytest.raises(BadInput, match="names itself") as refused:
        read_ninjs({**NINJS, "associations": [link]})
    assert refused.value.problems[0].pointer == "/associations/0"


@pytest.mark.parametrize(
    "link", [f'reluri="{TRANSLATION}"', 'rel="irel:previousVersion" version="1"']
)
def test_newsml_g2_that_names_itself_is_refused(link: str) -> None:
    guid = NINJS["uri"]
    cyclic = G2.replace("</itemMeta>", f'<link {link} residref="{guid}"/></itemMeta>')
    with pytest.raises(BadInput, match="names itself"):
        read_newsml_g2(cyclic)


def test_a_file_of_a_hundred_megabytes_is_refused_unread(tmp_path: Path) -> None:
    for name in ("large.xml", "large.json"):
        with (tmp_path / name).open("wb") as out:
            out.truncate(100_000_000)
        with pytest.raises(TooLarge):
            read.read_files([tmp_path / name], {})


def test_items_of_two_releases_are_not_one(tmp_path: Path) -> None:
    for name, edition in (("a", lanternfish_edition()), ("b", an_edition())):
        (tmp_path / f"{name}.xml").write_bytes(newsml_g2(edition, "en", BASE))
    with pytest.raises(BadInput, match="more than one release"):
        read_files([tmp_path / "a.xml", tmp_path / "b.xml"], {})


def test_an_item_of_others_is_read_as_far_as_it_goes() -> None:
    drafts = read_ninjs(
        {
            "uri": "http://other.example/1",
            "headlines": [{"value": "A headline"}],
            "bodies": [{"contentType": "text/plain", "value": "One.\n\nTwo."}],
            "subjects": [{"uri": "http://cv.iptc.org/newscodes/mediatopic/04000000"}],
            "unknown": {"deep": [1]},
        }
    )
    document = document_of(drafts)
    assert document["renditions"][0]["headline"] == "A headline"
    assert document["subjects"] == ["medtop:04000000"]
    assert sanitised(raw_release(read_submission(document))).renditions[0].body == (
        "<p>One.</p>\n<p>Two.</p>"
    )
