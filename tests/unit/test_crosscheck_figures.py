"""Figures, dates, times and codes are read as each language writes them."""

import datetime
import time
from decimal import Decimal

import pytest
from babel.dates import format_date
from babel.numbers import format_decimal, format_percent
from hypothesis import given, settings
from hypothesis import strategies as st

from tidewire.crosscheck.fact import Kind
from tidewire.crosscheck.facts import read
from tidewire.languages import KNOWN_15
from tidewire.model.rendition import Rendition


def facts(language: str, text: str) -> list[tuple[Kind, str]]:
    rendition = Rendition(language, "", f"<p>{text}</p>")
    return [(fact.kind, fact.value) for fact in read(rendition).said()]


def one(language: str, text: str) -> tuple[Kind, str]:
    [found] = facts(language, text)
    return found


@pytest.mark.parametrize(
    ("language", "text", "value"),
    [
        ("en", "1,234.5", "1234.5"),
        ("de", "1.234,5", "1234.5"),
        ("fr", "1 234,5", "1234.5"),
        ("fr", "1\u202f234,5", "1234.5"),
        ("ru", "1\u00a0234,5", "1234.5"),
        ("es", "1.234 millones", "1234000000"),
        ("es", "2,5 mil millones", "2500000000"),
        ("es", "3 billones", "3000000000000"),
        ("pt", "1,2 bilhão", "1200000000"),
        ("pt", "12 mil", "12000"),
        ("de", "12,5 Mio.", "12500000"),
        ("de", "1,2 Milliarden", "1200000000"),
        ("fr", "1,2 milliard", "1200000000"),
        ("ru", "12,5 млн", "12500000"),
        ("vi", "1,2 tỷ", "1200000000"),
        ("vi", "3 nghìn tỷ", "3000000000000"),
        ("vi", "12 triệu", "12000000"),
        ("th", "12 ล้าน", "12000000"),
        ("th", "๑๒,๕๐๐", "12500"),
        ("id", "12,5 juta", "12500000"),
        ("id", "1,2 miliar", "1200000000"),
        ("ms", "1.2 bilion", "1200000000"),
        ("ar", "١٢٫٥ مليون", "12500000"),
        ("ar", "3 مليارات", "3000000000"),
        ("ja", "12億3400万", "1234000000"),
        ("ko", "1억 2,000만", "120000000"),
        ("ko", "1만 8,640", "18640"),
        ("ko", "2조 3천억", "2300000000000"),
        ("zh-Hans", "12.34亿", "1234000000"),
        ("zh-Hant", "1億6500萬", "165000000"),
        ("en", "12.5 crore", "125000000"),
        ("en", "12.5 lakh", "1250000"),
        ("hi", "12,34,567", "1234567"),
        ("de-CH", "1’234’567", "1234567"),
        ("en", "１２，３４５", "12345"),
        ("zh-Hans", "5兆瓦", "5"),
        ("zh-Hans", "500千瓦", "500"),
    ],
)
def test_a_number_is_read_as_its_language_writes_it(language: str, text: str, value: str) -> None:
    assert one(language, text) == (Kind.NUMBER, value)


@pytest.mark.parametrize(
    ("language", "text", "value", "unit"),
    [
        ("en", "US$1.2bn", "1200000000", {"USD"}),
        ("en", "€12m", "12000000", {"EUR"}),
        ("en", "12 million Danish kroner", "12000000", {"DKK"}),
        ("de", "1,234 Milliarden dänische Kronen", "1234000000", {"DKK"}),
        ("fr", "165 millions d’euros", "165000000", {"EUR"}),
        ("es", "1.234 millones de coronas danesas", "1234000000", {"DKK"}),
        ("pt", "R$ 3,5 milhões", "3500000", {"BRL"}),
        ("ru", "165 млн евро", "165000000", {"EUR"}),
        ("ja", "1億6500万円", "165000000", {"JPY"}),
        ("ko", "3,000억 원", "300000000000", {"KRW"}),
        ("zh-Hans", "1.65亿欧元", "165000000", {"EUR"}),
        ("th", "165 ล้านบาท", "165000000", {"THB"}),
        ("vi", "2 tỷ đồng", "2000000000", {"VND"}),
        ("id", "Rp1,2 triliun", "1200000000000", {"IDR"}),
        ("ms", "RM2.5 juta", "2500000", {"MYR"}),
        ("ar", "١٦٥ مليون يورو", "165000000", {"EUR"}),
    ],
)
def test_an_amount_has_its_currency(language: str, text: str, value: str, unit: set[str]) -> None:
    [found] = read(Rendition(language, "", f"<p>{text}</p>")).said()
    assert (found.kind, found.value, set(found.unit)) == (Kind.AMOUNT, value, unit)


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "3.5 per cent"), ("de", "3,5 Prozent"), ("fr", "3,5 %"), ("es", "3,5 por ciento"),
        ("ru", "3,5%"), ("ar", "٣٫٥ في المئة"), ("ar", "٣٫٥٪"), ("th", "ร้อยละ 3.5"), ("vi", "3,5%"),
        ("zh-Hans", "百分之3.5"), ("ko", "3.5%"), ("id", "3,5 persen"), ("ms", "3.5 peratus"),
        ("ja", "3.5パーセント"), ("pt", "3,5 por cento"),
    ],
)  # fmt: skip
def test_a_percentage_is_one_in_words_and_by_its_sign(language: str, text: str) -> None:
    assert one(language, text) == (Kind.PERCENT, "3.5")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("th", "2 มีนาคม พ.ศ. 2569"), ("ja", "令和8年3月2日"), ("zh-Hant", "民國115年3月2日"),
        ("ko", "2026년 3월 2일"), ("en", "March 2, 2026"), ("en", "2026-03-02"), ("de", "2.3.2026"),
        ("fr", "2 mars 2026"), ("es", "2 de marzo de 2026"), ("ar", "٢ مارس ٢٠٢٦"),
        ("vi", "ngày 2 tháng 3 năm 2026"), ("ms", "2 Mac 2026"), ("ru", "2 марта 2026 года"),
    ],
)  # fmt: skip
def test_a_date_is_the_same_in_every_calendar(language: str, text: str) -> None:
    assert one(language, text) == (Kind.DATE, "2026-03-02")


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "10.30 p.m."), ("de", "22.30 Uhr"), ("fr", "à 22 h 30"), ("pt", "às 22h30"),
        ("ja", "午後10時30分"),
        ("ko", "오후 10시 30분"), ("zh-Hans", "晚上10时30分"),
        ("vi", "lúc 22 giờ 30"), ("th", "เวลา 22.30 น."), ("id", "pukul 22.30"),
        ("ms", "jam 10.30 malam"), ("ru", "в 22:30"),
        ("ar", "الساعة ١٠:٣٠ مساءً"), ("es", "a las 22:30"),
    ],
)  # fmt: skip
def test_a_time_is_the_same_on_every_clock(language: str, text: str) -> None:
    assert one(language, text) == (Kind.TIME, "22:30")


def test_codes_are_read_beside_any_script() -> None:
    found = facts("ja", "電話+49 30 23125 010、XCSE：LNTF、ISIN DK000LNTF006、press@tide.example")
    assert found == [
        (Kind.PHONE, "+493023125010"),
        (Kind.TICKER, "XCSE:LNTF"),
        (Kind.ISIN, "DK000LNTF006"),
        (Kind.MAIL, "press@tide.example"),
    ]


@given(st.sampled_from(KNOWN_15), st.decimals(0, 10**9, places=2))
@settings(max_examples=300, deadline=None)
def test_what_babel_writes_is_read_back(language: str, number: Decimal) -> None:
    text = format_decimal(number, locale=language.replace("-", "_"), format="#,##0.0#")
    [(kind, value)] = facts(language, f"a {text} b") if text[0] != "-" else [(Kind.NUMBER, "0")]
    assert Decimal(value) == number
    assert kind in (Kind.NUMBER, Kind.YEAR)


@given(st.sampled_from(KNOWN_15), st.dates(datetime.date(1950, 1, 1), datetime.date(2099, 1, 1)))
@settings(max_examples=300, deadline=None)
def test_dates_that_babel_writes_are_read_back(language: str, day: datetime.date) -> None:
    written = format_date(day, "long", locale=language.replace("-", "_"))
    assert (Kind.DATE, day.isoformat()) in facts(language, written)


@given(st.sampled_from(KNOWN_15), st.integers(1, 999))
@settings(max_examples=200, deadline=None)
def test_percentages_that_babel_writes_are_read_back(language: str, tenths: int) -> None:
    share = Decimal(tenths) / 1000
    written = format_percent(share, format="#,##0.0%", locale=language.replace("-", "_"))
    assert one(language, written)[0] is Kind.PERCENT
    assert Decimal(one(language, written)[1]) == share * 100


@given(st.sampled_from([*KNOWN_15, "hi", "tlh", "x"]), st.text(max_size=300))
@settings(max_examples=300, deadline=None)
def test_reading_never_raises(language: str, text: str) -> None:
    read(Rendition(language, text, text, boilerplate=f"<p>{text}</p>"))


@pytest.mark.parametrize(
    "piece", ["1,", "1.", "9", "1 ", "12:", "+1 ", "$", "「", "3月", "5-", "a@", "Aa "]
)
@pytest.mark.parametrize("language", ["en", "ja", "vi"])
def test_hostile_text_takes_bounded_time(language: str, piece: str) -> None:
    def taken(length: int) -> float:
        begun = time.perf_counter()
        read(Rendition(language, "", f"<p>{(piece * length)[:length]}</p>"))
        return time.perf_counter() - begun

    read(Rendition(language, "", "<p>1</p>"))
    assert taken(10_000) < 3
