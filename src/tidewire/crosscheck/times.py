"""Times of day as facts, on the clock of 24 hours, with their zone where one is named."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice

from tidewire.crosscheck.fact import Fact, Kind, Place
from tidewire.crosscheck.text import Block
from tidewire.crosscheck.vocabulary import Vocabulary

MOST = 500  # that are read of one block
# Zones by their letters: minutes east of Greenwich, and the ones that mean the same.
ZONES = {
    "UTC": 0, "GMT": 0, "WET": 0, "WEST": 60, "BST": 60, "CET": 60, "CEST": 120, "EET": 120,
    "EEST": 180, "MSK": 180, "GST": 240, "PKT": 300, "ICT": 420, "WIB": 420, "WITA": 480,
    "WIT": 540, "MYT": 480, "SGT": 480, "HKT": 480, "JST": 540, "KST": 540, "AEST": 600,
    "AEDT": 660, "EST": -300, "EDT": -240, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480,
    "PDT": -420, "BRT": -180, "ART": -180, "MEZ": 60, "MESZ": 120, "HEC": 60, "HNEC": 60,
    "HAEC": 120, "TU": 0,
}  # fmt: skip
SUMMER = frozenset(
    {"WEST", "BST", "CEST", "EEST", "EDT", "CDT", "MDT", "PDT", "MESZ", "HAEC", "AEDT"}
)
WINTER = frozenset({"WET", "CET", "EET", "EST", "CST", "MST", "PST", "MEZ", "HEC", "HNEC", "AEST"})
_ZONE = re.compile(
    r"[ \u00a0]?[(（]?(" + "|".join(sorted(ZONES, key=len, reverse=True)) + r"|CST|МСК)(?![A-Za-z])"
)


def times(block: Block, text: str, words: Vocabulary) -> Iterator[tuple[Fact, int, int]]:
    """The times of a block: each as a fact, and where in `text` it stands."""
    for found in islice(_pattern(words).finditer(text), MOST):
        read = _clock(found)
        if read is None:
            continue
        zone = _ZONE.match(text, found.end())
        name = {"МСК": "MSK"}.get(zone[1], zone[1]) if zone else ""
        end = zone.end() if zone else found.end()
        first, last, said = block.words(found.start(), end)
        place = Place(block.field, block.number, first, last)
        value = f"{read[0]:02d}:{read[1]:02d}"
        unit = frozenset({name} if name else ())
        yield Fact(Kind.TIME, value, place, said, unit=unit), found.start(), end


def universal(fact: Fact) -> int | None:
    """A time with a known zone in minutes of UTC's day; None where the zone is not known."""
    zone = next(iter(fact.unit), "")
    if zone not in ZONES:
        return None
    hour, minute = fact.value.split(":")
    return (int(hour) * 60 + int(minute) - ZONES[zone]) % 1440


def _clock(found: "re.Match[str]") -> tuple[int, int] | None:
    parts = found.groupdict()
    hour = int(next(parts[k] for k in ("h1", "h2", "h3", "h4", "h5", "h6") if parts[k]))
    minute = int(next((parts[k] for k in ("n1", "n2", "n3", "n4", "n5") if parts.get(k)), "0"))
    late = parts["pm"] or parts["pb"] or parts["pc"]
    early = parts["am"] or parts["ab"] or parts["ac"]
    if hour > 24 or minute > 59:
        return None
    if late and hour < 12:
        hour += 12
    if early and hour == 12:
        hour = 0
    return hour % 24, minute


@lru_cache(maxsize=64)
def _pattern(words: Vocabulary) -> "re.Pattern[str]":
    c, hard, end = words.clock, "[ \u00a0]?", r"(?![\d]|[.,:]\d)"
    half = rf"(?:{hard}(?:(?P<pm>{c['pm']})|(?P<am>{c['am']})))"
    half_ahead = rf"{hard}(?:{c['pm']}|{c['am']})"
    first = rf"(?:(?:(?P<pb>{c['pm_before']})|(?P<ab>{c['am_before']}))的?{hard})"
    second = rf"(?:(?:(?P<pc>{c['pm_before']})|(?P<ac>{c['am_before']}))的?{hard})"
    after = rf"(?:{hard}{c['after_hour']})"
    clock = r"(?<![\d.,:])(?P<h{0}>\d{{1,2}}){1}(?P<n{0}>[0-5]\d)(?::[0-5]\d)?(?!\d|[.,:]\d)"
    hour = rf"{hard}(?:{c['hour']}){hard}"
    forms = (
        # 22 h 30, 22時30分, 오후 10시 30분, 22 giờ 30
        rf"(?:(?<!\w){c['before_hour']}{hard})?{first}?(?<![\d.,:])(?P<h1>\d{{1,2}}){hour}(?:(?P<n1>[0-5]\d)(?!\d)(?:{hard}{c['minute']})?)",
        # 午後10時, 22:30 with a part of the day before it
        rf"(?:(?<!\w){c['before_hour']}{hard})?{second}(?P<h2>\d{{1,2}})(?:{hour}|:(?P<n2>[0-5]\d))(?!\d)",
        # at 22.30, pukul 22.30, à 14 h
        rf"(?<!\w)(?:{c['before_hour']}){hard}(?<![\d.,:])(?P<h3>\d{{1,2}})(?:[.:](?P<n3>[0-5]\d){end}|(?={hard}(?:{c['hour']})(?!\w))){after}?",
        # 22:30
        clock.format(4, ":") + f"{after}?",
        # 14時, 14시: where an hour of the day has a word of its own
        rf"(?<![\d.,:])(?P<h6>\d{{1,2}})(?:{c['hour_alone']})(?![\d])",
        # 10.30 p.m., 9 Uhr, 22.30 น.
        rf"(?<![\d.,:])(?P<h5>\d{{1,2}})(?:[.:](?P<n5>[0-5]\d))?(?:{after}|(?={half_ahead}))",
    )
    joined = "|".join(f"(?:{form})" for form in forms)
    return re.compile(f"(?:{joined}){half}?", re.IGNORECASE)
