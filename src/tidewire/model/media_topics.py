"""IPTC Media Topics: their spellings, their tree, and the part of it that ships with Tidewire.

What ships are codes and which stands below which, as IPTC's release of 2026-07-02 has them (CC BY
4.0): the top level, the second one, and the topics that our sectors stand for. Labels are our
own, in `languages/`. The rest comes with `tidewire import mediatopics`.
"""

import datetime
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from tidewire.model.sectors import TOP_SUBJECTS

ATTRIBUTION = "Media Topics: IPTC NewsCodes, iptc.org, CC BY 4.0"

_URI = "http://cv.iptc.org/newscodes/mediatopic/"
_PREFIXES = ("medtop:", _URI, _URI.replace("http:", "https:"))

# The second level by its parent, without "medtop:"; retired topics are left out.
_SECOND = {
    "01000000": "20000002 20000038 20000045",
    "02000000": "20000082 20000106 20000121 20000129",
    "03000000": "20000139 20000148 20000168",
    "04000000": "20000170 20000209 20000344 20000349 20000385",
    "05000000": "20000398 20000399 20000400 20000410 20000412 20000413 20000414 20000415"
    " 20000416 20001216 20001217 20001337",
    "06000000": "20000418 20000420 20000424 20000430 20000441 20001374",
    "07000000": "20000446 20000461 20000463 20000464 20000480 20000483 20000484 20000485 20001358",
    "08000000": "20000498 20000499 20000501 20000503 20000504 20000505 20001237 20001238",
    "09000000": "20000509 20000521 20000523 20000524 20000531 20000533 20000536",
    "10000000": "20000538 20000565 20001339",
    "11000000": "20000574 20000593 20000621 20000638 20000646 20000648",
    "12000000": "20000657 20000688 20000690 20000696 20000697 20000702 20000703 20000705",
    "13000000": "20000710 20000715 20000717 20000735 20000741 20000742 20000755 20000756",
    "14000000": "20000587 20000768 20000770 20000771 20000772 20000775 20000780 20000788 20000799"
    " 20000802 20000808 20000817 20001373",
    "15000000": "20000822 20001103 20001104 20001108 20001124 20001125 20001126 20001148 20001301"
    " 20001323 20001324 20001325",
    "16000000": "20000053 20000056 20000065 20000070 20000071 20000073 20000077 20001361 20001377",
    "17000000": "20001128 20001129 20001130 20001131",
}

# Topics of our sectors that stand deeper, and those between them and the second level.
_DEEPER = {
    "20000209": "20000210 20000217 20000225 20000235 20000243 20000256 20000294 20000304 20000316"
    " 20000337 20001170 20001289 20001370 20001371",
    "20000217": "20000223",
    "20000225": "20000233",
    "20000294": "20000296",
    "20000337": "20000338",
    "20000538": "20000563",
    "20000593": "20000598",
    "20001289": "20000252",
    "20001371": "20000291",
}

# Retired topics that sectors stood for once, and what these stand for now: old interests hold.
_RETIRED = {
    "20000241": (datetime.date(2023, 3, 31), "20000235"),
    "20000271": (datetime.date(2023, 3, 31), "20001370"),
    "20000320": (datetime.date(2023, 3, 31), "20000316"),
    "20000564": (datetime.date(2019, 7, 22), "20000563"),
}


def qcode(text: str) -> str | None:
    """The one spelling of a topic, "medtop:04000000", from its URI, qcode or bare code; else None.

    The URI is http://cv.iptc.org/newscodes/mediatopic/04000000.
    """
    code = text.strip()
    code = code.removeprefix(next(filter(code.startswith, _PREFIXES), ""))
    return f"medtop:{code}" if len(code) == 8 and code.isascii() and code.isdigit() else None


def uri(code: str) -> str:
    """The URI of a topic that is given as "medtop:04000000"."""
    return _URI + code.removeprefix("medtop:")


@dataclass(frozen=True, slots=True)
class MediaTopic:
    """One Media Topic; topics are named as "medtop:04000000", labels by BCP 47 tag.

    `replaced_by` are those that IPTC says to use instead of a retired one, if it says any.
    """

    code: str
    parents: tuple[str, ...] = ()
    retired: datetime.date | None = None
    replaced_by: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class MediaTopics:
    """Topics by their codes. Where they are `complete`, a topic that is not here does not exist."""

    by_code: Mapping[str, MediaTopic]
    complete: bool = False

    def ancestors(self, code: str) -> tuple[str, ...]:
        """All that a topic stands below, the nearest first; a retired one also below its heirs."""
        found: dict[str, None] = {}
        level = [code]
        while level:
            level = [
                above
                for one in level
                for above in self._above(one)
                if above != code and above not in found
            ]
            found.update(dict.fromkeys(level))
        return tuple(found)

    def widened(self, codes: Iterable[str]) -> frozenset[str]:
        """These and all that they stand below, with the retired topics that these replace."""
        wide = {wider for code in codes for wider in (code, *self.ancestors(code))}
        replaced = {
            one.code for one in self.by_code.values() if not wide.isdisjoint(one.replaced_by)
        }
        return frozenset(wide | replaced)

    def instead(self, retired: MediaTopic) -> tuple[str, ...]:
        """What to use instead of a retired topic: its heirs, or else its nearest parent, in use."""
        heirs = tuple(code for code in retired.replaced_by if self._in_use(code))
        return heirs or tuple(filter(self._in_use, self.ancestors(retired.code)))[:1]

    def with_others(self, others: Iterable[MediaTopic]) -> "MediaTopics":
        """These and others, which are all there are; where a code is in both, the other counts."""
        return MediaTopics({**self.by_code, **{one.code: one for one in others}}, complete=True)

    def _above(self, code: str) -> Iterator[str]:
        if topic := self.by_code.get(code):
            yield from topic.replaced_by
            yield from topic.parents

    def _in_use(self, code: str) -> bool:
        return code in self.by_code and self.by_code[code].retired is None


def _below(tree: Mapping[str, str]) -> Mapping[str, str]:
    return MappingProxyType(
        {
            f"medtop:{code}": f"medtop:{parent}"
            for parent, codes in tree.items()
            for code in codes.split()
        }
    )


# The topics of the second level, each with its parent.
SECOND_SUBJECTS: Mapping[str, str] = _below(_SECOND)

SHIPPED = MediaTopics(
    MappingProxyType(
        {code: MediaTopic(code) for code in TOP_SUBJECTS}
        | {
            code: MediaTopic(code, (parent,))
            for code, parent in (*SECOND_SUBJECTS.items(), *_below(_DEEPER).items())
        }
        | {
            f"medtop:{code}": MediaTopic(f"medtop:{code}", (), day, (f"medtop:{heir}",))
            for code, (day, heir) in _RETIRED.items()
        }
    )
)
