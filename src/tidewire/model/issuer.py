"""The issuer: the organisation that hands a release in and answers for it."""

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Issuer:
    """An organisation that may hand in releases."""

    id: int
    slug: str
    name: str
    website: str = ""


class Role(StrEnum):
    """What an account may do: an issuer hands in and withdraws, an editor decides."""

    ISSUER = "issuer"
    EDITOR = "editor"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking: an account, as its key or the command line named it."""

    account_id: int
    role: Role
    name: str
    issuer_id: int | None = None
