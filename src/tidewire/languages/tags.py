"""Language tags (BCP 47) and country codes (ISO 3166-1): which are valid, and what fits what."""

import re
from collections.abc import Sequence
from functools import lru_cache

from babel import Locale, localedata
from babel.core import get_global

_Parts = tuple[str, str, str, str]  # language, script, region, variants

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

    A code that was given up becomes the one in its place, as CLDR says: iw -> he, tl -> fil,
    sh -> sr-Latn, en-UK -> en-GB. Takes language, script, region and variants; extensions and
    private use are not taken.
    """
    found = _TAG.fullmatch(tag) if len(tag) <= _LONGEST else None
    if found is None:
        return None
    language = found["language"].lower()
    language, *implied = get_global("language_aliases").get(language, language).split("_")
    script = (found["script"] or "").title() or _long(implied, 4)
    region = _current((found["region"] or "").upper()) or _long(implied, 2)
    variants = found["variants"].lower().split("-")[1:]
    english = Locale("en")
    if language in _NO_LANGUAGES or language not in english.languages:
        return None
    if (script and script not in english.scripts) or (region and region not in english.territories):
        return None
    if len(set(variants)) < len(variants):  # RFC 5646, section 2.2.5
        return None
    return "-".join(part for part in (language, script, region, *variants) if part)


def _long(parts: Sequence[str], length: int) -> str:
    return next((part for part in parts if len(part) == length), "")


def _current(region: str) -> str:
    """The country that took the place of a region's, where it is one country."""
    now: Sequence[str] = get_global("territory_aliases").get(region, ()) if region.isalpha() else ()
    return now[0] if len(now) == 1 else region


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

    `wanted` is one tag or several, best first. Each is looked up in turn: the tag itself, then
    what CLDR says it comes from (RFC 4647, section 3.4, and UTS 35's parent locales: es-MX from
    es-419, zh-MO from zh-HK, nn from no), and at each step whatever comes from there too: "de"
    gets de-AT. Another script is never taken: "zh-TW" never gets zh-Hans.
    """
    for tag in [wanted] if isinstance(wanted, str) else wanted:
        found = _fitting(available, tag)
        if found is not None:
            return found
    return None


def _fitting(available: Sequence[str], tag: str) -> str | None:
    lines = [(one, _descent(one)) for one in available]
    for step in _descent(tag):
        near = [(_distance(line, step), one) for one, line in lines if step in line]
        if near:
            best_of_all = min(far for far, _ in near)
            same = [one for far, one in near if far == best_of_all]
            return next((one for one in same if one.lower() == tag.lower()), same[0])
    return None


def _distance(line: Sequence[_Parts], step: _Parts) -> tuple[bool, bool, int, str]:
    """How far what is available is from a step: itself, the likely region, then by steps.

    Between languages the order of their codes decides, so that "no" gets nb rather than nn.
    """
    steps = line.index(step)
    return steps > 0, line[0] != _likeliest(step), steps, line[0][0]


def spelt_out(tag: str) -> tuple[str, ...]:
    """Language, script, region and variants: the same for all tags that mean the same."""
    return _descent(tag)[0]


@lru_cache(maxsize=4096)
def _descent(tag: str) -> tuple[_Parts, ...]:
    """The tag and what it comes from, the nearest first; all are of one script."""
    language, *rest = (canonical(tag) or tag.lower()).split("-")
    written = script(canonical(tag) or tag)
    region = next((part for part in rest if len(part) == 2 or part.isdigit()), "")
    variants = [part for part in rest if len(part) > 4 or (len(part) == 4 and part[0].isdigit())]
    found = [
        (language, written, region, "-".join(variants[:length]))
        for length in range(len(variants), -1, -1)
    ]
    parents = get_global("parent_exceptions")
    while region:
        names = (f"{language}_{written}_{region}", f"{language}_{region}")
        parent = next((parents[name] for name in names if name in parents), "")
        above = parent.split("_")
        region = "" if above[0] != language else _region(above)
        found.append((language, written, region, ""))
    # A language of its own that belongs to a wider one ("nn": "no"), written alike.
    wider = str(parents.get(language, ""))
    if wider.isalpha() and script(wider) == written:
        found.append((wider, written, "", ""))
    return tuple(found)


def _region(parts: Sequence[str]) -> str:
    return next((part for part in parts[1:] if len(part) == 2 or part.isdigit()), "")


@lru_cache(maxsize=1024)
def _likeliest(parts: _Parts) -> _Parts:
    """The region that a language without one is most often read in: pt is that of Brazil."""
    language, written, region, variant = parts
    likely = get_global("likely_subtags").get(language, "").split("_")
    known = not region and len(likely) == 3 and likely[1] == written
    return language, written, likely[2] if known else region, variant


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
