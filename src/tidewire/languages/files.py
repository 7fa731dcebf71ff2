"""The languages that have a file: those that ship, and those in a folder of the operator's."""

from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tidewire.languages.furniture import Furniture
from tidewire.languages.read import REFERENCE, read, toml
from tidewire.languages.tags import best
from tidewire.model.errors import Misconfigured

_EITHER = "spokesperson"  # the role that a word names which says neither man nor woman
_folders: list[Path] = []  # at most one, which `load` was given


def load(further: Path | None = None) -> None:
    """Read the file of every language, once, when a program starts.

    `further` is a folder of more files; one there takes the place of a file of the same name
    that ships. Raises Misconfigured, which names the file and the key that is wrong.
    """
    if further is not None and not further.is_dir():
        raise Misconfigured(
            f"TIDEWIRE_LANGUAGES is {str(further)!r}, which is no folder.",
            "Name a folder of language files, such as de.toml.",
        )
    _folders[:] = [further] if further is not None else []
    for kept in (_sources, known, _model, _load, _role_keys):
        kept.cache_clear()
    for tag in known():
        _load(tag)


def furniture(tag: str) -> Furniture:
    """The furniture for a tag: its own, that of its language (de-AT: de), or the English one."""
    return _load(best(known(), tag) or REFERENCE)


@cache
def known() -> tuple[str, ...]:
    """The tags of the languages that have a file of their own."""
    return tuple(sorted(_sources()))


def role(text: str, words: Furniture) -> str:
    """What a contact does, in the language of `words`; `text` itself where it is no known role.

    It is known by its label in any language.
    """
    return words.roles.get(_role_keys().get(text.casefold(), ""), text)


@cache
def _sources() -> Mapping[str, Traversable]:
    """The files by tag, the operator's last."""
    found: dict[str, Traversable] = {}
    for folder in (files("tidewire.languages"), *_folders):
        for file in folder.iterdir():
            if file.name.endswith(".toml"):
                found[file.name.removesuffix(".toml")] = file
    return MappingProxyType(found)


@cache
def _model() -> Mapping[str, Any]:
    shipped = files("tidewire.languages").joinpath(f"{REFERENCE}.toml")
    return toml(f"{REFERENCE}.toml", shipped.read_text(encoding="utf-8"))


@lru_cache(maxsize=256)
def _load(tag: str) -> Furniture:
    source = _sources()[tag]
    try:
        text = source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Misconfigured(
            f"{source} cannot be read: it is away, closed to this user, or not UTF-8.",
            "Put it right, or take it out of the folder.",
        ) from error
    return read(tag, text, model=_model())


@cache
def _role_keys() -> Mapping[str, str]:
    """The key of every role by its casefolded labels, in all languages, and by itself."""
    found = {key: key for key in furniture(REFERENCE).roles}
    for tag in known():
        roles = furniture(tag).roles
        for key in (_EITHER, *roles):
            found.setdefault(roles[key].casefold(), key)
    return MappingProxyType(found)
