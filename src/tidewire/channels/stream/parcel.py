"""A parcel: one published edition, ready to go to every desktop that is due."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from math import floor

import structlog
from pyroaring import BitMap

from tidewire.channels.stream.frame import Frame, edition_frame
from tidewire.formats.wire_item import wire_json
from tidewire.languages import best
from tidewire.model.delivery import Event, StreamReceipts
from tidewire.model.release import Act, Edition

log = structlog.get_logger()


class Tally:
    """Desktops that took one parcel in one language, until they are written to the ledger."""

    __slots__ = ("dirty", "language", "members", "parcel", "spread")

    def __init__(self, parcel: "Parcel", language: str, dirty: "set[Tally]") -> None:
        self.parcel = parcel
        self.language = language
        self.dirty = dirty
        self.members = BitMap()
        self.spread: Counter[int] = Counter()

    def took(self, desktop: int, at: float) -> None:
        """Count a desktop once; `at` is when, in seconds since the epoch."""
        parcel = self.parcel
        if desktop in parcel.counted:
            return
        parcel.counted.add(desktop)
        self.members.add(desktop)
        self.spread[max(0, floor((at - parcel.t0) * 1000))] += 1
        self.dirty.add(self)

    def lost(self, desktop: int) -> None:
        """Nothing is written: the replay brings it, or the deadline ends it."""

    def collect(self, now: datetime) -> StreamReceipts:
        """What was counted since the last time; the tally starts again at nothing."""
        members, self.members = self.members, BitMap()
        spread, self.spread = self.spread, Counter()
        edition = self.parcel.edition
        return StreamReceipts(
            release_id=edition.release_id,
            version=edition.version,
            language=self.language,
            event=Event.ACCEPTED,
            members=members.serialize(),
            spread=dict(spread),
            at=now,
        )


class Parcel:
    """One edition, who is due in which language, who has taken it, and its frames.

    Frames are encoded on first use, once for each language. `t0` is in seconds since the
    epoch; `size` is about how many bytes the parcel holds. `superseded` is true once a later
    edition of the release is out: whoever lacks this one gets that instead.
    """

    __slots__ = (
        "_base_url", "_dirty", "_frames", "_languages", "_tallies", "counted", "due", "edition",
        "sequence", "size", "superseded", "t0",
    )  # fmt: skip

    def __init__(
        self,
        edition: Edition,
        due: dict[str, BitMap],
        counted: BitMap,
        *,
        base_url: str,
        dirty: set[Tally],
    ) -> None:
        """`dirty` collects the tallies that have something to write."""
        if edition.sequence is None or edition.published_at is None:
            raise ValueError("only a published edition goes out")
        self.edition = edition
        self.sequence = edition.sequence
        self.t0 = (edition.t0 or edition.published_at).timestamp()
        self.due = due
        self.counted = counted
        self.superseded = False
        self._base_url = base_url
        self._dirty = dirty
        self._frames: dict[str, Frame | None] = {}
        self._tallies: dict[str, Tally] = {}
        self._languages: dict[tuple[str, ...], str | None] = {}
        # The text is held about four times: in the edition, in the frame, in the making.
        texts = sum(len(r.body) + len(r.boilerplate) for r in edition.release.renditions)
        self.size = 4096 + 4 * texts + sum(len(members.serialize()) for members in due.values())

    def frame(self, language: str) -> Frame | None:
        """The frame in this language, the same bytes for everyone; None where it cannot be made.

        One text that cannot be rendered must not hold up the wire for everybody.
        """
        if language not in self._frames:
            try:
                item = wire_json(self.edition, language, self._base_url)
                self._frames[language] = edition_frame(self.sequence, self.edition.act, item)
            except Exception as error:
                log.error(
                    "frame failed",
                    sequence=self.sequence,
                    language=language,
                    error=type(error).__name__,
                )
                self._frames[language] = None
        return self._frames[language]

    def tally(self, language: str) -> Tally:
        """The tally of those who take it in this language."""
        found = self._tallies.get(language)
        if found is None:
            found = self._tallies[language] = Tally(self, language, self._dirty)
        return found

    def language_due(self, desktop: int) -> str | None:
        """The language that a desktop is due in, None where it is not due."""
        return next((tag for tag, members in self.due.items() if desktop in members), None)

    def wished(self, languages: tuple[str, ...]) -> str | None:
        """The rendition that fits a wish for `languages` best, None where none does."""
        if languages not in self._languages:
            self._languages[languages] = best(self.edition.news, languages)
        return self._languages[languages]

    def fits(self, sectors: frozenset[str]) -> bool:
        """True where the edition is in one of `sectors`, or none are asked for.

        A correction, withdrawal or kill always fits: it must reach whoever had the original,
        and its sectors may have changed.
        """
        if not sectors or self.edition.act not in (Act.PUBLISH, Act.ADD):
            return True
        return not sectors.isdisjoint(self.edition.release.sectors)


def readable(wished: Sequence[str], reads: Sequence[str]) -> tuple[str, ...]:
    """Those of the languages wished for that the subscriber reads, in the same order."""
    return tuple(tag for tag in wished if best(reads, (tag,)) is not None)
