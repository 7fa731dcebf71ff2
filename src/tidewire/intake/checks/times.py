"""Do the moments lie ahead, and do weekdays fit their dates?"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tidewire.intake.calendar_words import Written, written_dates
from tidewire.intake.checks.found import error, warning, words
from tidewire.intake.checks.text import MOST_CHARACTERS
from tidewire.languages.tags import cldr
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


def weekdays(release: Release, now: datetime) -> Iterator[Problem]:
    """A weekday that is written with a date fits it; without a year, the nearest one is meant."""
    for at, rendition in enumerate(release.renditions):
        near = rendition.dateline.date if rendition.dateline else None
        for name, text in (
            ("headline", rendition.headline),
            ("subheadline", rendition.subheadline),
            ("body_html", words(rendition.body)[:MOST_CHARACTERS]),
        ):
            for found in written_dates(text, rendition.language):
                day = found.date or _nearest(found, near or (release.t0 or now).date())
                if found.weekday is None or day is None or day.weekday() == found.weekday:
                    continue
                named = cldr(rendition.language).days["stand-alone"]["wide"]
                yield warning(
                    "weekday-mismatch",
                    f"/renditions/{at}/{name}",
                    f'"{text[found.start : found.end]}": {day.isoformat()} is'
                    f" {named[day.weekday()]}, not {named[found.weekday]}.",
                    "Mend the weekday or the date.",
                )


def _nearest(found: Written, near: date) -> date | None:
    days = [found.in_year(year) for year in (near.year - 1, near.year, near.year + 1)]
    return min((d for d in days if d), key=lambda d: abs(d - near), default=None)
