"""One language, as others write its tag: OpenGraph's locales, Google News' sitemap.

Everywhere else it is written as BCP 47 has it: lang=, hreflang, JSON-LD, feeds.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from babel.core import get_global

from tidewire.languages.tags import canonical, script

# (OpenGraph, Google News) where neither language and country nor the language alone is right:
# Google's table has two codes for Chinese, by script; elsewhere ISO 639 in two or three letters.
_OWN: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "zh-Hans": ("zh_CN", "zh-cn"),
        "zh-Hant": ("zh_TW", "zh-tw"),
    }
)


@lru_cache(maxsize=1024)
def open_graph_locale(tag: str) -> str:
    """The tag as og:locale has it, language and country: "ja_JP", "de_AT", "zh_TW".

    The country is the tag's own, or where the language is most likely read (CLDR).
    """
    language, region = _parts(tag)
    if region:
        return f"{language}_{region}"
    return _own(tag)[0] or _likeliest(tag, language)


@lru_cache(maxsize=1024)
def news_sitemap_language(tag: str) -> str:
    """The tag as news:language has it: "de", "fil", "zh-cn", "zh-tw"."""
    return _own(tag)[1] or _parts(tag)[0]


def _parts(tag: str) -> tuple[str, str]:
    """(language, country or "")."""
    language, *rest = (canonical(tag) or tag).split("-")
    return language, next((part for part in rest if len(part) == 2 and part.isupper()), "")


def _own(tag: str) -> tuple[str, str]:
    language, _ = _parts(tag)
    return _OWN.get(f"{language}-{script(tag)}", ("", ""))


def _likeliest(tag: str, language: str) -> str:
    likely = get_global("likely_subtags")
    found = likely.get(f"{language}_{script(tag)}") or likely.get(language, "")
    parts = found.split("_")
    return f"{language}_{parts[2]}" if len(parts) == 3 else language
