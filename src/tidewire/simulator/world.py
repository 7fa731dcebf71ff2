"""Everybody in the world, from a seed: outlets, journalists, desktops and what they want."""

import base64
import hashlib
import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from tidewire.model.sectors import SECTORS, TOP_SUBJECTS
from tidewire.model.subscriber import OUTLET_KINDS
from tidewire.simulator.places import PLACES
from tidewire.simulator.pushed import pushed
from tidewire.simulator.tempers import chance

KEYWORDS = ("wind power", "hydrogen", "battery", "merger", "recall", "patent", "harbour", "tariff")
ORGANISATIONS = ("Tidal Works AG", "XETR:TWF", "Northgate Foods", "Blue Quay Shipping")
CONSENT_BASES = ("consent", "legitimate-interest")
CONSENT_SOURCES = ("sign-up form", "fair 2025", "editorial directory", "telephone")

COUNTRIES = tuple(PLACES)
SECTOR_NAMES = tuple(SECTORS)
POPULAR = ("technology", "finance", "energy", "industry", "environment")
SECTOR_DRAWS = SECTOR_NAMES + 3 * POPULAR
SUBJECTS = tuple(TOP_SUBJECTS)

# The first of a list are the many: weights fall like 1 / (rank + 8).
_COUNTRY_SUMS = tuple(accumulate(1 / (rank + 8) for rank in range(len(COUNTRIES))))

Draw = Callable[[], float]

EVERYTHING = 0.08  # share of interests that leave nothing out
EXCLUDING = 0.15
DESKTOP_BLOCK = 50_000
UNICODE_MAIL = 0.01


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are; `connected` of the desktops are on line."""

    outlets: int = 6_500
    journalists: int = 86_000
    desktops: int = 3_500_000
    connected: int = 30_000

    def scaled(self, scale: float) -> "Size":
        """This size times `scale`, at least one of each."""
        return Size(
            max(1, round(self.outlets * scale)),
            max(1, round(self.journalists * scale)),
            max(1, round(self.desktops * scale)),
            max(1, round(self.connected * scale)),
        )


@dataclass(frozen=True, slots=True)
class Reader:
    """What all subscribers have: who they are, what they read, what they want."""

    outside_id: str
    name: str
    country: str
    languages: tuple[str, ...]
    outlet_kind: str
    interest: str


@dataclass(frozen=True, slots=True)
class Outlet:
    """A medium; `webhook` or `mail` may be "". `secret` is "" where it takes Ed25519.

    Who is pushed to has neither, and wants everything.
    """

    reader: Reader
    webhook: str
    secret: str
    mail: str


@dataclass(frozen=True, slots=True)
class Journalist:
    """A person who gets mail, and why we may write to them."""

    reader: Reader
    mail: str
    consent_basis: str
    consent_source: str
    consent_date: str


class World:
    """The description of one world; the same seed and size give the same world."""

    def __init__(self, seed: int, size: Size) -> None:
        self.seed = seed
        self.size = size

    def outlets(self, web_port: int) -> Iterator[Outlet]:
        """The outlets; their webhooks are on `web_port` of hosts under sim.localhost."""
        draw, pushed_to = self._draw("outlets"), pushed(self.size.outlets)
        for number in range(1, self.size.outlets + 1):
            reader = _reader(draw, outlet_id(number), f"Outlet {number:04d}")
            way = draw()
            if number in pushed_to:
                yield Outlet(replace(reader, interest=""), "", "", "")
                continue
            yield Outlet(
                reader,
                webhook_url(number, web_port) if way < 0.8 else "",
                self.secret(number) if way < 0.8 else "",
                f"desk-{number:04d}@outlet-{number:04d}.example" if way >= 0.7 else "",
            )

    def journalists(self) -> Iterator[Journalist]:
        """The journalists, at mailboxes of fictional newsrooms."""
        draw = self._draw("journalists")
        for number in range(1, self.size.journalists + 1):
            reader = _reader(draw, f"j-{number:05d}", f"Journalist {number:05d}")
            local = "prensa-económica" if draw() < UNICODE_MAIL else "j"
            yield Journalist(
                reader,
                f"{local}-{number:05d}@newsroom-{int(draw() * 400):03d}.example",
                _one(CONSENT_BASES, draw()),
                _one(CONSENT_SOURCES, draw()),
                f"2025-{int(draw() * 12) + 1:02d}-{int(draw() * 28) + 1:02d}",
            )

    def desktops(self) -> Iterator[Reader]:
        """The desktops; the first `size.connected` of them are on line."""
        for block in self.desktop_blocks():
            yield from self.desktops_of(block)

    def desktop_blocks(self) -> list[range]:
        """The desktops' numbers in blocks, of which each can be made by itself."""
        end = self.size.desktops + 1
        return [range(n, min(n + DESKTOP_BLOCK, end)) for n in range(1, end, DESKTOP_BLOCK)]

    def desktops_of(self, block: range) -> Iterator[Reader]:
        """The desktops of one of these blocks."""
        draw = self._draw(f"desktops from {block.start}")
        for number in block:
            yield _reader(draw, desktop_id(number), f"Desktop {number:07d}")

    def secret(self, number: int) -> str:
        """Outlet `number`'s HMAC secret (Standard Webhooks), "" where it takes Ed25519."""
        if chance(self.seed, "hmac", number) >= 0.3:
            return ""
        raw = hashlib.sha256(f"{self.seed} secret {number}".encode()).digest()
        return "whsec_" + base64.b64encode(raw).decode()

    def _draw(self, what: str) -> Draw:
        # Only Random.random() is used: its numbers are the same in every Python.
        return random.Random(f"{self.seed} {what}").random


def outlet_id(number: int) -> str:
    """The outside id of an outlet: "o-0001"."""
    return f"o-{number:04d}"


def desktop_id(number: int) -> str:
    """The outside id of a desktop: "d-0000001"."""
    return f"d-{number:07d}"


def webhook_url(number: int, port: int) -> str:
    """Where outlet `number` takes webhooks."""
    return f"https://outlet-{number:04d}.sim.localhost:{port}/hook"


def _reader(draw: Draw, outside_id: str, name: str) -> Reader:
    country = _weighted(COUNTRIES, _COUNTRY_SUMS, draw())
    return Reader(
        outside_id,
        name,
        country,
        _languages(draw, country),
        _one(OUTLET_KINDS, draw()),
        _interest(draw, country),
    )


def _languages(draw: Draw, country: str) -> tuple[str, ...]:
    """What someone there reads, best first; half read English too, some German."""
    native = PLACES[country]
    first = native[0] if draw() < 0.75 else _one(native, draw())
    second, fraction = "", draw()
    if fraction < 0.5:
        second = "en"
    elif fraction < 0.6:
        second = "de"
    return (first, second) if second and second != first else (first,)


def _interest(draw: Draw, country: str) -> str:
    """One to three clauses, in the words of `tidewire import`; "" wants everything."""
    if draw() < EVERYTHING:
        return ""
    fraction = draw()
    clauses = [_clause(draw, country)]
    if fraction > 0.7:
        clauses.append(_clause(draw, country))
    if fraction > 0.92:
        clauses.append(_clause(draw, country))
    if draw() < EXCLUDING:
        clauses[0] += f" -sector:{_unwanted(clauses[0], draw())}"
    return " OR ".join(clauses)


def _clause(draw: Draw, country: str) -> str:
    terms, fraction = [], draw()
    if fraction < 0.9:
        wanted = {_one(SECTOR_DRAWS, draw()) for _ in range(1 + int(draw() * 4))}
        terms.append("sector:" + ",".join(sorted(wanted)))
    elif fraction < 0.95:
        terms.append("subject:" + _one(SUBJECTS, draw()))
    elif fraction < 0.98:
        terms.append(f'keyword:"{_one(KEYWORDS, draw())}"')
    else:
        terms.append(f'organisation:"{_one(ORGANISATIONS, draw())}"')
    if draw() < 0.2:
        other = _weighted(COUNTRIES, _COUNTRY_SUMS, draw())
        terms.append("country:" + ",".join(sorted({country, other})))
    return " ".join(terms)


def _unwanted(clause: str, fraction: float) -> str:
    """A sector that the clause does not ask for."""
    start = int(fraction * len(SECTOR_NAMES))
    rest = SECTOR_NAMES[start:] + SECTOR_NAMES[:start]
    return next(sector for sector in rest if sector not in clause)


def _one(values: Sequence[str], fraction: float) -> str:
    return values[int(fraction * len(values))]


def _weighted(values: Sequence[str], sums: Sequence[float], fraction: float) -> str:
    return values[bisect_right(sums, fraction * sums[-1])]
