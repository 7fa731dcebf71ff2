"""The sheet of a release against its texts: datelines, and the codes and addresses of its people.

What a text does not have is no finding: only what it has almost so, and not so, is one.
"""

from collections.abc import Iterator

from tidewire.crosscheck.codes import phone_value
from tidewire.crosscheck.compare import Finding, name, said
from tidewire.crosscheck.fact import Kind, Place
from tidewire.crosscheck.facts import Facts
from tidewire.crosscheck.match import Weight
from tidewire.crosscheck.names import inserted, misspelt
from tidewire.crosscheck.text import Block
from tidewire.model.release import Release


def sheet(release: Release, all_facts: list[Facts]) -> Iterator[Finding]:
    """Slips between the sheet and the texts, and between one dateline and the first."""
    yield from _datelines(release)
    known = _known(release)
    names = [one.name for one in release.contacts] + [one.name for one in release.organisations]
    named = [Block("sheet", number, "", one) for number, one in enumerate(names)]
    for at, facts in enumerate(all_facts):
        for mine, fact in misspelt(named, facts.text):
            if inserted(mine.words, fact.words):
                message = f'"{fact.words}" is "{mine.words}" in the sheet.'
                yield Finding(Weight.WARNING, "sheet-differs", Kind.NAME, at, fact.place, message)
        for fact in facts.said():
            there = known.get(fact.kind, ())
            if fact.value in there:
                continue
            meant = next((one for one in there if inserted(one, fact.value)), None)
            if meant:
                message = f'"{said(fact)}" is "{meant}" in the sheet.'
                yield Finding(Weight.WARNING, "sheet-differs", fact.kind, at, fact.place, message)


def _known(release: Release) -> dict[Kind, tuple[str, ...]]:
    """What the sheet has, spelt as facts are."""
    people, about = release.contacts, release.organisations
    return {
        Kind.MAIL: tuple(one.mail.lower() for one in people if one.mail),
        Kind.PHONE: tuple(phone_value(one.phone) for one in people if one.phone),
        Kind.ISIN: tuple(one.isin for one in about if one.isin),
        Kind.TICKER: tuple(one.ticker for one in about if one.ticker),
    }


def _datelines(release: Release) -> Iterator[Finding]:
    """Another day or another country than the first dateline has; the place may be translated."""
    first = release.renditions[0]
    for at, rendition in enumerate(release.renditions):
        here, there = rendition.dateline, first.dateline
        if here is None or there is None:
            continue
        for what, one, other in (
            ("date", here.date, there.date),
            ("country", here.country, there.country),
        ):
            if one and other and one != other:
                message = (
                    f"The {name(rendition.language)} dateline has the {what} {one}, the"
                    f" {name(first.language)} one {other}."
                )
                place = Place("dateline")
                yield Finding(Weight.WARNING, "dateline-differs", Kind.DATE, at, place, message)
