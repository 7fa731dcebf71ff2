"""Pull: what one reader gets for one question to the wire."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from tidewire.access.tokens import Signer
from tidewire.bus.bell import Bell
from tidewire.clock import Clock
from tidewire.formats.article import Audience
from tidewire.model.errors import NotFound
from tidewire.model.release import Edition
from tidewire.outlets.archive import Part, read_one, read_part
from tidewire.outlets.limits import Limits
from tidewire.outlets.renderings import Renderings
from tidewire.outlets.waiting import Waiting
from tidewire.store.database import Database


class Wire:
    """What pulling works with: renderings that are kept, who waits, and how often who may ask."""

    def __init__(
        self, database: Database, clock: Clock, bell: Bell, signer: Signer, base_url: str
    ) -> None:
        self.database = database
        self.signer = signer
        self.base_url = base_url
        self.renderings = Renderings(base_url)
        self.waiting = Waiting(database, bell)
        self.limits = Limits(clock)


@dataclass(frozen=True, slots=True)
class Question:
    """From where, how much, which editions, in which format, for whom, and how long to wait."""

    after: int
    limit: int
    wanted: Mapping[str, str]
    form: str
    audience: Audience
    wait: int


async def pull(wire: Wire, question: Question) -> tuple[Part, list[bytes]]:
    """The editions that fit, and their documents in the format; it may wait for the first.

    Raises BadQuery for a cursor from the future, Unavailable where too many wait.
    """
    loop = asyncio.get_running_loop()
    end = loop.time() + question.wait
    after = question.after
    while True:
        part = await read_part(wire.database, after, question.limit, question.wanted)
        left = end - loop.time()
        if part.editions or part.more or left <= 0:
            break
        after = part.next
        if not await wire.waiting.beyond(after, left):
            break
    shown = _shown(part, question.form, question.wanted.get("language"))
    return part, await wire.renderings.of(shown, question.form, question.audience)


async def pull_one(
    wire: Wire, sequence: int, language: str | None, form: str, audience: Audience
) -> bytes:
    """One edition as one document. Raises NotFound."""
    part = await read_one(wire.database, sequence)
    if not part.editions:
        raise NotFound("There is no such edition.", "Give a sequence number of the wire.")
    edition = part.editions[0]
    if part.gone(edition):
        later, _ = part.newest[edition.release_id]
        raise NotFound("This release was taken back.", f"Sequence number {later} says so.")
    tag = language or edition.news[0]
    if tag not in edition.release.languages():
        has = ", ".join(edition.release.languages())
        raise NotFound("It is not there in this language.", f"There are: {has}.")
    return (await wire.renderings.of([(edition, tag)], form, audience))[0]


def _shown(part: Part, form: str, language: str | None) -> list[tuple[Edition, str]]:
    """Which documents an answer holds: in our own JSON every rendition of every edition.

    In the formats of others one for each language asked for, and none for an edition whose release
    was taken back later: the edition that says so comes with its own number.
    """
    if form == "json":
        return [(e, tag) for e in part.editions for tag in e.news]
    return [
        (e, tag)
        for e in part.editions
        if not part.gone(e)
        for tag in e.news
        if language is None or tag == language
    ]
