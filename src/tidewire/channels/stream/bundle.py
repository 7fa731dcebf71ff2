"""Bundles: of several editions that wait, what the same desktops are due goes out as one write."""

from collections.abc import Sequence
from dataclasses import dataclass

from pyroaring import BitMap

from tidewire.channels.stream.frame import Frame, joined
from tidewire.channels.stream.parcel import Parcel

# In one write at most so many bytes, editions, and different selections of them.
BUNDLE_BYTES = 128 << 10
BUNDLE_EDITIONS = 50
BUNDLES = 256

Chosen = tuple[tuple[Parcel, str], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """One frame of what `members` are due, and, as its witness, all tallies that it counts in."""

    members: BitMap
    chosen: Chosen
    frame: Frame

    def took(self, desktop: int, at: float) -> None:
        """Every edition in it arrived, the last byte at `at`."""
        for parcel, language in self.chosen:
            parcel.tally(language).took(desktop, at)

    def lost(self, desktop: int) -> None:
        """Nothing is written: the replay brings it, or the deadline ends it."""


def bundles(parcels: Sequence[Parcel], connected: BitMap) -> tuple[int, list[Bundle]]:
    """(how many of `parcels`, from the first, go out together; the bundles of these).

    Each connected desktop is in at most one bundle. At least one parcel is taken, and more
    while the desktops do not fall into too many different selections.
    """
    groups: list[tuple[BitMap, Chosen]] = [(connected, ())]
    taken = size = 0
    for parcel in parcels[:BUNDLE_EDITIONS]:
        frames = {} if parcel.superseded else _frames(parcel)
        size += max((len(frame.plain) for frame in frames.values()), default=0)
        split = _split(groups, parcel, frames)
        if taken and (size > BUNDLE_BYTES or len(split) > BUNDLES):
            break
        groups = split
        taken += 1
    return taken, [Bundle(found, chosen, _frame(chosen)) for found, chosen in groups if chosen]


def _frames(parcel: Parcel) -> dict[str, Frame]:
    found = {language: parcel.frame(language) for language in parcel.due}
    return {language: frame for language, frame in found.items() if frame is not None}


def _split(
    groups: list[tuple[BitMap, Chosen]], parcel: Parcel, frames: dict[str, Frame]
) -> list[tuple[BitMap, Chosen]]:
    """Each group in parts: who is due this parcel, by language, and who is not."""
    found = []
    for rest, chosen in groups:
        for language in frames:
            due = rest & parcel.due[language]
            if due:
                found.append((due, (*chosen, (parcel, language))))
                rest = rest - due
        if rest:
            found.append((rest, chosen))
    return found


def _frame(chosen: Chosen) -> Frame:
    return joined([frame for parcel, tag in chosen if (frame := parcel.frame(tag)) is not None])
