"""Read a dateline at the head of a text: "BERLIN, Germany, March 3, 2026 – "."""

import datetime
import re
from typing import Any

from tidewire.intake.calendar_words import dates_in, territory_code
from tidewire.intake.own_words import own_words, plain

_DASH = re.compile(r"\s*(?:[–—]|--|\s-\s|/[^/]{2,30}/\s*(?:--|[–—]|-))\s*")
_FARTHEST = 120
_COMMAS = (",", "،", "、", "，")
_PLACE = re.compile(r"[^\W\d_][^\d:;!?]{1,60}")


def opening_dateline(text: str, language: str) -> tuple[dict[str, Any], int] | None:
    """(fields of a dateline, how many characters it takes with its dash), if there is one.

    There is one where a place, perhaps a country, and a date come before the first dash.
    """
    for dash in _DASH.finditer(text, 0, _FARTHEST):
        head = text[: dash.start()]
        own = own_words(language).dateline(plain(head))
        if own and own["date"]:
            own["country"] = territory_code(own["country"], language) if own["country"] else None
            return own, dash.end()
        for start, end, date in dates_in(head, language):
            place = head[:start].strip()
            apart = place.endswith(_COMMAS) or place.isupper()
            place = place.rstrip(" ,،、，")
            if date and apart and not head[end:].strip(" ,،、，.") and _PLACE.fullmatch(place):
                return _fields(
                    [part.strip() for part in re.split("[,،、，]", place)], date, language
                ), (dash.end())
    return None


def _fields(where: list[str], date: datetime.date, language: str) -> dict[str, Any]:
    country = territory_code(where[-1], language) if len(where) > 1 else None
    place = ", ".join(where[:-1]) if country else ", ".join(where)
    return {"place": place, "country": country, "date": date}
