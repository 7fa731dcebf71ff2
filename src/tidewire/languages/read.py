"""Read one language file, and say by file and key what is wrong with it."""

import re
import tomllib
from collections.abc import Mapping, Sequence
from string import Formatter
from types import MappingProxyType
from typing import Any, NoReturn

from babel import dates

from tidewire.languages.furniture import DIGITS, Furniture
from tidewire.languages.tags import cldr, direction, is_language, script
from tidewire.model.errors import Misconfigured
from tidewire.model.media_topics import SECOND_SUBJECTS
from tidewire.model.sectors import SECTORS, TOP_SUBJECTS

REFERENCE = "en"  # its keys and placeholders are those that every file has

_ORDER = {"place", "country", "date"}
_SCRIPT = re.compile("[A-Z][a-z]{3}")
_HIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_QUOTED = re.compile("'[^']*'")
# The fields that a pattern must have: a letter of each group (UTS 35, date field symbols).
_PATTERN_NEEDS = {"date": ("y", "ML", "d"), "moment": ("y", "ML", "d", "Hhk", "m")}


def read(tag: str, text: str, *, model: Mapping[str, Any]) -> Furniture:
    """The furniture that stands in the TOML `text` of `tag`.toml.

    `model` is what en.toml holds. Raises Misconfigured, which names the file and the
    key, where the two do not have the same keys and placeholders or a value cannot be.
    """
    name = f"{tag}.toml"
    data, second = _apart(name, toml(name, text))
    model, english = _apart(f"{REFERENCE}.toml", model)
    _same_shape(name, data, model)
    for table, labels in (("sectors", SECTORS), ("subjects", TOP_SUBJECTS)):
        _same_keys(name, f"{table}.", data[table], labels)
    _values_fit(name, tag, data)
    line, writes = data["dateline"], data["writes"]
    return Furniture(
        tag=tag,
        direction=data["direction"],
        scripts=tuple(data["scripts"]),
        phrases=MappingProxyType(data["phrases"]),
        words=MappingProxyType(data["words"]),
        sectors=MappingProxyType(data["sectors"]),
        subjects=MappingProxyType({**data["subjects"], **english, **second}),
        roles=MappingProxyType(data["roles"]),
        dateline_order=tuple(line["order"]),
        dateline_separator=line["separator"],
        dateline_capitals=line["capitals"],
        date_pattern=writes["date"],
        moment_pattern=writes["moment"],
        separator=writes["separator"],
        digits=writes["digits"],
        year_offset=writes["year_offset"],
        locale=cldr(tag),
    )


def toml(name: str, text: str) -> dict[str, Any]:
    """What the TOML `text` of the file `name` holds. Raises Misconfigured."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misconfigured(f"{name} is not TOML: {error}.", "Put its syntax right.") from error


def _apart(name: str, data: Mapping[str, Any]) -> tuple[Mapping[str, Any], dict[str, str]]:
    """The file without its labels of the second level, which it may leave out; and these."""
    subjects = data.get("subjects")
    if not isinstance(subjects, dict):
        return data, {}  # the shape says what is wrong
    second = {code: label for code, label in subjects.items() if code in SECOND_SUBJECTS}
    for code, label in second.items():
        if not isinstance(label, str) or not label.strip():
            _fault(name, f"subjects.{code}", "is not text")
    first = {code: label for code, label in subjects.items() if code not in second}
    return {**data, "subjects": first}, second


def _same_shape(name: str, data: Mapping[str, Any], model: Mapping[str, Any], at: str = "") -> None:
    """Same keys, same types, and in texts the same placeholders, all the way down."""
    _same_keys(name, at, data, model)
    for key, expected in model.items():
        value, where = data[key], f"{at}{key}"
        if type(value) is not type(expected):
            kind = {str: "text", list: "a list", dict: "a table", bool: "true or false"}
            _fault(name, where, f"is not {kind.get(type(expected), 'what it should be')}")
        if isinstance(value, dict):
            _same_shape(name, value, expected, f"{where}.")
        elif isinstance(value, str):
            _text_fits(name, where, value, expected)


def _same_keys(name: str, at: str, data: Mapping[str, Any], model: Mapping[str, Any]) -> None:
    for key in model:
        if key not in data:
            _fault(name, f"{at}{key}", "is missing")
    for key in data:
        if key not in model:
            _fault(name, f"{at}{key}", "is not a key that is known")


def _text_fits(name: str, where: str, value: str, expected: str) -> None:
    if not value.strip() and expected.strip():
        _fault(name, where, "is empty")
    if _HIDDEN.search(value):
        _fault(name, where, "holds a sign that cannot be seen (a line end, an isolate)")
    try:
        found = _placeholders(value)
    except ValueError:
        _fault(name, where, "has a brace that is not closed")
    if found != _placeholders(expected):
        needed = ", ".join(f"{{{p}}}" for p in sorted(_placeholders(expected))) or "none"
        _fault(name, where, f"has other placeholders than it must (it must have {needed})")


def _placeholders(text: str) -> set[str]:
    """The names in braces; with what else stands there, which no name of the model has."""
    return {
        field + (f"!{turn}" if turn else "") + (f":{form}" if form else "")
        for _, field, form, turn in Formatter().parse(text)
        if field is not None
    }


def _values_fit(name: str, tag: str, data: Mapping[str, Any]) -> None:
    if data["tag"] != tag or not is_language(tag):
        _fault(name, "tag", "is not the language tag that names the file")
    if data["direction"] != direction(tag):
        _fault(name, "direction", f"is not {direction(tag)}, as {tag} is written")
    order = data["dateline"]["order"]
    if sorted(map(str, order)) != sorted(_ORDER):
        _fault(name, "dateline.order", "does not hold place, country and date, once each")
    scripts = data["scripts"]
    if scripts[:1] != [script(tag)] and script(tag):
        _fault(name, "scripts", f"does not begin with {script(tag)}, in which {tag} is written")
    if not scripts or not all(isinstance(s, str) and _SCRIPT.fullmatch(s) for s in scripts):
        _fault(name, "scripts", "does not hold ISO 15924 codes, such as Latn")
    if data["writes"]["digits"] not in DIGITS:
        _fault(name, "writes.digits", f"is none of {', '.join(DIGITS)}")
    for key, needed in _PATTERN_NEEDS.items():
        if not _is_pattern(data["writes"][key], needed):
            _fault(name, f"writes.{key}", f"is not a CLDR date pattern with {' '.join(needed)}")


def _is_pattern(text: str, needed: Sequence[str]) -> bool:
    """Whether it parses, its quotes are closed, and it has a field of each letter group."""
    try:
        dates.parse_pattern(text)
    except ValueError:
        return False
    if text.count("'") % 2:
        return False
    fields = set(_QUOTED.sub("", text))
    return all(fields & set(group) for group in needed)


def _fault(name: str, key: str, what: str) -> NoReturn:
    raise Misconfigured(f"{name}: {key} {what}.", f"Put it right in {name}.")
