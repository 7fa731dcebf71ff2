"""An opening: who takes sealed text out of the vault before its moment, and why."""

from dataclasses import dataclass
from enum import StrEnum

from tidewire.model.issuer import Caller


class Why(StrEnum):
    """What sealed text is opened for; stands in the ledger after the name."""

    QUEUE = "to list it"
    SHOW = "to show it"
    APPROVE = "to approve it"
    TRANSLATE = "to have it translated"
    MACHINE = "to have it translated by machine"
    SCHEDULE = "to set its moment"
    COMPARE = "to check a rendition against it"
    STAGE = "to find its audience"
    PLAN = "to plan its deliveries"
    RENDER = "to render it ahead"
    PUBLISH = "to publish it"


@dataclass(frozen=True, slots=True)
class Opening:
    """`who` is an account with its role ("editor Mara Muster") or a stage ("worker")."""

    who: str
    why: Why

    def __str__(self) -> str:
        return f"{self.who}, {self.why}"


def opening_by(caller: Caller, why: Why) -> Opening:
    """An opening by an account."""
    return Opening(f"{caller.role} {caller.name}", why)
