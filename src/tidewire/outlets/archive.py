"""The archive: every published edition in the order of its sequence, without a gap."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tidewire.model.release import Act, Edition
from tidewire.outlets.filters import bad_query, must_exist
from tidewire.store import editions
from tidewire.store.database import Database

MOST = 100  # editions in one answer
USUAL = 25
SPAN = (
    2_000  # sequence numbers that one answer looks through, so that no filter can stall the store
)

_TEXT = (
    "subheadline", "dateline", "contacts", "source", "licence", "pictures", "body_html", "text",
)  # fmt: skip
_BY_LANGUAGE = (
    "language", "headline", "mark", "notice", "url", "subheadline", "dateline", "pictures",
    "body_html", "text",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """A run of editions that fit; `next` is the cursor behind it, `head` the end of the wire.

    `newest` tells each release's last sequence number and act.
    """

    editions: list[Edition]
    newest: Mapping[int, tuple[int, Act]]
    next: int
    head: int

    @property
    def more(self) -> bool:
        """True where there is more behind `next` now."""
        return self.next < self.head

    def gone(self, edition: Edition) -> bool:
        """True where the release was taken back later: nothing of its text may be shown."""
        sequence, act = self.newest[edition.release_id]
        return act in (Act.KILL, Act.WITHDRAW) and sequence > (edition.sequence or 0)


async def read_part(database: Database, after: int, limit: int, wanted: Mapping[str, str]) -> Part:
    """Up to `limit` editions behind the sequence number `after` that fit `wanted`.

    Raises BadQuery where the wire has not come as far as `after`: a cursor from elsewhere.
    """
    async with database.transaction() as tx:
        await must_exist(tx, wanted)
        head = await editions.head(tx)
        if after > head:
            advice = f"The wire stands at {head}: ask again with after={head} or less."
            raise bad_query("cursor-ahead", "after", "The cursor is ahead of the wire.", advice)
        upto = min(head, after + SPAN)
        found = await editions.selected(tx, after, upto, limit, wanted)
        newest = await editions.newest_acts(tx, [e.release_id for e in found])
    last = found[-1].sequence if len(found) == limit else upto
    assert last is not None
    return Part(found, newest, last, head)


async def read_one(database: Database, sequence: int) -> Part:
    """The edition with this sequence number, if there is one."""
    async with database.transaction() as tx:
        found = await editions.selected(tx, sequence - 1, sequence, 1, {})
        newest = await editions.newest_acts(tx, [e.release_id for e in found])
        return Part(found, newest, sequence, await editions.head(tx))


def archive_item(part: Part, edition: Edition, items: list[dict[str, Any]]) -> dict[str, Any]:
    """The edition's wire item in its first language, with its other renditions.

    `items` are its wire items in all its languages. What was replaced names its successor in
    `superseded_by`; what was taken back later keeps its place without its text.
    """
    sequence, _ = part.newest[edition.release_id]
    superseded = sequence if sequence > (edition.sequence or 0) else None
    if part.gone(edition):
        items = [{k: v for k, v in item.items() if k not in _TEXT} for item in items]
    others = [{k: item[k] for k in _BY_LANGUAGE if k in item} for item in items[1:]]
    return {**items[0], "superseded_by": superseded, "renditions": others}
