"""Renditions are compared fact by fact; only what is certain is an error."""

import dataclasses
import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tidewire.app.cli import command_line
from tidewire.crosscheck.compare import compare
from tidewire.crosscheck.fact import Kind
from tidewire.crosscheck.facts import read
from tidewire.crosscheck.match import Weight
from tidewire.crosscheck.sheet import sheet
from tidewire.crosscheck.within import within
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission
from tidewire.languages import KNOWN_15
from tidewire.model.release import Contact, Release
from tidewire.model.rendition import Dateline, Rendition

FOLDER = Path(__file__).parents[2] / "samples"
DAY = datetime.date(2026, 3, 3)


def release(**texts: str) -> Release:
    return Release("x", tuple(Rendition(tag, "", f"<p>{text}</p>") for tag, text in texts.items()))


def raised(given: Release) -> list[tuple[Weight, Kind, int]]:
    found = compare(given).findings
    return [(f.weight, f.kind, f.at) for f in found if f.weight is not Weight.NOTE]


def sample() -> Release:
    files = [FOLDER / "lanternfish" / f"lanternfish.{tag}.md" for tag in KNOWN_15]
    return raw_release(read_submission(read_files(files, {})))


def test_the_sample_says_the_same_in_fifteen_languages() -> None:
    assert raised(sample()) == []


def test_ten_times_as_much_is_an_error() -> None:
    given = release(en="It carries 12 million people.", th="ผู้โดยสาร 1.2 ล้านคน")
    assert raised(given) == [(Weight.ERROR, Kind.NUMBER, 1)]


@pytest.mark.parametrize(
    ("english", "german", "weight", "kind"),
    [
        ("It costs 165 million euros.", "Es kostet 156 Millionen Euro.", Weight.ERROR, Kind.AMOUNT),
        ("It grew by 12.5%.", "Es wuchs um 15,2 %.", Weight.ERROR, Kind.PERCENT),
        ("On 14 March 2026.", "Am 14. Mai 2026.", Weight.ERROR, Kind.DATE),
        ("It has 450 seats.", "Es hat 4500 Plätze.", Weight.ERROR, Kind.NUMBER),
        # Another reading may be right: a currency's name, another unit, another zone, one scale.
        ("165 million euros", "165 Millionen Dollar", Weight.WARNING, Kind.AMOUNT),
        ("It runs 400 miles.", "Es fährt 644 Kilometer.", Weight.WARNING, Kind.NUMBER),
        ("On 14 March 2026.", "Am 15. März 2026.", Weight.WARNING, Kind.DATE),
        ("It has 450 seats.", "Es hat 450 Tausend Plätze.", Weight.WARNING, Kind.NUMBER),
    ],
)
def test_only_what_cannot_be_right_is_an_error(
    english: str, german: str, weight: Weight, kind: Kind
) -> None:
    assert raised(release(en=english, de=german)) == [(weight, kind, 1)]


def test_what_most_renditions_have_otherwise_is_no_error() -> None:
    given = release(
        en="It has 450 seats.", de="Es hat 4500 Plätze.", fr="Il a 45000 places.",
        es="Tiene 450 asientos.",
    )  # fmt: skip
    assert [weight for weight, *_ in raised(given)] == [Weight.ERROR] * 2
    given = release(en="It has 450 seats.", de="Es hat 4500 Plätze.", fr="Il a 45000 places.")
    assert [weight for weight, *_ in raised(given)] == [Weight.WARNING] * 2


def test_what_one_language_writes_out_is_no_alarm() -> None:
    assert raised(release(en="Nine ports, twenty-five ships.", th="9 ท่า 25 ลำ")) == []
    assert raised(release(en="It sails 9 times.", de="Es fährt oft.")) == []


def test_a_scale_that_stands_once_for_two_figures_is_no_alarm() -> None:
    assert raised(release(en="from 2 to 3 million", **{"zh-Hans": "从200万到300万"})) == []


def test_the_same_moment_in_another_zone_is_the_same() -> None:
    assert raised(release(en="At 10:00 CET.", ja="18:00 JST")) == []
    assert raised(release(en="At 10:30 CET.", de="10:30 EST")) == [(Weight.WARNING, Kind.TIME, 1)]


def test_where_all_others_agree_the_first_one_is_named() -> None:
    given = release(en="It has 400 seats.", de="Es hat 4000 Plätze.", fr="Il a 4000 places.")
    assert raised(given) == [(Weight.ERROR, Kind.NUMBER, 0)]


def test_a_quote_and_a_paragraph_less_are_seen() -> None:
    given = sample()
    thai = given.rendition("th")
    short = dataclasses.replace(thai, body=thai.body.replace("<blockquote>", "<!--", 1).replace(
        "</blockquote>", "-->", 1))  # fmt: skip
    found = raised(dataclasses.replace(given, renditions=(given.renditions[0], short)))
    assert (Weight.WARNING, Kind.QUOTES, 1) in found
    assert (Weight.WARNING, Kind.PARAGRAPHS, 1) in found


def test_a_page_in_another_language_is_no_alarm_and_a_slip_is_one() -> None:
    def linked(path: str) -> str:
        return f'<a href="https://tide.example/{path}">x</a>'

    assert raised(release(en=linked("en/report"), de=linked("de/bericht"))) == []
    found = raised(release(en=linked("report"), de=linked("repotr")))
    assert found == [(Weight.WARNING, Kind.LINK, 1)]


def test_a_name_that_is_almost_the_same_is_seen_and_other_words_are_not() -> None:
    given = release(en="Ada Sample sails from Copenhagen.", de="Ada Smaple fährt ab Kopenhagen.")
    assert raised(given) == [(Weight.WARNING, Kind.NAME, 1)]


@pytest.mark.parametrize(
    ("headline", "body", "code"),
    [
        ("", "On Tuesday, 2 March 2026", "weekday-mismatch"),
        ("", "On 4 July 2026 at 10:00 EST", "zone-of-another-season"),
        ("The third quarter", "In the second quarter it grew.", "quarter-of-another-text"),
        ("Tidewind (NYSE: 0700)", "A text.", "ticker-of-another-exchange"),
        ("", "Jon Specimen speaks. Jon Specimn hears.", "name-spelt-two-ways"),
        ("48 new ships", "There are 84 new ships.", "headline-figure-missing"),
    ],
)  # fmt: skip
def test_what_does_not_fit_within_one_text_is_named(headline: str, body: str, code: str) -> None:
    found = list(within(0, read(Rendition("en", headline, f"<p>{body}</p>")), DAY))
    assert [finding.code for finding in found] == [code]


def test_a_text_that_fits_together_is_left_alone() -> None:
    text = "<p>On Monday, 2 March 2026, at 10:00 CET, 48 ships of XCSE: LNTF sailed.</p>"
    assert list(within(0, read(Rendition("en", "48 ships", text)), DAY)) == []


def test_the_sheet_and_the_texts_are_held_against_each_other() -> None:
    given = release(en="Ask media@tide.example.", de="Ada Smaple, +1 202 555 0124.")
    contact = Contact("Press", "Ada Sample", mail="press@tide.example", phone="+1 202 555 0142")
    first, second = given.renditions
    first = dataclasses.replace(first, dateline=Dateline("Kiel", "DE", DAY))
    second = dataclasses.replace(second, dateline=Dateline("Kiel", "DK", DAY))
    given = dataclasses.replace(given, renditions=(first, second), contacts=(contact,))
    found = list(sheet(given, [read(one) for one in given.renditions]))
    assert [(one.code, one.at, one.weight) for one in found] == [
        ("dateline-differs", 1, Weight.WARNING),
        ("sheet-differs", 1, Weight.WARNING),
        ("sheet-differs", 1, Weight.WARNING),
    ]
    given = sample()
    assert list(sheet(given, [read(one) for one in given.renditions])) == []


def test_the_command_shows_what_differs_and_ends_with_two() -> None:
    english = str(FOLDER / "lanternfish" / "lanternfish.en.md")
    planted = str(FOLDER / "lanternfish-planted" / "lanternfish.th.md")
    right = str(FOLDER / "lanternfish" / "lanternfish.th.md")
    run = CliRunner(env={"COLUMNS": "200"})
    found = run.invoke(command_line(), ["check", english, planted])
    assert found.exit_code == 2
    assert "1.2 ล้าน" in found.output
    assert "differs, error" in found.output
    assert run.invoke(command_line(), ["check", english, right]).exit_code == 0
