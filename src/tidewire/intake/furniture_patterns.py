"""The furniture of newswires as it stands in texts: one row of patterns per language."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

_FLAGS = re.IGNORECASE | re.DOTALL


@dataclass(frozen=True, slots=True)
class Patterns:
    """How one language writes it.

    `disclaimer` fits the whole paragraph that says a third party wrote the text, `warrants`
    the words after the provider's name in it. `sectors`, `source` and `about` are lines;
    `wire` is a word that only a paragraph about a wire holds. `aliases` are other words for
    sectors, in small letters.
    """

    disclaimer: re.Pattern[str]
    warrants: re.Pattern[str]
    sectors: re.Pattern[str]
    source: re.Pattern[str]
    about: re.Pattern[str]
    wire: re.Pattern[str]
    aliases: Mapping[str, str]


# "(Wire) – Text ..." is the same in every language.
CREDIT = re.compile(r"\s*[(（](?P<name>[^\W\d_][\w.&' -]{1,59})[)）]\s*(?:[–—]|--?)\s*")
PROVIDER = re.compile(
    r"(?P<name>[^\s.(),][^.(),]{0,79}?)\s*[(（](?P<url>https?://[^\s()（）<>\"]+)[)）]"
)

GERMAN = Patterns(
    disclaimer=re.compile(
        r"\s*(?:hinweis:?\s*)?(?:der|die|das|diese[rs]?)\s+"
        r"(?:artikel|inhalt|beitrag|text|meldung|pressemitteilung)\b.{0,80}"
        r"\b(?:drittanbietern?|dritten|dritter)\b.*",
        _FLAGS,
    ),
    warrants=re.compile(r"\b(?:zusicherung|gewähr|haftung|garantie|verantwortung)", _FLAGS),
    sectors=re.compile(
        r"\s*(?:branchen?|sektor(?:en)?|rubrik(?:en)?)\s*[:：]\s*(?P<names>.+)", _FLAGS
    ),
    source=re.compile(r"\s*quelle\s*[:：]\s*(?P<name>.{2,120})", _FLAGS),
    about=re.compile(r"\s*(?:über|zu)\s+(?P<name>(?!uns\b).{2,80}?)\s*[:：]?\s*", _FLAGS),
    wire=re.compile(r"pressemitteilung|presseverteil|pressemeldung|medienmitteilung", _FLAGS),
    aliases=MappingProxyType(
        {
            "top-story": "top-story",
            "topstory": "top-story",
            "tagesnachrichten": "daily-news",
            "nachrichten": "daily-news",
            "technik": "technology",
            "technologien": "technology",
            "finanzen": "finance",
            "auto": "automotive",
            "gesundheitswesen": "health",
            "politik": "government",
            "umwelt": "environment",
            "immobilien": "real-estate",
            "handel": "retail",
            "spiele": "gaming",
            "reise": "tourism",
            "bau": "construction",
        }
    ),
)

ENGLISH = Patterns(
    disclaimer=re.compile(
        r"\s*(?:disclaimer:?\s*|note:?\s*)?(?:the|this)\s+"
        r"(?:article|content|story|text|press release|release)\b.{0,80}"
        r"\bthird[- ]part(?:y|ies)\b.*",
        _FLAGS,
    ),
    warrants=re.compile(r"\b(?:warrant|representation|liab|responsib|endorse)", _FLAGS),
    sectors=re.compile(
        r"\s*(?:industr(?:y|ies)|sectors?|categor(?:y|ies))\s*[:：]\s*(?P<names>.+)", _FLAGS
    ),
    source=re.compile(r"\s*source\s*[:：]\s*(?P<name>.{2,120})", _FLAGS),
    about=re.compile(r"\s*about\s+(?P<name>(?!us\b).{2,80}?)\s*[:：]?\s*", _FLAGS),
    wire=re.compile(r"press[- ]releases?|news[- ]releases?|newswire", _FLAGS),
    aliases=MappingProxyType(
        {
            "top story": "top-story",
            "top stories": "top-story",
            "daily news": "daily-news",
            "news": "daily-news",
            "tech": "technology",
            "financial services": "finance",
            "banking": "finance",
            "auto": "automotive",
            "healthcare": "health",
            "health care": "health",
            "defense": "defence",
            "real estate": "real-estate",
            "consumer": "consumer-goods",
            "games": "gaming",
            "travel": "tourism",
            "telecom": "telecoms",
            "telecommunications": "telecoms",
            "oil and gas": "energy",
            "shipping": "maritime",
        }
    ),
)

ALL = (GERMAN, ENGLISH)
