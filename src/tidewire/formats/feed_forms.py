"""The forms of a feed: which there are, and who writes each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tidewire.formats.atom import atom
from tidewire.formats.feeds import Feed
from tidewire.formats.json_feed import json_feed
from tidewire.formats.rss import rss

WRITERS: Mapping[str, Callable[[Feed], bytes]] = MappingProxyType(
    {"atom": atom, "rss": rss, "json": json_feed}
)


def write(feed: Feed, form: str) -> bytes:
    """The document in UTF-8. Raises KeyError where there is no such form."""
    return WRITERS[form](feed)
