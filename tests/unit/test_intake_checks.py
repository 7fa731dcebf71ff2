"""What the checks find, and what they let pass."""

import dataclasses
from datetime import UTC, date, datetime, timedelta

import pytest

from tidewire.intake.checks.check import check
from tidewire.intake.checks.language import detect
from tidewire.intake.dateline import opening_dateline
from tidewire.model.errors import Severity
from tidewire.model.release import Contact, Organisation, Release
from tidewire.model.rendition import Dateline, Rendition

NOW = datetime(2026, 3, 3, 12, tzinfo=UTC)
ENGLISH = (
    "The company has opened its first park and will build another one next year, as its "
    "spokeswoman said on the occasion. Many people from the region came to see the turbines, "
    "which had been towed out to sea over the course of the summer."
)
GERMAN = (
    "Das Unternehmen hat seinen ersten Park eröffnet und wird im nächsten Jahr einen weiteren "
    "bauen, wie seine Sprecherin aus diesem Anlass sagte. Viele Menschen aus der Region kamen, "
    "um die Anlagen zu sehen, die im Sommer hinausgeschleppt worden waren."
)
RENDITION = Rendition(
    language="en",
    headline="Tidewind opens its first park",
    body="<p>The park feeds 48,000 homes.</p>",
    dateline=Dateline("Husum", "DE", date(2026, 3, 3)),
)
RELEASE = Release(
    slug="park",
    renditions=(RENDITION,),
    contacts=(Contact("Press", "Ada Muster", "press@tidewind.example"),),
    sectors=("energy",),
)


def found(release: Release) -> list[tuple[str, str, str]]:
    return [(p.severity.value, p.code, p.pointer) for p in check(release, NOW)]


def with_text(**fields: object) -> Release:
    return dataclasses.replace(
        RELEASE,
        renditions=(dataclasses.replace(RENDITION, **fields),),  # type: ignore[arg-type]
    )


def test_a_sound_release_has_no_problems() -> None:
    assert found(RELEASE) == []


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"headline": " "}, ("error", "headline-missing", "/renditions/0/headline")),
        ({"body": ""}, ("error", "body-missing", "/renditions/0/body_html")),
        (
            {"body": "<p> </p>"},
            ("error", "body-missing", "/renditions/0/body_html"),
        ),
        (
            {"body": f"<p>{'x ' * 50_001}</p>"},
            ("error", "body-too-long", "/renditions/0/body_html"),
        ),
        (
            {"body": "<div>" * 150 + "text"},
            ("error", "nested-too-deeply", "/renditions/0/body_html"),
        ),
        ({"dateline": None}, ("error", "dateline-missing", "/renditions/0/dateline")),
        (
            {"dateline": Dateline("Husum")},
            ("warning", "dateline-undated", "/renditions/0/dateline/date"),
        ),
        (
            {"dateline": Dateline("Husum", "QQ", date(2026, 3, 3))},
            ("error", "country-unknown", "/renditions/0/dateline/country"),
        ),
        ({"language": "xx"}, ("error", "language-unknown", "/renditions/0/language")),
        ({"headline": "Lorem ipsum"}, ("error", "placeholder-text", "/renditions/0/headline")),
        ({"headline": "XX opens"}, ("warning", "placeholder-text", "/renditions/0/headline")),
        ({"subheadline": "Date TBC"}, ("warning", "placeholder-text", "/renditions/0/subheadline")),
        (
            {"body": "<p>[Insert quote]</p>"},
            ("warning", "placeholder-text", "/renditions/0/body_html"),
        ),
        (
            {"body": "<p onclick='x()'>A text.</p>"},
            ("warning", "active-content", "/renditions/0/body_html"),
        ),
        ({"body": '<p><a href="">x</a></p>'}, ("error", "link-empty", "/renditions/0/body_html")),
        ({"body": "<p><a>x</a></p>"}, ("error", "link-empty", "/renditions/0/body_html")),
        (
            {"body": '<p><a href="javascript:x()">x</a></p>'},
            ("error", "link-unsafe", "/renditions/0/body_html"),
        ),
        (
            {"body": '<p><a href=" java&#10;script:x()">x</a></p>'},
            ("error", "link-unsafe", "/renditions/0/body_html"),
        ),
        (
            {"body": '<p><a href="/about">x</a></p>'},
            ("error", "link-unsafe", "/renditions/0/body_html"),
        ),
        (
            {"body": '<p><a href="https://bank.example@evil.example/">x</a></p>'},
            ("error", "link-unsafe", "/renditions/0/body_html"),
        ),
        (
            {"boilerplate": '<p><a href="data:text/html,x">x</a></p>'},
            ("error", "link-unsafe", "/renditions/0/boilerplate_html"),
        ),
        ({"body": f"<p>{GERMAN}</p>"}, ("warning", "language-doubtful", "/renditions/0/language")),
    ],
)
def test_what_is_wrong_with_a_text_is_named(
    fields: dict[str, object], problem: tuple[str, str, str]
) -> None:
    assert found(with_text(**fields)) == [problem]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"contacts": ()}, ("error", "contact-missing", "/contacts")),
        (
            {"contacts": (Contact("Press", "Ada"),)},
            ("warning", "contact-unreachable", "/contacts/0"),
        ),
        (
            {"contacts": (Contact("Press", "Ada", "a@b.example\nBcc: c@d.example"),)},
            ("error", "mail-invalid", "/contacts/0/mail"),
        ),
        (
            {"contacts": (Contact("Press", "Ada", "", "call me"),)},
            ("warning", "phone-doubtful", "/contacts/0/phone"),
        ),
        ({"sectors": ("energy", "magic")}, ("error", "sector-unknown", "/sectors/1")),
        ({"subjects": ("medtop:1",)}, ("error", "subject-unknown", "/subjects/0")),
        ({"countries": ("DE", "ZZ")}, ("error", "country-unknown", "/countries/1")),
        (
            {"renditions": (RENDITION, RENDITION)},
            ("error", "language-twice", "/renditions/1/language"),
        ),
        ({"t0": NOW - timedelta(seconds=61)}, ("error", "t0-past", "/t0")),
        ({"t0": NOW + timedelta(days=900)}, ("error", "t0-far", "/t0")),
        ({"embargo": True}, ("error", "t0-missing", "/t0")),
        ({"third_party": True}, ("warning", "provider-missing", "/provider")),
        ({"provider_url": "ftp://x.example"}, ("error", "link-unsafe", "/provider_url")),
        (
            {"organisations": (Organisation("T", lei="9999TIDEWINDENERG144"),)},
            ("error", "lei-invalid", "/organisations/0/lei"),
        ),
        (
            {"organisations": (Organisation("T", isin="DE000TWX0005"),)},
            ("error", "isin-invalid", "/organisations/0/isin"),
        ),
        (
            {"organisations": (Organisation("T", ticker="TWX"),)},
            ("error", "ticker-invalid", "/organisations/0/ticker"),
        ),
        (
            {"organisations": (Organisation(""),)},
            ("error", "organisation-unnamed", "/organisations/0/name"),
        ),
    ],
)
def test_what_is_wrong_with_a_release_is_named(
    fields: dict[str, object], problem: tuple[str, str, str]
) -> None:
    release = dataclasses.replace(RELEASE, **fields)  # type: ignore[arg-type]
    assert found(release) == [problem]


@pytest.mark.parametrize(
    "fields",
    [
        {"body": f"<p>{ENGLISH}</p>"},
        {"language": "de", "body": f"<p>{GERMAN}</p>"},
        {"language": "de-AT", "body": f"<p>{GERMAN}</p>"},
        {"body": '<p><a href="https://tidewind.example/a?b=1#c">x</a></p>'},
        {"body": '<p><a href="mailto:press@tidewind.example">x</a></p>'},
        {"body": "<p>" + "x " * 49_000 + "</p>"},
        {"headline": "Maxxum XXL and the XXth fair"},
        {"body": "<p>It starts on Tuesday, 3 March 2026.</p>"},
        {"body": "<p>It starts on Tuesday, March 3, 2026, and ends on Wednesday, March 4.</p>"},
        {
            "language": "de",
            "body": "<p>Beginn: Dienstag, 3. März 2026, Ende Mittwoch, den 4. März.</p>",
        },
        {"language": "ja", "body": "<p>2026年3月3日（火）に開始します。</p>"},
        {"language": "fr", "body": "<p>Le mardi 3 mars 2026.</p>"},
        {"language": "es", "body": "<p>El martes, 3 de marzo de 2026.</p>"},
    ],
)
def test_what_is_sound_passes(fields: dict[str, object]) -> None:
    assert found(with_text(**fields)) == []


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "Monday, 3 March 2026"),
        ("en", "on Monday, March 3rd"),
        ("en", "Mon., Mar 3, 2026"),
        ("de", "Montag, 3. März 2026"),
        ("de", "am Montag, dem 3. März"),
        ("fr", "lundi 3 mars 2026"),
        ("es", "lunes, 3 de marzo de 2026"),
        ("pt", "segunda-feira, 3 de março de 2026"),
        ("ru", "понедельник, 3 марта 2026"),
        ("ja", "2026年3月3日（月）"),
        ("ko", "2026년 3월 3일 월요일"),
        ("zh-Hans", "2026年3月3日星期一"),
        ("ar", "الاثنين، 3 مارس 2026"),
        ("vi", "Thứ Hai, 3 tháng 3, 2026"),
        ("id", "Senin, 3 Maret 2026"),
    ],
)
def test_a_weekday_that_does_not_fit_is_named_in_every_language(language: str, text: str) -> None:
    problems = check(with_text(language=language, subheadline=f"{text}."), NOW)
    assert [(p.severity, p.code, p.pointer) for p in problems] == [
        (Severity.WARNING, "weekday-mismatch", "/renditions/0/subheadline")
    ]


def test_a_third_partys_article_needs_neither_contact_nor_dateline() -> None:
    article = dataclasses.replace(
        with_text(dateline=None), contacts=(), third_party=True, provider="Wire"
    )
    assert {severity for severity, _, _ in found(article)} == {"warning"}


def test_errors_come_before_warnings() -> None:
    release = dataclasses.replace(with_text(headline="XX"), contacts=(), sectors=("magic",))
    assert [severity for severity, _, _ in found(release)] == ["error", "error", "warning"]


def test_identifiers_with_right_check_digits_pass() -> None:
    organisation = Organisation("T", "9999TIDEWINDENERG145", "DE000TWX0004", "XETR:TWX0")
    assert found(dataclasses.replace(RELEASE, organisations=(organisation,))) == []


def test_the_two_chinese_scripts_are_told_apart() -> None:
    simplified = (
        "这个国家的经济发展问题在过去几个月来一直是学者们关注的焦点，企业说他们会继续。" * 3
    )
    traditional = (
        "這個國家的經濟發展問題在過去幾個月來一直是學者們關注的焦點，企業說他們會繼續。" * 3
    )
    for text, language in ((simplified, "zh-Hans"), (traditional, "zh-Hant")):
        guess = detect(text)
        assert guess is not None
        assert guess.language == language


def test_short_texts_are_not_guessed() -> None:
    assert detect("Guten Tag") is None


@pytest.mark.parametrize(
    ("language", "text", "place", "country", "rest"),
    [
        ("en", "BERLIN, March 3, 2026 – Tidewind opens", "BERLIN", None, "Tidewind opens"),
        ("en", "HUSUM, Germany, 3 March 2026 -- Tidewind", "HUSUM", "DE", "Tidewind"),
        ("de", "HUSUM, Deutschland, 3. März 2026 – Tidewind", "HUSUM", "DE", "Tidewind"),
        ("en", "LONDON, March 3, 2026 /Wire/ -- Tidewind", "LONDON", None, "Tidewind"),
    ],
)
def test_a_dateline_at_the_head_is_read(
    language: str, text: str, place: str, country: str | None, rest: str
) -> None:
    read = opening_dateline(text, language)
    assert read is not None
    fields, length = read
    assert fields == {"place": place, "country": country, "date": date(2026, 3, 3)}
    assert text[length:] == rest


def test_a_sentence_with_a_dash_is_no_dateline() -> None:
    assert opening_dateline("The park – 48,000 homes strong – opens", "en") is None
    assert opening_dateline("Since 3 March 2026: all is well – so far", "en") is None
