"""What the desk is told and what it answers, as JSON."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from tidewire.desk.queue import Shown
from tidewire.desk.sign import Decided
from tidewire.model.errors import Problem, Severity
from tidewire.model.release import Act, Move, State
from tidewire.model.rendition import Hand
from tidewire.store.releases import Row

# Notes are printed and mailed: no control characters (XML 1.0, section 2.2).
_PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]*$"
_Text = Annotated[
    str, StringConstraints(strip_whitespace=True, max_length=5_000, pattern=_PRINTABLE)
]
_Said = Annotated[_Text, StringConstraints(min_length=1)]


class Told(BaseModel):
    """The rules for what the desk is told: nothing unknown."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Reason(Told):
    """Why; it stands on the decision, and a kill's goes to all who had the release."""

    note: _Said


class Remark(Told):
    """A note, where one is wanted."""

    note: _Text = ""


class Approval(Remark):
    """An approval of a whole release."""

    checked: list[Annotated[str, StringConstraints(max_length=35)]] = Field(
        default=[],
        max_length=30,
        description="BCP 47 tags of the renditions by a machine that a person has checked.",
    )


class Timing(Told):
    """When a release is to go out."""

    at: AwareDatetime | Literal["now"] | None = Field(
        None, description='With a UTC offset, or "now"; null: the moment that was asked for.'
    )
    note: _Text = ""


class DecidedOut(BaseModel):
    """Where a release stands after a decision."""

    ref: str
    state: State
    version: int
    t0: datetime | None = Field(description="When its newest version goes out.")


class QueuedOut(BaseModel):
    """A line of the queue."""

    ref: str
    issuer: str
    slug: str
    state: State
    version: int
    act: Act
    headline: str
    languages: tuple[str, ...]
    priority: str
    received_at: datetime
    t0: datetime | None
    published_at: datetime | None
    sealed: bool = Field(description="True where its text waits under a seal that does not open.")


class QueueOut(BaseModel):
    """Releases, the newest first."""

    releases: list[QueuedOut]


class CheckOut(BaseModel):
    """One thing that a check finds now."""

    severity: Severity
    code: str
    pointer: str
    message: str
    advice: str


class DecisionOut(BaseModel):
    """What was decided, by whom."""

    version: int
    move: Move
    by: str
    role: str
    note: str
    at: datetime


class WaitingOut(BaseModel):
    """A rendition that waits for approval."""

    language: str
    hand: Hand
    received_at: datetime
    by: str = Field(description="Who handed it in.")
    content: dict[str, Any] = Field(description="The rendition, with sanitised HTML.")


class ShownOut(QueuedOut):
    """One release with its content, what waits to be added, its checks and all decisions.

    The checks look at the content with all that waits behind its renditions.
    """

    note: str
    content: dict[str, Any] = Field(description="The newest version, with sanitised HTML.")
    waiting: list[WaitingOut]
    checks: list[CheckOut]
    decisions: list[DecisionOut]


def decided_out(decided: Decided) -> DecidedOut:
    """A decision's outcome as JSON."""
    return DecidedOut(ref=decided.ref, state=decided.state, version=decided.version, t0=decided.t0)


def queued_out(row: Row) -> QueuedOut:
    """A line of the queue as JSON."""
    return QueuedOut.model_validate(_fields(row))


def shown_out(shown: Shown, problems: list[Problem]) -> ShownOut:
    """One release as JSON."""
    return ShownOut(
        **_fields(shown.row),
        note=shown.edition.note,
        content=msgspec.to_builtins(shown.edition.release),
        waiting=[
            WaitingOut(
                language=one.language,
                hand=one.hand,
                received_at=one.received_at,
                by=one.by,
                content=msgspec.to_builtins(rendition),
            )
            for one, rendition in shown.waiting
        ],
        checks=[CheckOut.model_validate(_fields(p)) for p in problems],
        decisions=[DecisionOut.model_validate(_fields(d)) for d in shown.decisions],
    )


def _fields(value: Any) -> dict[str, Any]:
    """The fields of a frozen dataclass by name, one level deep."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}
