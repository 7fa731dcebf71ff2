"""What writer and reader of XLIFF share: names, states, limits."""

from enum import StrEnum

NAMESPACE = "urn:oasis:names:tc:xliff:document:2.0"  # 2.1 has kept the one of 2.0
VERSION = "2.1"
MEDIA_TYPE = "application/xliff+xml"
MOST_BYTES = 2_000_000  # what a request may carry; more than any release needs


class SegmentState(StrEnum):
    """How far a segment is (XLIFF 2.1, section 4.3.1.26), the least first."""

    INITIAL = "initial"
    TRANSLATED = "translated"
    REVIEWED = "reviewed"
    FINAL = "final"


def name(local: str) -> str:
    """The name of a core element, as lxml has it."""
    return f"{{{NAMESPACE}}}{local}"
