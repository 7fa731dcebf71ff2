"""A draft: what a reader made of a file, before it is a submission."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Draft:
    """`body` is raw HTML; `rendition` and `shared` hold fields under a submission's own names.

    `item` is (guid, version) of the news item that it was, where the item numbers its versions.
    Nothing in it has been checked: `read_submission` does that.
    """

    body: str
    rendition: dict[str, Any] = field(default_factory=dict)
    shared: dict[str, Any] = field(default_factory=dict)
    item: tuple[str, int] | None = None
