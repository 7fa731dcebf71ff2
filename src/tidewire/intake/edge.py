"""What holds for all that comes in: nothing unknown, nothing guessed, no moment out of reach."""

from datetime import UTC, date, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict

YEARS = range(1900, 2101)


class Edge(BaseModel):
    """The rules for all that comes in: nothing unknown, nothing guessed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _within_reach(moment: date) -> date:
    if moment.year not in YEARS:
        raise ValueError(f"lies outside the years {YEARS.start} to {YEARS.stop - 1}")
    return moment


def _moment(moment: datetime) -> datetime:
    _within_reach(moment)
    return moment.astimezone(UTC)


Day = Annotated[date, AfterValidator(_within_reach)]
Moment = Annotated[AwareDatetime, AfterValidator(_moment)]
