"""Language tags (BCP 47) and country codes (ISO 3166-1): which are valid, and what fits what."""

import re
from collections.abc import Sequence
from functools import lru_cache

from babel import Locale, localedata
from babel.core import get_global

# The languages that the wire supports from the start.
KNOWN_15 = (
    "en", "ko", "ja", "ar", "zh-Hans", "zh-Hant", "vi", "th", "id", "ms", "de", "ru", "fr", "es",
    "pt",
)  # fmt: skip

_TAG = re.compile(
    r"(?P<language>[a-z]{2,3})(?:-(?P<script>[a-z]{4}))?"
    r"(?:-(?P<region>[a-z]{2}|[0-9]{3}))?(?P<variants>(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*)",
    re.ASCII | re.IGNORECASE,
)
_LONGEST = 35  # RFC 5646, section 4.4.1: what every program must be able to take
_NO_LANGUAGES = frozenset({"mul", "und", "zxx", "root"})
_NO_COUNTRIES = frozenset(
    {"AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ"}
)
_RIGHT_TO_LEFT = frozenset(
    {"Adlm", "Arab", "Hebr", "Mand", "Mend", "Nkoo", "Rohg", "Samr", "Syrc", "Thaa", "Yezi"}
)


@lru_cache(maxsize=4096)
def canonical(tag: str) -> str | None:
    """The tag as RFC 5646 writes it ("DE-at" -> "de-AT"); None where it is no known language.

    Takes language, script, region and variants; extensions and private use are not taken.
    """
    found = _TAG.fullmatch(tag) if len(tag) <= _LONGEST else None
    if found is None:
        return None
    language = found["language"].lower()
    script = (found["script"] or "").title()
    region = (found["region"] or "").upper()
    variants = found["variants"].lower().split("-")[1:]
    english = Locale("en")
    if language in _NO_LANGUAGES or language not in english.languages:
        return None
    if (script and script not in english.scripts) or (region and region not in english.territories):
        return None
    if len(set(variants)) < len(variants):  # RFC 5646, section 2.2.5
        return None
    return "-".join(part for part in (language, script, region, *variants) if part)


def is_language(tag: str) -> bool:
    """True for a tag of a known language in its canonical spelling: "de", "de-AT", "zh-Hans"."""
    return canonical(tag) == tag


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """All codes of ISO 3166-1 alpha-2, and Kosovo's XK."""
    names = map(str, Locale("en").territories)
    return frozenset(c for c in names if len(c) == 2 and c.isalpha()) - _NO_COUNTRIES


def is_country(code: str) -> bool:
    """True for an ISO 3166-1 alpha-2 code in capitals ("DE"), and for Kosovo's XK."""
    return code in countries()


def direction(tag: str) -> str:
    """How the language is written: "ltr" or "rtl"."""
    return "rtl" if script(tag) in _RIGHT_TO_LEFT else "ltr"


def best(available: Sequence[str], wanted: str | Sequence[str]) -> str | None:
    """The available tag that fits best what is wanted; None where nobody could read any.

    `wanted` is one tag or several, best first. Each is looked up in turn (RFC 4647, section
    3.4: the tag itself, then its shorter forms), then any available tag of the same language
    and script is taken: "de" gets de-AT, but "zh-TW" never gets zh-Hans.
    """
    for tag in [wanted] if isinstance(wanted, str) else wanted:
        found = _fitting(available, tag)
        if found is not None:
            return found
    return None


def _fitting(available: Sequence[str], tag: str) -> str | None:
    written = script(tag)
    readable = {a.lower(): a for a in reversed(available) if _same(a, tag) and script(a) == written}
    parts = tag.lower().split("-")
    for length in range(len(parts), 0, -1):
        if (shorter := "-".join(parts[:length])) in readable:
            return readable[shorter]
    return min(readable.values(), key=lambda a: (a.count("-"), available.index(a)), default=None)


def _same(one: str, other: str) -> bool:
    return one.lower().split("-", 1)[0] == other.lower().split("-", 1)[0]


@lru_cache(maxsize=4096)
def script(tag: str) -> str:
    """The script that the tag is written in, named or likely (UTS 35); "" where unknown."""
    language, *rest = tag.split("-")
    for part in rest:
        if len(part) == 4 and part.isalpha():
            return part.title()
    likely = get_global("likely_subtags")
    keys = [language.lower()]
    regions = [part.upper() for part in rest if len(part) == 2 or part.isdigit()]
    if regions:
        keys.insert(0, f"{language.lower()}_{regions[0]}")
    for key in keys:
        if key in likely:
            return str(likely[key].split("_")[1])
    return ""


def language_name(tag: str, reader: str | None = None) -> str:
    """The language's name as `reader` says it; in its own words where no reader is given."""
    locale = cldr(reader or tag)
    code = (canonical(tag) or tag).replace("-", "_")
    if code in locale.languages:
        return str(locale.languages[code])
    language, *rest = code.split("_")
    name = str(locale.languages.get(language, tag))
    others = [str(locale.scripts.get(p) or locale.territories.get(p) or p) for p in rest]
    return f"{name} ({', '.join(others)})" if others else name


@lru_cache(maxsize=256)
def cldr(tag: str) -> Locale:
    """The CLDR locale for a tag, or for the nearest shorter tag; English where there is none."""
    parts = (canonical(tag) or "en").split("-")
    for length in range(len(parts), 0, -1):
        name = "_".join(parts[:length])
        if localedata.exists(name):
            return Locale.parse(name)
    return Locale("en")
