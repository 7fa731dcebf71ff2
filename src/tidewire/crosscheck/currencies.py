"""Currencies as texts name them: ISO 4217 codes, signs, and the names that CLDR has."""

from functools import lru_cache

from babel import Locale
from babel.numbers import get_currency_name

from tidewire.crosscheck.text import plain

_CODES = (
    "USD EUR GBP JPY CNY KRW TWD HKD SGD MYR IDR THB VND INR RUB BRL MXN ARS CLP COP PEN CAD AUD"
    " NZD CHF SEK NOK DKK ISK PLN CZK HUF RON BGN TRY UAH KZT AED SAR QAR KWD BHD OMR EGP JOD MAD"
    " TND DZD IQD ILS ZAR NGN KES GHS PHP PKR BDT LKR MMK KHR LAK MOP UYU"
)
CODES = tuple(_CODES.split())
_DOLLARS = "USD CAD AUD NZD SGD HKD TWD MXN ARS CLP COP"
# What may stand straight before a figure.
SIGNS = {
    **{code: code for code in CODES},
    "$": _DOLLARS, "US$": "USD", "U.S.$": "USD", "USD$": "USD", "A$": "AUD", "AU$": "AUD",
    "C$": "CAD", "CA$": "CAD", "NZ$": "NZD", "S$": "SGD", "HK$": "HKD", "NT$": "TWD", "R$": "BRL",
    "MX$": "MXN", "Mex$": "MXN", "€": "EUR", "£": "GBP EGP", "¥": "JPY CNY", "JP¥": "JPY",
    "CN¥": "CNY", "₩": "KRW", "₫": "VND", "฿": "THB", "₹": "INR", "Rs": "INR PKR LKR",
    "Rs.": "INR PKR LKR", "₽": "RUB", "₺": "TRY", "₴": "UAH", "₪": "ILS", "₱": "PHP", "Rp": "IDR",
    "Rp.": "IDR", "RM": "MYR", "RMB": "CNY", "kr": "DKK NOK SEK ISK", "kr.": "DKK", "Fr.": "CHF",
    "SFr.": "CHF", "zł": "PLN", "Kč": "CZK", "人民币": "CNY", "人民幣": "CNY", "新台币": "TWD",
    "新台幣": "TWD", "新臺幣": "TWD", "港币": "HKD", "港幣": "HKD",
}  # fmt: skip
# Those that may follow one, too.
AFTER = ("$", "US$", "R$", "€", "£", "¥", "₩", "₫", "đ", "฿", "₹", "₽", "₺", "₴", "₪", "kr", "kr.",
         "zł", "Kč", "RMB", *CODES)  # fmt: skip
SIGNS["đ"] = "VND"


@lru_cache(maxsize=64)
def names(locale: Locale) -> dict[str, str]:
    """The names of currencies in a language, in the forms that CLDR has, with their codes."""
    found: dict[str, str] = {}
    for code in CODES:
        for count in (None, 1, 2, 3, 5, 11, 100, 1.5):
            name = plain(get_currency_name(code, count=count, locale=locale)).strip()
            if len(name) > 1 and name != code:
                found.setdefault(name, code)
    return found
