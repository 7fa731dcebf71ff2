"""Tags, how they fall back, and the language files."""

import datetime
from importlib.resources import files

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidewire.languages import (
    KNOWN_15,
    best,
    canonical,
    direction,
    furniture,
    is_country,
    is_language,
    known,
    language_name,
    role,
)
from tidewire.languages.read import read, toml
from tidewire.languages.tags import spelt_out
from tidewire.model.errors import Misconfigured
from tidewire.model.media_topics import SECOND_SUBJECTS
from tidewire.model.sectors import SECTORS, TOP_SUBJECTS

MODEL = toml("en.toml", files("tidewire.languages").joinpath("en.toml").read_text(encoding="utf-8"))
GERMAN = files("tidewire.languages").joinpath("de.toml").read_text(encoding="utf-8")

TAGS = st.sampled_from(
    [*KNOWN_15, "de-AT", "de-CH", "zh-TW", "zh-HK", "zh-CN", "pt-BR", "sr", "sr-Latn", "fa", "prs"]
)


@pytest.mark.parametrize("tag", [*KNOWN_15, "de-AT", "zh-Hant-HK", "sl-rozaj", "es-419"])
def test_real_tags_in_canonical_spelling_are_languages(tag: str) -> None:
    assert is_language(tag)


@pytest.mark.parametrize(
    "tag",
    ["", "jp", "cn", "xx", "DE", "de_AT", "de-at", "zh-hans", "und", "mul", "de-", "de-ZZZZ",
     "en-UKK", "de-x-secret", "de/technology", "de\n", "ｄｅ", "d" * 40, "sl-rozaj-rozaj"],
)  # fmt: skip
def test_other_words_are_no_languages(tag: str) -> None:
    assert not is_language(tag)


def test_a_tag_gets_its_canonical_spelling() -> None:
    assert canonical("ZH-hANT-hk") == "zh-Hant-HK"
    assert canonical("klingon") is None


@pytest.mark.parametrize(
    ("given_up", "now"),
    [("iw", "he"), ("in", "id"), ("tl", "fil"), ("ji", "yi"), ("mo", "ro"), ("cmn-TW", "zh-TW"),
     ("sh", "sr-Latn"), ("sh-Cyrl", "sr-Cyrl"), ("en-UK", "en-GB"), ("de-dd", "de-DE")],
)  # fmt: skip
def test_a_code_that_was_given_up_becomes_the_one_in_its_place(given_up: str, now: str) -> None:
    assert canonical(given_up) == now
    assert not is_language(given_up)


@given(st.text(max_size=12))
def test_canonical_spelling_is_canonical(text: str) -> None:
    tag = canonical(text)
    assert tag is None or (is_language(tag) and canonical(tag) == tag)


@pytest.mark.parametrize("code", ["DE", "US", "KR", "TW", "GB", "XK"])
def test_countries_are_known(code: str) -> None:
    assert is_country(code)


@pytest.mark.parametrize("code", ["", "de", "UK", "EU", "UN", "ZZ", "DEU", "001", "XA"])
def test_other_codes_are_no_countries(code: str) -> None:
    assert not is_country(code)


@pytest.mark.parametrize(
    ("tag", "way"),
    [("ar", "rtl"), ("he", "rtl"), ("fa", "rtl"), ("ur-PK", "rtl"), ("az-Arab", "rtl"),
     ("az", "ltr"), ("de", "ltr"), ("zh-Hant", "ltr"), ("pa-PK", "rtl"), ("ar-Latn", "ltr")],
)  # fmt: skip
def test_the_direction_is_that_of_the_script(tag: str, way: str) -> None:
    assert direction(tag) == way


@pytest.mark.parametrize(
    ("available", "wanted", "found"),
    [
        (["en", "de"], "de", "de"),
        (["en", "de"], "de-AT", "de"),
        (["en", "de-AT"], "de", "de-AT"),
        (["de-AT", "de-CH", "de"], "de-CH", "de-CH"),
        (["zh-Hans", "zh-Hant"], "zh-TW", "zh-Hant"),
        (["zh-Hans", "zh-Hant"], "zh", "zh-Hans"),
        (["zh-Hans"], "zh-Hant", None),
        (["zh-Hans"], "zh-HK", None),
        (["en"], ["ko", "en-GB"], "en"),
        (["en", "ko"], ["ko", "en"], "ko"),
        (["en"], ["ja"], None),
        ([], ["en"], None),
        (["en"], [], None),
        (["DE"], "de", "DE"),
        (["en"], "e", None),
        (["pt-BR"], "pt", "pt-BR"),
        (["pt"], "pt-BR", "pt"),
        (["pt-PT", "pt-BR"], "pt", "pt-BR"),
        (["pt-BR", "pt-PT"], "pt-AO", "pt-PT"),
        (["es-ES", "es-AR"], "es-MX", "es-AR"),
        (["en-US", "en-GB"], "en-AU", "en-GB"),
        (["zh-Hant-TW", "zh-Hant-HK"], "zh-MO", "zh-Hant-HK"),
        (["zh-Hant"], "zh-TW", "zh-Hant"),
        (["zh-TW"], "zh-Hant", "zh-TW"),
        (["zh-Hant"], "zh-CN", None),
        (["zh-Hant"], "zh-Hans", None),
        (["zh"], "zh-Hant", None),
        (["no"], "nb", "no"),
        (["nb"], "no", "nb"),
        (["nn", "nb"], "no", "nb"),
        (["nb"], "nn", "nb"),
        (["nn", "nb"], "nn", "nn"),
        (["da", "sv"], "no", None),
        (["fil"], "tl", "fil"),
        (["tl"], "fil", "tl"),
        (["he"], "iw", "he"),
        (["id"], "in", "id"),
        (["ro"], "mo", "ro"),
        (["sr"], "sh", None),
        (["sr-Latn"], "sh", "sr-Latn"),
        (["fr"], "ht", None),
        (["en"], "hi-Latn", None),
    ],
)
def test_the_best_fitting_language(
    available: list[str], wanted: str | list[str], found: str | None
) -> None:
    assert best(available, wanted) == found


@given(st.lists(TAGS), st.lists(TAGS))
def test_what_fits_best_is_there_and_readable(available: list[str], wanted: list[str]) -> None:
    found = best(available, wanted)
    if found is None:
        assert not set(available) & set(wanted)
    else:
        assert found in available
        assert any(same(found, tag) for tag in wanted)


def same(one: str, other: str) -> bool:
    """Whether two tags are of one language in one script."""
    return spelt_out(one)[:2] == spelt_out(other)[:2]


@given(TAGS, st.lists(TAGS))
def test_the_same_language_is_always_best(tag: str, others: list[str]) -> None:
    assert best([*others, tag], tag) == tag


def test_languages_are_named_in_the_readers_words() -> None:
    assert language_name("zh-Hans", "de") == "Chinesisch (vereinfacht)"
    assert language_name("de", "en") == "German"
    assert language_name("ko") == "한국어"
    assert language_name("de-AT", "en") == "Austrian German"


def test_every_file_that_ships_can_be_read() -> None:
    assert {"de", "en"} <= set(known())
    for tag in known():
        words = furniture(tag)
        assert words.tag == tag
        assert set(words.sectors) == set(SECTORS)
        assert set(words.subjects) == {*TOP_SUBJECTS, *SECOND_SUBJECTS}


def test_furniture_falls_back_to_the_language_and_then_to_english() -> None:
    assert furniture("de-AT").tag == "de"
    assert furniture("tlh").tag == "en"


def test_a_word_for_man_and_woman_alike_names_neither() -> None:
    assert role("Tagapagsalita", furniture("en")) == "Spokesperson"
    assert role("Porte-parole", furniture("de")) == furniture("de").roles["spokesperson"]
    assert role("Talsmand", furniture("en")) == "Spokesman"


def test_a_german_dateline() -> None:
    day = datetime.date(2026, 3, 3)
    assert furniture("de").dateline("Berlin", "DE", day) == "BERLIN, Deutschland, 3. März 2026"
    assert furniture("en").dateline("Berlin", "DE", day) == "BERLIN, Germany, 3 March 2026"
    assert furniture("en").dateline("Berlin") == "BERLIN"
    assert furniture("en").dateline("Berlin", None, day) == "BERLIN, 3 March 2026"


def test_moments_and_numbers_are_written_as_the_language_does() -> None:
    at = datetime.datetime(2026, 3, 3, 13, 5, tzinfo=datetime.timezone(datetime.timedelta(hours=1)))
    assert furniture("de").moment(at) == "3. März 2026, 12:05 UTC"
    assert furniture("de").number(86000) == "86.000"
    assert furniture("en").number(86000) == "86,000"


def test_labels_and_what_has_none() -> None:
    words = furniture("de")
    assert words.sector("energy") == "Energie"
    assert words.sector("unheard-of") == "unheard-of"
    assert words.subject("medtop:15000000") == "Sport"
    assert words.country("FR") == "Frankreich"
    with pytest.raises(KeyError):
        words.word("no-such-word")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('tag = "de"', 'tag = "fr"', "tag"),
        ('direction = "ltr"', 'direction = "up"', "direction"),
        ('direction = "ltr"', 'direction = "rtl"', "direction"),
        ('scripts = ["Latn"]', 'scripts = ["Cyrl"]', "scripts"),
        ('scripts = ["Latn"]', 'scripts = ["Latn", "grek"]', "scripts"),
        ('digits = "latn"', 'digits = "roman"', "writes.digits"),
        ("year_offset = 0", "year_offset = true", "writes.year_offset"),
        ('home = "Startseite"\n', "", "words.home"),
        ('home = "Startseite"', 'home = ""', "words.home"),
        ('home = "Startseite"', "home = 3", "words.home"),
        ('home = "Startseite"', 'home = "Start {x}"', "words.home"),
        ('home = "Startseite"', 'home = "Start {"', "words.home"),
        ('home = "Startseite"', r'home = "Start\n"', "words.home"),
        ('home = "Startseite"', r'home = "Start\u2068"', "words.home"),
        ("Branchen: {sectors}", "Branchen: {sectors!x}", "phrases.sectors"),
        ("Branchen: {sectors}", "Branchen: {sectors:9q}", "phrases.sectors"),
        ("Branchen: {sectors}", "Branchen: {sectors.x}", "phrases.sectors"),
        ('home = "Startseite"', 'home = "a"\nhaus = "b"', "words.haus"),
        ('energy = "Energie"\n', "", "sectors.energy"),
        ("Branchen: {sectors}", "Branchen: {sector}", "phrases.sectors"),
        ('["place", "country", "date"]', '["place", "date"]', "dateline.order"),
        ("capitals = true", "capitals = 1", "dateline.capitals"),
        ('date = "d. MMMM y"', 'date = "d. MMMMMMMM y"', "writes.date"),
        ('date = "d. MMMM y"', 'date = "d. MMMM"', "writes.date"),
        ('date = "d. MMMM y"', """date = "d. MMMM y 'Uhr" """, "writes.date"),
        ("HH:mm", "mm", "writes.moment"),
    ],
)
def test_a_fault_in_a_file_is_named_with_file_and_key(old: str, new: str, key: str) -> None:
    assert old in GERMAN
    with pytest.raises(Misconfigured) as fault:
        read("de", GERMAN.replace(old, new, 1), model=MODEL)
    assert "de.toml" in str(fault.value)
    assert f" {key} " in str(fault.value)


def test_a_file_that_is_not_toml_is_named() -> None:
    with pytest.raises(Misconfigured, match=r"de\.toml is not TOML"):
        read("de", "tag = ", model=MODEL)


def test_a_new_language_is_a_new_file_and_nothing_else() -> None:
    words = read("fr", GERMAN.replace('tag = "de"', 'tag = "fr"'), model=MODEL)
    assert words.dateline("Lyon", "FR", datetime.date(2026, 3, 3)) == "LYON, France, 3. mars 2026"
