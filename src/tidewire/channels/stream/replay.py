"""Where a connection begins: what Last-Event-ID asks for, and what can be given."""

from dataclasses import dataclass

# About a day of a busy wire. Whoever was away for longer reads the archive
# (/api/v1/wire?after=), which pages, and is told so by `complete: false`.
REPLAY_LIMIT = 500
_DIGITS = 19  # of the largest 64-bit number


@dataclass(frozen=True, slots=True)
class Start:
    """Where a connection begins: everything due after `cursor` is sent.

    `after` is the edition that the client named, None where it named none that can be
    read. `complete` is false where editions between the two are left out. `seen` is true
    where the client says that it has the edition `after` itself.
    """

    cursor: int
    after: int | None
    complete: bool
    seen: bool = False


def start_of(
    last_event_id: str | None, *, head: int, live: int, limit: int = REPLAY_LIMIT
) -> Start:
    """Decide the start from what the client sent and where the wire is.

    `head` is the wire's newest sequence number, `live` the last one that went out here.
    What is not a number, or is beyond the head, is not of this wire: the stream begins
    live and says that it may be incomplete.
    """
    if not last_event_id:
        return Start(cursor=live, after=None, complete=True)
    if not (last_event_id.isascii() and last_event_id.isdigit()) or len(last_event_id) > _DIGITS:
        return Start(cursor=live, after=None, complete=False)
    after = int(last_event_id)
    if after > head:
        return Start(cursor=live, after=after, complete=False)
    if head - after > limit:
        return Start(cursor=head - limit, after=after, complete=False)
    # A leading zero is the mark of a place (frame.place_id), not of an edition.
    seen = after > 0 and not last_event_id.startswith("0")
    return Start(cursor=after, after=after, complete=True, seen=seen)
