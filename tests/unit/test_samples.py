"""The sample in fifteen languages: no check complains, and all say the same."""

import datetime
from pathlib import Path

import pytest
from lxml import html

from tidewire.intake.checks.check import check
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission, sanitised
from tidewire.languages import KNOWN_15
from tidewire.model.errors import Severity
from tidewire.model.release import Release
from tidewire.model.rendition import Rendition

NOW = datetime.datetime(2026, 3, 3, 12, tzinfo=datetime.UTC)
SAMPLES = Path(__file__).parents[2] / "samples"
FOLDER = SAMPLES / "lanternfish"
PLANTED = SAMPLES / "lanternfish-planted"
SIGNS = str.maketrans("٠١٢٣٤٥٦٧٨٩٫٬", "0123456789.,")


def release_of(folder: Path = FOLDER) -> Release:
    files = [FOLDER / f"lanternfish.{language}.md" for language in KNOWN_15]
    found = [folder / path.name if (folder / path.name).exists() else path for path in files]
    return raw_release(read_submission(read_files(found, {})))


def rendition(language: str) -> Rendition:
    return sanitised(release_of()).rendition(language)


def test_the_checks_find_nothing_in_it() -> None:
    assert release_of().languages() == KNOWN_15
    assert check(release_of(), NOW) == []


def test_its_files_may_come_in_any_order() -> None:
    files = sorted(FOLDER.glob("*.md"))
    assert files[0].name == "lanternfish.ar.md"
    release = raw_release(read_submission(read_files(files, {})))
    assert check(release, NOW) == []
    assert release.renditions[0].language == "ar"
    assert [contact.name for contact in release.contacts] == ["Kim Template", "Lou Example"]


@pytest.mark.parametrize("language", KNOWN_15)
def test_every_language_has_the_same_parts(language: str) -> None:
    def parts(of: Rendition) -> dict[str, int]:
        tree = html.fromstring(f"<div>{of.body}</div>")
        tags = ("p", "h2", "blockquote", "li", "tr", "td", "th", "a")
        return {tag: len(tree.findall(f".//{tag}")) for tag in tags}

    english = parts(rendition("en"))
    assert english["blockquote"] == 2
    assert english["tr"] == 6
    assert parts(rendition(language)) == english


@pytest.mark.parametrize("language", KNOWN_15)
def test_every_language_has_the_same_links_identifiers_and_plain_figures(language: str) -> None:
    def links(of: Rendition) -> list[str]:
        return [str(a.get("href")) for a in html.fromstring(of.body).iter("a")]

    one = rendition(language)
    text = f"{html.fromstring(one.body).text_content()} {one.boilerplate}".translate(SIGNS)
    assert links(one) == links(rendition("en"))
    for figure in ("387", "400", "320", "212", "310", "48", "55", "60", "+49 30 23125 019"):
        assert figure in text
    assert text.count("LNTF") == 3  # the ticker twice, and in the ISIN
    assert "DK000LNTF006" in text
    year = "2569" if language == "th" else "2026"
    assert text.count(year) == 3


def test_its_weekdays_are_right() -> None:
    days = [datetime.date(2026, 3, day).strftime("%A, %-d %B %Y") for day in (2, 14, 26)]
    body = " ".join(rendition("en").body.split())
    assert [day for day in days if day in body] == days


def test_one_error_is_planted_and_nothing_else_differs() -> None:
    [file] = PLANTED.iterdir()
    right = (FOLDER / file.name).read_text("utf-8")
    assert file.read_text("utf-8") == right.replace("12 ล้านคน", "1.2 ล้านคน")
    assert right.count("12 ล้านคน") == 1
    [found] = check(release_of(PLANTED), NOW)
    assert (found.severity, found.code) == (Severity.ERROR, "crosscheck-differs")
    assert found.pointer == f"/renditions/{KNOWN_15.index('th')}/body_html"
    assert found.message == 'Thai says "1.2 ล้าน" where English says "12 million".'
