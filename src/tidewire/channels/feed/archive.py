"""The archive: every published edition in the order of its sequence, without a gap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidewire.formats.wire_item import wire_item
from tidewire.model.errors import BadInput, Problem, Severity
from tidewire.model.release import Act, Edition
from tidewire.store import editions
from tidewire.store.database import Database

MOST = 100  # items in one answer
USUAL = 25

_TEXT = ("subheadline", "dateline", "contacts", "source", "licence", "body_html", "text")
_BY_LANGUAGE = (
    "language", "headline", "mark", "notice", "url", "subheadline", "dateline", "body_html", "text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class WirePart:
    """A run of items; `next` is the cursor behind it, `head` the end of the wire."""

    items: list[dict[str, Any]]
    next: int
    head: int
    more: bool


async def read_wire(database: Database, base_url: str, after: int, limit: int) -> WirePart:
    """Up to `limit` editions behind the sequence number `after`.

    Raises BadInput where the wire has not come as far as `after`: a cursor from elsewhere.
    """
    async with database.transaction() as tx:
        head = await editions.head(tx)
        if after > head:
            raise _beyond(after, head)
        found = await editions.wire(tx, after, min(limit, head - after))
        newest = await editions.newest_acts(tx, [e.release_id for e in found])
    last = found[-1].sequence if found else after
    assert last is not None
    items = [archive_item(e, base_url, newest) for e in found]
    return WirePart(items, next=last, head=head, more=last < head)


def archive_item(
    edition: Edition, base_url: str, newest: Mapping[int, tuple[int, Act]]
) -> dict[str, Any]:
    """The edition's wire item in its first language, with its other renditions.

    Of a version that adds a rendition, that one. `newest` tells each release's last sequence
    number and act, but for such versions. What was replaced names its
    successor in `superseded_by`; what was taken back later keeps its place without its text.
    """
    sequence, act = newest[edition.release_id]
    superseded = sequence if sequence > (edition.sequence or 0) else None
    items = [wire_item(edition, tag, base_url) for tag in edition.news]
    if act in (Act.KILL, Act.WITHDRAW):
        items = [{k: v for k, v in item.items() if k not in _TEXT} for item in items]
    others = [{k: item[k] for k in _BY_LANGUAGE if k in item} for item in items[1:]]
    return {**items[0], "superseded_by": superseded, "renditions": others}


def _beyond(after: int, head: int) -> BadInput:
    advice = f"The wire stands at {head}: ask again with after={head} or less."
    problem = Problem(
        Severity.ERROR, "cursor-ahead", "/after", "The cursor is ahead of the wire.", advice
    )
    return BadInput(f"There is no sequence number {after} yet.", advice, [problem])
