"""The formats that files are written in, chosen by the ending of their names."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tidewire.formats.wire_item import wire_json
from tidewire.model.release import Edition

# Takes edition, language and the base of our addresses.
Write = Callable[[Edition, str, str], bytes]


def _wire(edition: Edition, language: str, base_url: str) -> bytes:
    return wire_json(edition, language, base_url, audience="media")


# The first ending that fits counts: longer ones stand before those that they end in.
FORMS: Mapping[str, Write] = MappingProxyType({".json": _wire})
ENDINGS = tuple(FORMS)


def form_of(pattern: str) -> str:
    """The ending by which a pattern's form is known. Raises StopIteration where none is."""
    return next(ending for ending in ENDINGS if pattern.endswith(ending))
