"""Words to what their forms have in common, by the Snowball stemmers."""

import re
import threading
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

import snowballstemmer

_STEMMERS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {  # language: (the stemmer's name, its script)
        "ar": ("arabic", "arabic"),
        "ca": ("catalan", "latin"),
        "cs": ("czech", "latin"),
        "da": ("danish", "latin"),
        "de": ("german", "latin"),
        "el": ("greek", "greek"),
        "en": ("english", "latin"),
        "es": ("spanish", "latin"),
        "et": ("estonian", "latin"),
        "eu": ("basque", "latin"),
        "fa": ("persian", "arabic"),
        "fi": ("finnish", "latin"),
        "fr": ("french", "latin"),
        "ga": ("irish", "latin"),
        "hi": ("hindi", "devanagari"),
        "hu": ("hungarian", "latin"),
        "hy": ("armenian", "armenian"),
        "id": ("indonesian", "latin"),
        "it": ("italian", "latin"),
        "lt": ("lithuanian", "latin"),
        "ms": ("indonesian", "latin"),  # Malay forms its words alike
        "nb": ("norwegian", "latin"),
        "ne": ("nepali", "devanagari"),
        "nl": ("dutch", "latin"),
        "nn": ("norwegian", "latin"),
        "no": ("norwegian", "latin"),
        "pl": ("polish", "latin"),
        "pt": ("portuguese", "latin"),
        "ro": ("romanian", "latin"),
        "ru": ("russian", "cyrillic"),
        "sr": ("serbian", "cyrillic"),
        "sv": ("swedish", "latin"),
        "ta": ("tamil", "tamil"),
        "tr": ("turkish", "latin"),
    }
)
_SCRIPTS = (
    ("latin", re.compile(r"[a-z\u00df-\u024f\u1e00-\u1eff]")),
    ("cyrillic", re.compile(r"[\u0400-\u052f]")),
    ("arabic", re.compile(r"[\u0620-\u06ff]")),
    ("greek", re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]")),
    ("devanagari", re.compile(r"[\u0900-\u097f]")),
    ("armenian", re.compile(r"[\u0530-\u058f]")),
    ("tamil", re.compile(r"[\u0b80-\u0bff]")),
)
# "and the", "so the", "and to the": Snowball takes off the article alone.
_ARABIC_AND = re.compile(r"^[وف](?=ال|لل)")
_ARABIC_MARKS = re.compile(r"[\u064b-\u0652\u0640]")
_SHORTEST_ARABIC = 4

_own = threading.local()  # a stemmer holds state while it works: one for each thread


def stem(word: str, language: str) -> str:
    """The stem of a levelled word in a language (BCP 47); the word where none is known.

    A word in another script than the language's own is left as it is.
    """
    name, script = _STEMMERS.get(language.partition("-")[0], ("", ""))
    return _stem(word, name) if name and _script(word) == script else _plain(word)


def stems(word: str) -> tuple[str, ...]:
    """Every stem that the word has in some language, and the word itself: for any language."""
    script = _script(word)
    names = sorted({name for name, own in _STEMMERS.values() if own == script})
    return tuple(dict.fromkeys([_plain(word), *(_stem(word, name) for name in names)]))


@lru_cache(maxsize=200_000)
def _stem(word: str, name: str) -> str:
    word = _plain(word)
    if name == "arabic":
        word = _ARABIC_AND.sub("", word)
    known = _own.__dict__.setdefault("stemmers", {})
    if name not in known:
        known[name] = snowballstemmer.stemmer(name)
    found = str(known[name].stemWord(word))
    if name == "arabic" and len(found) >= _SHORTEST_ARABIC:
        found = found.removesuffix("ا")  # what is left of a plural in -at
    return found or word


def _plain(word: str) -> str:
    """Without the vowel marks and the stretch of Arabic, which texts set or leave out."""
    return _ARABIC_MARKS.sub("", word) or word


def _script(word: str) -> str:
    return next((name for name, letters in _SCRIPTS if letters.search(word)), "")
