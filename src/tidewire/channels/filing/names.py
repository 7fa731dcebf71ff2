"""Names of files, by an outlet's pattern. Pure.

A file's name tells releases, languages and versions apart, so that nothing is overwritten
but by itself. What a pattern is filled with is reduced to letters, digits, ".", "_" and "-".
"""

import re
import string

from tidewire.formats.article import rendition_for
from tidewire.model.errors import BadInput
from tidewire.model.release import Edition

DEFAULT_PATTERN = "{issuer}-{slug}-{ref}-{language}-v{version}.json"
FIELDS = ("issuer", "slug", "ref", "language", "version", "date")
MOST_FIELDS = 6
LONGEST_FIXED = 50
LONGEST_PART = 30  # all together stays below the 255 bytes of file systems, with room for ours

_OTHER = re.compile(r"[^A-Za-z0-9._]+")
_FIXED = re.compile(r"[A-Za-z0-9._+ ()-]*")


def check_pattern(pattern: str, endings: tuple[str, ...]) -> None:
    """Raise BadInput, saying why, where a pattern names no file of a known form."""
    try:
        pieces = list(string.Formatter().parse(pattern))
    except ValueError:
        raise BadInput(f"The file name {pattern!r} has braces without a pair.") from None
    fields = [field for _, field, _, _ in pieces if field is not None]
    plain = all(not spec and not turned for _, _, spec, turned in pieces)
    if not plain or any(field not in FIELDS for field in fields):
        names = ", ".join(f"{{{field}}}" for field in FIELDS)
        raise BadInput(f"The file name {pattern!r} has an unknown part.", f"Known are {names}.")
    if not all(_FIXED.fullmatch(text) for text, *_ in pieces) or pattern.startswith("."):
        raise BadInput(
            f"The file name {pattern!r} holds characters that not every system takes.",
            "Use letters, digits, blanks and ._+()- and do not begin with a full stop.",
        )
    if len(fields) > MOST_FIELDS or sum(len(text) for text, *_ in pieces) > LONGEST_FIXED:
        raise BadInput(f"The file name {pattern!r} is too long.")
    if "ref" not in fields or "language" not in fields:
        raise BadInput(
            f"The file name {pattern!r} would be that of several releases or languages.",
            "It must hold {ref} and {language}.",
        )
    if not pattern.endswith(endings):
        raise BadInput(
            f"The file name {pattern!r} does not end as a format does.",
            f"The formats are {', '.join(endings)}.",
        )


def name_of(pattern: str, edition: Edition, language: str, *, version: int | None = None) -> str:
    """The name of the edition's file; `version`: that of an earlier version's."""
    release = edition.release
    at = edition.first_published_at or edition.published_at or edition.t0
    values = {
        "issuer": edition.issuer_slug,
        "slug": release.slug,
        "ref": edition.ref,
        "language": rendition_for(release, language).language,
        "version": str(version or edition.version),
        "date": at.date().isoformat() if at else "",
    }
    return pattern.format(**{name: _reduced(value) for name, value in values.items()})


def earlier_names(pattern: str, edition: Edition, language: str) -> list[str]:
    """The names of the files of all earlier versions, but for the edition's own."""
    own = name_of(pattern, edition, language)
    names = [
        name_of(pattern, edition, language, version=number) for number in range(1, edition.version)
    ]
    return [name for name in dict.fromkeys(names) if name != own]


def _reduced(value: str) -> str:
    return _OTHER.sub("-", value)[:LONGEST_PART].strip("-.") or "x"
