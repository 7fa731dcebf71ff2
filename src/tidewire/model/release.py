"""A release: its content, its states, and the one table of allowed moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from tidewire.model.errors import MoveRefused
from tidewire.model.picture import Picture
from tidewire.model.rendition import Rendition


class State(StrEnum):
    """Where a release stands."""

    RECEIVED = "received"
    RETURNED = "returned"
    APPROVED = "approved"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    KILLED = "killed"


class Move(StrEnum):
    """What can be done to a release."""

    RESUBMIT = "resubmit"
    RETURN = "return"
    APPROVE = "approve"
    SCHEDULE = "schedule"
    PUBLISH = "publish"
    CORRECT = "correct"
    ADD = "add"
    WITHDRAW = "withdraw"
    KILL = "kill"


class Act(StrEnum):
    """What one version says to those who receive it; also the wire's own events."""

    PUBLISH = "publish"
    CORRECT = "correct"
    ADD = "add"  # a rendition that came later
    WITHDRAW = "withdraw"
    KILL = "kill"


MOVES: Mapping[tuple[State, Move], State] = MappingProxyType(
    {
        (State.RECEIVED, Move.RETURN): State.RETURNED,
        (State.RECEIVED, Move.ADD): State.RECEIVED,
        (State.RECEIVED, Move.APPROVE): State.APPROVED,
        (State.RECEIVED, Move.WITHDRAW): State.WITHDRAWN,
        (State.RECEIVED, Move.KILL): State.KILLED,
        (State.RETURNED, Move.RESUBMIT): State.RECEIVED,
        (State.RETURNED, Move.ADD): State.RETURNED,
        (State.RETURNED, Move.WITHDRAW): State.WITHDRAWN,
        (State.RETURNED, Move.KILL): State.KILLED,
        (State.APPROVED, Move.RETURN): State.RETURNED,
        (State.APPROVED, Move.ADD): State.APPROVED,
        (State.APPROVED, Move.SCHEDULE): State.SCHEDULED,
        (State.APPROVED, Move.WITHDRAW): State.WITHDRAWN,
        (State.APPROVED, Move.KILL): State.KILLED,
        (State.SCHEDULED, Move.RETURN): State.RETURNED,
        (State.SCHEDULED, Move.ADD): State.SCHEDULED,
        (State.SCHEDULED, Move.SCHEDULE): State.SCHEDULED,
        (State.SCHEDULED, Move.PUBLISH): State.PUBLISHED,
        (State.SCHEDULED, Move.WITHDRAW): State.WITHDRAWN,
        (State.SCHEDULED, Move.KILL): State.KILLED,
        (State.PUBLISHED, Move.CORRECT): State.PUBLISHED,
        (State.PUBLISHED, Move.ADD): State.PUBLISHED,
        (State.PUBLISHED, Move.WITHDRAW): State.WITHDRAWN,
        (State.PUBLISHED, Move.KILL): State.KILLED,
        (State.WITHDRAWN, Move.KILL): State.KILLED,
    }
)


def after(state: State, move: Move) -> State:
    """The state that `move` leads to from `state`.

    Raises MoveRefused, naming the moves that are allowed, where the table has none.
    """
    try:
        return MOVES[state, move]
    except KeyError:
        allowed = sorted(m.value for s, m in MOVES if s is state)
        can = f"Possible: {', '.join(allowed)}." if allowed else "Nothing more can be done to it."
        raise MoveRefused(f"This release is {state}; '{move}' is not possible now.", can) from None


class Priority(StrEnum):
    """How urgent a release is, in the words of the trade; urgency 1, 3 and 5 in IPTC terms."""

    FLASH = "flash"
    URGENT = "urgent"
    ROUTINE = "routine"


class DataMining(StrEnum):
    """What an issuer says of text and data mining in its release."""

    ALLOWED = "allowed"
    NO_AI = "no-ai-training"
    NO_GENERATIVE_AI = "no-generative-ai-training"
    SEARCH_ONLY = "search-only"
    PROHIBITED = "prohibited"


@dataclass(frozen=True, slots=True)
class Contact:
    """Someone to ask about the release; `public` false means for media only."""

    role: str
    name: str
    mail: str = ""
    phone: str = ""
    public: bool = False


@dataclass(frozen=True, slots=True)
class Organisation:
    """An organisation that the release is about, with its identifiers.

    `lei` is ISO 17442, `isin` ISO 6166, `ticker` MIC:symbol with an ISO 10383 MIC ("XETR:TWF").
    """

    name: str
    lei: str = ""
    isin: str = ""
    ticker: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """What an issuer hands in: everything but the text is shared by all renditions.

    `renditions[0]` is the one that prevails. `sectors` are Tidewire's own slugs, `subjects`
    IPTC Media Topic qcodes ("medtop:04000000"), `countries` ISO 3166-1 alpha-2.
    `t0` is the moment asked for (None: as soon as approved); with `embargo` it may not
    be moved earlier. `circuits` name audiences; none means everyone whose interest fits.

    `prevails` names the language of `renditions[0]` where the issuer says that it does.
    Without all of `required` it is not scheduled; `to_follow` are promised for later.
    `machine_unchecked`: renditions by a machine need no approval of their own. `added`:
    the languages that came with this version. The first of `pictures` leads.
    """

    slug: str
    renditions: tuple[Rendition, ...]
    priority: Priority = Priority.ROUTINE
    contacts: tuple[Contact, ...] = ()
    sectors: tuple[str, ...] = ()
    subjects: tuple[str, ...] = ()
    countries: tuple[str, ...] = ()
    organisations: tuple[Organisation, ...] = ()
    circuits: tuple[str, ...] = ()
    source: str = ""
    third_party: bool = False
    provider: str = ""
    provider_url: str = ""
    licence: str = ""
    data_mining: DataMining | None = None
    t0: datetime | None = None
    embargo: bool = False
    prevails: str = ""
    required: tuple[str, ...] = ()
    to_follow: tuple[str, ...] = ()
    machine_unchecked: bool = False
    added: tuple[str, ...] = ()
    pictures: tuple[Picture, ...] = ()

    def languages(self) -> tuple[str, ...]:
        """The BCP 47 tags of the renditions, in their order."""
        return tuple(r.language for r in self.renditions)

    def rendition(self, language: str) -> Rendition:
        """The rendition in exactly this language. Raises KeyError where there is none."""
        for rendition in self.renditions:
            if rendition.language == language:
                return rendition
        raise KeyError(language)

    def missing(self) -> tuple[str, ...]:
        """The required languages that have no rendition here."""
        return tuple(tag for tag in self.required if tag not in self.languages())

    def still_to_follow(self) -> tuple[str, ...]:
        """The languages promised for later that are not here yet."""
        return tuple(tag for tag in self.to_follow if tag not in self.languages())


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of a release, as it goes out: what formats and channels work on.

    `sequence` and `published_at` are None until it is public. `note` is the editor's line
    on what a correction changed or why a kill was ordered. `first_published_at` is the
    original's moment. For a kill or withdrawal `release` is the last version's content.
    """

    release_id: int
    ref: str
    version: int
    act: Act
    issuer_name: str
    issuer_slug: str
    issuer_website: str
    release: Release
    note: str = ""
    t0: datetime | None = None
    sequence: int | None = None
    published_at: datetime | None = None
    first_published_at: datetime | None = None

    @property
    def retracted(self) -> bool:
        """True where this version takes the release back: nothing of its text may be shown."""
        return self.act in (Act.KILL, Act.WITHDRAW)

    @property
    def news(self) -> tuple[str, ...]:
        """The languages in which this version says something new: all, or the added ones."""
        return self.release.added if self.act is Act.ADD else self.release.languages()
