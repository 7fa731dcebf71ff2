"""Days and moments at the edge: with an offset, and within reach."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime

YEARS = range(1900, 2101)


def _within_reach(moment: date) -> date:
    if moment.year not in YEARS:
        raise ValueError(f"lies outside the years {YEARS.start} to {YEARS.stop - 1}")
    return moment


def _moment(moment: datetime) -> datetime:
    _within_reach(moment)
    return moment.astimezone(UTC)


Day = Annotated[date, AfterValidator(_within_reach)]
Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
