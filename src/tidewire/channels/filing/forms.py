"""The formats that files are written in, chosen by the ending of their names."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tidewire.formats.newsml_g2 import newsml_g2
from tidewire.formats.ninjs import ninjs
from tidewire.formats.ninjs_1_6 import ninjs_1_6
from tidewire.formats.nitf import nitf
from tidewire.formats.wire_item import wire_json
from tidewire.model.release import Edition

# The first ending that fits counts: longer ones stand before those that they end in.
_WRITERS: Mapping[str, Callable[..., bytes]] = MappingProxyType(
    {
        ".ninjs-1.6.json": ninjs_1_6,
        ".ninjs.json": ninjs,
        ".json": wire_json,
        ".nitf.xml": nitf,
        ".xml": newsml_g2,
    }
)
ENDINGS = tuple(_WRITERS)


def form_of(pattern: str) -> str:
    """The ending by which a pattern's form is known. Raises StopIteration where none is."""
    return next(ending for ending in ENDINGS if pattern.endswith(ending))


def written(ending: str, edition: Edition, language: str, base_url: str) -> bytes:
    """The document for the media. Raises what the format raises."""
    return _WRITERS[ending](edition, language, base_url, audience="media")
