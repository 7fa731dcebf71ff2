"""Rows of the three import files, checked and made into arrivals."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from tidewire.audience import interest
from tidewire.audience.addresses import mail_address, webhook_address, webhook_secret
from tidewire.languages import canonical
from tidewire.languages.regions import place_code
from tidewire.model.delivery import ChannelCode
from tidewire.model.errors import BadInput
from tidewire.model.subscriber import OUTLET_KINDS, Kind
from tidewire.store.arrivals import Arrival, Profile, Wish

# Why a journalist may be written to, in the terms of data protection law.
CONSENT_BASES = ("consent", "contract", "legitimate-interest", "public-role")
LONGEST_ID = 200
LONGEST_NAME = 300
LONGEST_SOURCE = 500
MOST_LANGUAGES = 16

_EVERYTHING = Wish((), ())
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Form:
    """What a file of one kind of subscriber holds: its columns, and how a row is read.

    `read` takes (line, values in the order of `columns`) and raises ValueError, which says what
    is wrong with the row.
    """

    kind: Kind
    columns: tuple[str, ...]
    read: Callable[[int, tuple[str, ...]], Arrival]


def read_outlet(line: int, values: tuple[str, ...]) -> Arrival:
    """A medium that republishes: reached by webhook, by mail, by both, or by neither.

    Who has neither is pushed to (an endpoint of its own) or pulls with a key.
    """
    outside_id, name, country, languages, outlet_kind, wants, webhook, secret, mail = values
    endpoints: list[tuple[ChannelCode, str, str]] = []
    if webhook:
        signed_with = webhook_secret(secret) if secret else ""
        endpoints.append((ChannelCode.WEBHOOK, webhook_address(webhook), signed_with))
    elif secret:
        raise ValueError("there is a webhook_secret but no webhook.")
    if mail:
        endpoints.append((ChannelCode.EMAIL, mail_address(mail), ""))
    return Arrival(
        line,
        *_who(outside_id, name),
        _profile(country, languages, outlet_kind),
        _wishes(wants),
        tuple(endpoints),
    )


def read_journalist(line: int, values: tuple[str, ...]) -> Arrival:
    """A person who gets mail: only with a basis for that, its source and its date."""
    outside_id, name, mail, country, languages, outlet_kind, wants, basis, source, day = values
    if basis.lower() not in CONSENT_BASES:
        raise ValueError(
            f"consent_basis is {basis!r}; it must be one of {', '.join(CONSENT_BASES)}."
        )
    _length("consent_source", source, LONGEST_SOURCE)
    _check_date(day)
    return Arrival(
        line,
        *_who(outside_id, name),
        _profile(country, languages, outlet_kind),
        _wishes(wants),
        ((ChannelCode.EMAIL, mail_address(mail), ""),),
        (basis.lower(), source, day),
    )


def read_desktop(line: int, values: tuple[str, ...]) -> Arrival:
    """A screen that is fed live: it connects to us, so it has no address."""
    outside_id, name, country, languages, outlet_kind, wants = values
    return Arrival(
        line,
        *_who(outside_id, name),
        _profile(country, languages, outlet_kind),
        _wishes(wants),
    )


_PROFILE = ("country", "languages", "outlet_kind", "interest")
FORMS: Mapping[Kind, Form] = {
    Kind.OUTLET: Form(
        Kind.OUTLET,
        ("outside_id", "name", *_PROFILE, "webhook", "webhook_secret", "mail"),
        read_outlet,
    ),
    Kind.JOURNALIST: Form(
        Kind.JOURNALIST,
        ("outside_id", "name", "mail", *_PROFILE)
        + ("consent_basis", "consent_source", "consent_date"),
        read_journalist,
    ),
    Kind.DESKTOP: Form(Kind.DESKTOP, ("outside_id", "name", *_PROFILE), read_desktop),
}


def _who(outside_id: str, name: str) -> tuple[str, str]:
    _length("outside_id", outside_id, LONGEST_ID)
    _length("name", name, LONGEST_NAME)
    return outside_id, name


def _length(column: str, value: str, most: int) -> None:
    if not value:
        raise ValueError(f"{column} is empty.")
    if len(value) > most:
        raise ValueError(f"{column} is longer than {most} characters.")


@lru_cache(maxsize=16_384)
def _profile(country: str, languages: str, outlet_kind: str) -> Profile:
    return Profile.of(_country(country), _languages(languages), _outlet_kind(outlet_kind))


def _country(text: str) -> str:
    code = place_code(text) if text else ""
    if code is None:
        raise ValueError(f"country {text!r} is neither a country (DE) nor a region (150, Europe).")
    return code


def _languages(text: str) -> tuple[str, ...]:
    tags: dict[str, None] = {}
    for part in text.split(";"):
        if tag := part.strip():
            language = canonical(tag)
            if language is None:
                raise ValueError(f"languages: {tag!r} is not a language tag such as de (BCP 47).")
            tags[language] = None
    if not 0 < len(tags) <= MOST_LANGUAGES:
        raise ValueError(f"languages must name 1 to {MOST_LANGUAGES}, best first, split by ;")
    return tuple(tags)


def _outlet_kind(text: str) -> str:
    kind = text.lower()
    if kind and kind not in OUTLET_KINDS:
        raise ValueError(f"outlet_kind {text!r} is not one of {', '.join(OUTLET_KINDS)}.")
    return kind


def _wishes(text: str) -> tuple[Wish, ...]:
    """The clauses of an interest; one that many ask for is read once."""
    if not text:
        return (_EVERYTHING,)
    parts = text.split(" OR ")
    if len(parts) <= interest.MOST_CLAUSES and len(text) <= interest.LONGEST_TEXT:
        alone = [wish for part in parts if (wish := _wish(part))]
        if len(alone) == len(parts):
            return tuple(alone)
    return _together(text)


@lru_cache(maxsize=65_536)
def _wish(part: str) -> Wish | None:
    """The clause that this part of an interest is; None where it cannot be read by itself."""
    try:
        found = interest.terms(part)
    except BadInput:
        return None
    return Wish(*found[0]) if len(found) == 1 and part.strip() else None


@lru_cache(maxsize=4_096)
def _together(text: str) -> tuple[Wish, ...]:
    try:
        return tuple(Wish(*sides) for sides in interest.terms(text))
    except BadInput as error:
        raise ValueError(str(error)) from error


@lru_cache(maxsize=4_096)
def _check_date(text: str) -> None:
    try:
        if _DATE.fullmatch(text):
            date.fromisoformat(text)
            return
    except ValueError:
        pass
    raise ValueError(f"consent_date {text!r} is not a date such as 2026-03-01.")
