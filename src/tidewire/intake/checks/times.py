"""Do the moments lie ahead?"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from tidewire.intake.checks.found import error
from tidewire.model.errors import Problem
from tidewire.model.release import Release

GRACE = timedelta(seconds=60)
FARTHEST = timedelta(days=2 * 366)


def t0(release: Release, now: datetime) -> Iterator[Problem]:
    """T0 is not past (a minute is forgiven) and not more than two years away."""
    if release.embargo and release.t0 is None:
        yield error(
            "t0-missing", "/t0", "There is an embargo without a moment.", "Give T0, or no embargo."
        )
    if release.t0 is not None and release.t0 < now - GRACE:
        yield error(
            "t0-past",
            "/t0",
            "T0 lies in the past.",
            "Give a moment to come, or none to go out as soon as it is approved.",
        )
    if release.t0 is not None and release.t0 > now + FARTHEST:
        yield error("t0-far", "/t0", "T0 is more than two years away.", "Check the year.")
