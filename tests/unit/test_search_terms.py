"""Texts and questions to terms: each script its own way, and nothing but letters and digits."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidewire.languages import KNOWN_15
from tidewire.search.terms import (
    MOST_ASKED,
    MOST_BYTES,
    asked_terms,
    day_terms,
    filter_terms,
    span_terms,
    text_terms,
)


def found_by(question: str, text: str, language: str, *, filtered: bool) -> bool:
    """Whether a text has all that is asked for."""
    held = text_terms([("C", text)], language)
    asked = asked_terms(question, language if filtered else None)
    return bool(asked) and all(any(form in held for form in forms) for forms in asked)


@pytest.mark.parametrize(
    ("language", "text", "question"),
    [
        ("zh-Hans", "公司发布税务报告", "税务"),
        ("zh-Hant", "公司發佈稅務報告", "公司"),
        ("ja", "新しい発電所を公開", "発電"),
        ("ja", "ハーバーライト", "ﾊｰﾊﾞｰﾗｲﾄ"),
        ("ko", "회사는 발전소를 열었다", "발전소"),
        ("ko", "발전소", "발전소에서"),
        ("th", "บริษัทเปิดโรงไฟฟ้าใหม่", "โรงไฟฟ้า"),
        ("ar", "أعلنت الشركة", "شركة"),
        ("ar", "شركات جديدة", "الشركات"),
        ("ar", "والشركة", "الشركة"),
        ("ar", "شَرِكَة", "شركة"),
        ("de", "Die neuen Häuser", "haus"),
        ("de", "an der Straße", "STRASSE"),
        ("ru", "для новых компаний", "компания"),
        ("en", "The companies grew", "company"),
        ("ms", "pembangunan", "bangunan"),
        ("en", "It cost 1,234.50 euros", "1234.50"),
        ("ja", "Tidewindは", "tidewind"),
        ("de", "Компании", "компании"),
        ("vi", "điện thủy triều", "ĐIỆN THỦY"),
        ("xx", "anything", "ANYTHING"),
    ],
)
def test_a_question_meets_the_text(language: str, text: str, question: str) -> None:
    assert found_by(question, text, language, filtered=True)
    assert found_by(question, text, language, filtered=False)


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("税和务", "税务"),
        ("โรงแรม", "ไฟฟ้า"),
        ("Häuser", "Hase"),
        ("발전", "전발"),
        ("", "a"),
        ("a", "%"),
    ],
)
def test_a_question_does_not_meet_another_text(text: str, question: str) -> None:
    assert not found_by(question, text, "zh-Hans", filtered=False)


@given(text=st.text(max_size=300), language=st.sampled_from([*KNOWN_15, "xx"]))
def test_terms_are_letters_and_digits_and_never_a_filter(text: str, language: str) -> None:
    terms = [*text_terms([("A", text)], language)]
    terms += [form for forms in asked_terms(text, None) for form in forms]
    assert all(term and not set(term) & set("=:'\\\0&|!()* \n_%") for term in terms)
    assert len(asked_terms(text, language)) <= MOST_ASKED


@given(text=st.text(max_size=40), language=st.sampled_from(KNOWN_15))
def test_a_text_is_found_by_itself_in_its_language(text: str, language: str) -> None:
    held = text_terms([("C", text)], language)
    assert all(forms[0] in held for forms in asked_terms(text, language))


def test_places_go_on_and_weights_are_kept() -> None:
    terms = text_terms([("A", "sea wind"), ("C", "sea " * 9)], "en")
    assert terms["sea"][0] == (1, "A")
    assert terms["wind"] == [(2, "A")]
    assert [weight for _, weight in terms["sea"]] == ["A", "C", "C", "C"]
    places = [at for at, _ in terms["sea"]]
    assert places == sorted(places)


def test_a_text_without_end_fits_in_the_index() -> None:
    terms = text_terms([("C", " ".join(f"word{n}" for n in range(100_000)))], "en")
    assert sum(len(term) for term in terms) < MOST_BYTES


def test_filters_are_terms_of_their_own() -> None:
    kept = filter_terms(language="zh-Hant", issuer="acme", sectors=["energy", "finance"])
    assert kept == ("=l:zh-Hant", "=i:acme", "=s:energy", "=s:finance")
    assert filter_terms() == ()


DAYS = st.dates(date(2019, 1, 1), date(2027, 12, 31))


@given(first=DAYS, last=DAYS)
def test_a_span_has_each_of_its_days_by_one_term_and_no_other(first, last):
    span = span_terms(first, last)
    for day in (first - timedelta(days=1), first, last, last + timedelta(days=1)):
        assert len(set(day_terms(day)) & set(span)) == (first <= day <= last)


def test_a_long_span_has_few_terms():
    assert span_terms(date(2025, 12, 31), date(2028, 2, 1)) == (
        "=d:2025-12-31", "=d:2026", "=d:2027", "=d:2028-01", "=d:2028-02-01",
    )  # fmt: skip
    assert len(span_terms(date(1990, 1, 1), date(2199, 12, 31))) == 210
    assert len(span_terms(date.min, date.max)) == 9999
