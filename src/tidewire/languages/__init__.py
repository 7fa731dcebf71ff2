"""Languages: tags and how they fall back, and one data file of furniture for each language.

A new language is a new file here (`ko.toml`), with the keys that en.toml has; nothing else.
Names of countries, languages, dates and numbers come from CLDR.
"""

from tidewire.languages.furniture import Furniture, furniture, known
from tidewire.languages.tags import (
    KNOWN_15,
    best,
    canonical,
    direction,
    is_country,
    is_language,
    language_name,
)

__all__ = [
    "KNOWN_15",
    "Furniture",
    "best",
    "canonical",
    "direction",
    "furniture",
    "is_country",
    "is_language",
    "known",
    "language_name",
]
