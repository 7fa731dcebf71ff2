"""What intake answers, as JSON."""

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel, Field

from tidewire.intake.add_rendition import Added
from tidewire.intake.submit import Taken
from tidewire.model.errors import Problem, Severity
from tidewire.model.release import State
from tidewire.store.releases import Row


class ProblemOut(BaseModel):
    """One thing that a check found."""

    severity: Severity
    code: str
    pointer: str = Field(description="JSON Pointer (RFC 6901) into the submission.")
    message: str
    advice: str


class TakenOut(BaseModel):
    """What became of a submission."""

    ref: str | None = Field(description="The release's public id; null for a dry run.")
    state: State | None
    version: int | None
    accepted: bool = Field(description="False where a dry run found an error.")
    problems: list[ProblemOut] = Field(description="What the checks found, errors first.")


class ReleaseOut(BaseModel):
    """Where a release stands."""

    ref: str
    issuer: str
    slug: str
    state: State
    version: int
    act: str
    headline: str
    languages: list[str]
    priority: str
    received_at: datetime
    t0: datetime | None = Field(description="When the newest version goes out; null: undecided.")
    published_at: datetime | None
    sealed: bool = Field(description="True where its text waits under a seal that does not open.")


class ReleasesOut(BaseModel):
    """Releases, the newest first."""

    releases: list[ReleaseOut]


class AddedOut(BaseModel):
    """What became of one more rendition; it waits for the desk's approval."""

    ref: str | None = Field(description="Null for a dry run.")
    language: str
    replaced: bool = Field(description="True where one in this language waited before.")
    problems: list[ProblemOut]


def added_out(added: Added) -> AddedOut:
    """The answer to one more rendition."""
    return AddedOut(
        ref=added.ref or None,
        language=added.language,
        replaced=added.replaced,
        problems=problems_out(added.problems),
    )


def taken_out(taken: Taken) -> TakenOut:
    """The answer to a submission."""
    stored = bool(taken.ref)
    return TakenOut(
        ref=taken.ref or None,
        state=taken.state if stored else None,
        version=taken.version if stored else None,
        accepted=not any(p.severity is Severity.ERROR for p in taken.problems),
        problems=problems_out(taken.problems),
    )


def problems_out(problems: Iterable[Problem]) -> list[ProblemOut]:
    """Problems as JSON."""
    return [
        ProblemOut(
            severity=p.severity, code=p.code, pointer=p.pointer, message=p.message, advice=p.advice
        )
        for p in problems
    ]


def release_out(row: Row) -> ReleaseOut:
    """A release's row as JSON."""
    return ReleaseOut(
        ref=row.ref,
        issuer=row.issuer,
        slug=row.slug,
        state=row.state,
        version=row.version,
        act=row.act.value,
        headline=row.headline,
        languages=list(row.languages),
        priority=row.priority,
        received_at=row.received_at,
        t0=row.t0,
        published_at=row.published_at,
        sealed=row.sealed,
    )
