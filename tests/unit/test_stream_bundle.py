"""Bundles: each desktop is in one, with just what it is due, in order."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap
from pytest import MonkeyPatch

from editions import an_edition
from tidewire.channels.stream import bundle
from tidewire.channels.stream.bundle import bundles
from tidewire.channels.stream.parcel import Parcel, Tally

LANGUAGES = ("de", "en")
DUE = st.dictionaries(st.sampled_from(LANGUAGES), st.frozensets(st.integers(1, 8)))


def parcel_of(sequence: int, due: dict[str, frozenset[int]], dirty: set[Tally]) -> Parcel:
    """A parcel of which nobody is due two languages."""
    taken: set[int] = set()
    found = {}
    for language, members in due.items():
        found[language] = BitMap(members - taken)
        taken |= members
    edition = an_edition(languages=LANGUAGES, release_id=sequence, sequence=sequence)
    return Parcel(edition, found, BitMap(), base_url="https://x.example", dirty=dirty)


@given(st.lists(DUE, min_size=1, max_size=6), st.frozensets(st.integers(1, 8)))
def test_who_is_connected_gets_all_that_is_due_and_nothing_else(
    due: list[dict[str, frozenset[int]]], connected: frozenset[int]
) -> None:
    dirty: set[Tally] = set()
    parcels = [parcel_of(number, one, dirty) for number, one in enumerate(due, start=1)]
    taken, found = bundles(parcels, BitMap(connected))
    assert 1 <= taken <= len(parcels)
    for desktop in range(1, 9):
        wanted = [
            (parcel.sequence, language)
            for parcel in parcels[:taken]
            if desktop in connected and (language := parcel.language_due(desktop))
        ]
        got = [one for one in found if desktop in one.members]
        assert len(got) == (1 if wanted else 0)
        for one in got:
            assert [(parcel.sequence, tag) for parcel, tag in one.chosen] == wanted
            frames = [parcel.frame(tag) for parcel, tag in one.chosen]
            assert one.frame.plain == b"".join(frame.plain for frame in frames if frame)


def test_too_many_selections_or_bytes_wait_for_the_next_bundle(monkeypatch: MonkeyPatch) -> None:
    everyone = frozenset(range(1, 9))
    parcels = [
        parcel_of(n, {"de": frozenset(d for d in everyone if d >> n & 1)}, set())
        for n in range(1, 4)
    ]
    monkeypatch.setattr(bundle, "BUNDLES", 3)
    assert bundles(parcels, BitMap(everyone))[0] == 1
    monkeypatch.setattr(bundle, "BUNDLES", 100)
    assert bundles(parcels, BitMap(everyone))[0] == 3
    monkeypatch.setattr(bundle, "BUNDLE_BYTES", 1)
    assert bundles(parcels, BitMap(everyone))[0] == 1


def test_what_a_later_edition_replaced_is_left_out_and_a_receipt_counts_in_all() -> None:
    dirty: set[Tally] = set()
    parcels = [parcel_of(n, {"de": frozenset({1, 2})}, dirty) for n in (1, 2, 3)]
    parcels[1].superseded = True
    taken, (found,) = bundles(parcels, BitMap([1, 5]))
    assert (taken, found.members) == (3, BitMap([1]))
    assert [parcel.sequence for parcel, _ in found.chosen] == [1, 3]
    found.took(1, parcels[0].t0)
    assert {tally.parcel.sequence for tally in dirty} == {1, 3}
    assert all(list(tally.members) == [1] for tally in dirty)
