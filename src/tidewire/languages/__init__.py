"""Languages: tags and how they fall back, and one data file of furniture for each language.

A new language is a new file here or in the operator's folder (`ko.toml`), with the keys that
en.toml has; nothing else. `load` reads and checks them all when a program starts.
Names of countries, languages, dates and numbers come from CLDR.
"""

from tidewire.languages.files import furniture, known, load, role
from tidewire.languages.furniture import Furniture
from tidewire.languages.isolates import isolated, led, unturned
from tidewire.languages.tags import (
    KNOWN_15,
    best,
    canonical,
    direction,
    is_country,
    is_language,
    language_name,
    script,
    spelt_out,
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
    "isolated",
    "known",
    "language_name",
    "led",
    "load",
    "role",
    "script",
    "spelt_out",
    "unturned",
]
