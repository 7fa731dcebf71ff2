"""What a news item says, as the fields of a submission: the same for ninjs and NewsML-G2."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from tidewire.formats.news_item import SECTOR
from tidewire.intake.draft import Draft
from tidewire.model.errors import BadInput, Problem, Severity
from tidewire.model.media_topics import qcode
from tidewire.model.rendition import Hand

MOST_ITEMS = 30  # renditions of one release

FARTHEST_VERSION = 2**31 - 1

_PRIORITIES = {1: "flash", 2: "flash", 3: "urgent", 4: "urgent"}


def priority(urgency: int | None) -> str:
    """Our word for IPTC's urgency, 1 the highest; "routine" where there is none."""
    return _PRIORITIES.get(urgency or 5, "routine")


def must_be_usable(status: str, pointer: str) -> None:
    """Raises BadInput for an item that takes a release back: there is nothing to hand in."""
    if status and status.rpartition(":")[2].rpartition("/")[2] != "usable":
        raise _refusal(
            "item-not-usable",
            pointer,
            f'This item has the status "{status[:60]}": it takes a release back.',
            "Withdraw or kill the release at the desk; hand in items that are usable only.",
        )


def must_be_version(version: int | None, pointer: str) -> int:
    """The version. Raises BadInput where it is none: versions count from 1."""
    if version is None or not 0 < version <= FARTHEST_VERSION:
        raise _refusal(
            "item-version",
            pointer,
            "This is not the version of a news item.",
            "Versions are whole numbers and count from 1.",
        )
    return version


def must_not_name_itself(guid: str, version: int, linked: tuple[str, int | None, str]) -> None:
    """Raises BadInput where a link (guid, version, pointer) leads back to the item itself."""
    other, before, pointer = linked
    if other == guid and (before is None or before >= version):
        raise _refusal(
            "item-cyclic",
            pointer,
            "This item names itself as its own translation or as the version before it.",
            "Mend the link; a version before it has a lower number.",
        )


def still_embargoed(embargoed: str, created: str) -> dict[str, Any]:
    """The moment and the embargo, where the item was made before the moment; else nothing.

    An item that was made at its moment or later was public by then, and nothing is left to keep.
    """
    try:
        over = datetime.fromisoformat(created) >= datetime.fromisoformat(embargoed)
    except (ValueError, TypeError):  # no moments, or one with an offset and one without
        over = False
    return {} if over or not embargoed else {"t0": embargoed, "embargo": True}


def elsewhere(href: str, *, caption: str = "", alt: str = "", credit: str = "") -> dict[str, Any]:
    """A picture that lies elsewhere, and what is said of it, cut to what a submission takes."""
    words = {"caption": caption[:1_000], "alt": alt[:1_000], "credit": credit[:200]}
    return {"href": href[:2_000], **filled(words)} if href.strip() else {}


def sorted_subjects(uris: Sequence[str]) -> dict[str, list[str]]:
    """Sectors and Media Topics among the URIs and qcodes of subjects; others are left out."""
    sectors = [uri.removeprefix(SECTOR) for uri in uris if uri.startswith(SECTOR)]
    topics = [code for uri in uris if (code := qcode(uri))]
    return {"sectors": list(dict.fromkeys(sectors)), "subjects": list(dict.fromkeys(topics))}


def made_by(sources: Mapping[str, str], roles: Mapping[Hand, str]) -> dict[str, str] | None:
    """Who translated it: the first of the sources, by their roles, that has one of these."""
    for hand, role in roles.items():
        if name := sources.get(role):
            return {"hand": hand.value, "name": name}
    return None


def ticker(market: str, symbol: str) -> str:
    """ "XETR:TWD" from its parts; the symbol alone where the market is not known."""
    return f"{market}:{symbol}" if market and symbol else symbol


def must_be_few(items: Sequence[object]) -> None:
    """Raises BadInput where there is no item, or more than a release has languages."""
    if not items:
        raise _refusal("items-missing", "", "There is no news item in this.", "Give one at least.")
    if len(items) > MOST_ITEMS:
        advice = "Hand in each release by itself, one item for each language."
        raise _refusal("items-many", "", f"There are over {MOST_ITEMS} items in this.", advice)


def one_release(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """The drafts of one release. Raises BadInput where they are of several, or too many."""
    must_be_few(drafts)
    if len({draft.shared.get("slug", "") for draft in drafts}) > 1:
        raise _refusal(
            "items-mixed",
            "",
            "There are items of more than one release in this: their sluglines differ.",
            "Hand in each release by itself.",
        )
    guids = [draft.item[0] for draft in drafts if draft.item]
    if len(set(guids)) < len(guids):
        message = "Two items in this have the same guid."
        advice = "Give each language an item of its own, and of each the newest version."
        raise _refusal("items-same", "", message, advice)
    return drafts


def filled(fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that say something."""
    return {name: value for name, value in fields.items() if value not in ("", None, [], {})}


def _refusal(code: str, pointer: str, message: str, advice: str) -> BadInput:
    return BadInput(message, advice, [Problem(Severity.ERROR, code, pointer, message, advice)])
