"""The report as an HTML page: every number that matters drawn, and in words or a table too."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from markupsafe import Markup

from tidewire.formats import addresses, site
from tidewire.languages import Furniture, direction, furniture, known, language_name
from tidewire.reports import drawing
from tidewire.reports.distribution import ChannelReport, Counts, Distribution, Part
from tidewire.reports.timing import Times

# Drawn; the rest is one row, and a list to open.
MOST_COUNTRIES = 12
MOST_LANGUAGES = 15
STATE_WORDS = {
    "accepted": "accepted",
    "deferred": "deferred",
    "refused": "refused",
    "dead": "dead",
    "waiting": "waiting",
}

_templates = site.templates("tidewire.reports")


@dataclass(frozen=True, slots=True)
class Cell:
    """One channel in one country or language: its number and its small bar."""

    accepted: str
    due: str
    bar: Markup


@dataclass(frozen=True, slots=True)
class Row:
    """One country or language; a cell per channel, None where nothing was due."""

    name: str
    cells: tuple[Cell | None, ...]


def report_page(
    report: Distribution,
    *,
    language: str,
    base_url: str,
    token: str = "",
    mail_leaves: bool = True,
) -> str:
    """The page in one of the languages that have furniture. `token` is kept in its links."""
    words = furniture(language)
    line = drawing.axis([one.timeline for one in report.channels])
    here = addresses.report_url(base_url, report.ref)
    return _templates.get_template("report.html").render(
        language=language,
        direction=words.direction,
        words=words,
        report=report,
        mail_leaves=mail_leaves,
        headline_direction=direction(report.language),
        patterns=drawing.patterns(),
        states=[(state, words.word(STATE_WORDS[state])) for state in drawing.STATES],
        swatch=drawing.swatch,
        channels=[_channel(one, words) for one in report.channels],
        timelines=[_timeline(one, line, words) for one in report.channels if line and one.times],
        countries=_table(report.countries, words, words.country, MOST_COUNTRIES),
        tongues=_table(report.languages, words, words.language, MOST_LANGUAGES),
        honest=_honest(report, words),
        published=words.moment(report.t0) if report.t0 else words.word("not_published"),
        page_url=addresses.release_url(base_url, report.ref, report.language) if report.t0 else "",
        languages=[
            (
                tag,
                language_name(tag, tag),
                _with(here, language=tag, version=report.version, token=token),
            )
            for tag in known()
        ],
        versions=[
            (number, _with(here, language=language, version=number, token=token))
            for number in report.versions
        ],
    )


def _with(address: str, **query: object) -> str:
    return f"{address}?{urlencode({key: value for key, value in query.items() if value})}"


def _channel(one: ChannelReport, words: Furniture) -> dict[str, Any]:
    name = words.word(f"channel_{one.channel}")
    counts = one.counts
    said = words.word(
        "report_states",
        channel=name,
        **{key: words.number(getattr(counts, key)) for key in (*drawing.STATES, "due")},
    )
    later = (
        ("bounces", one.bounced),
        ("complaints", one.complained),
        ("unsubscribes", one.unsubscribed),
        ("repeats", one.repeats),
    )
    return {
        "id": one.channel,
        "name": name,
        "accepted": words.number(counts.accepted),
        "due": words.number(counts.due),
        "bar": drawing.states_bar(
            counts, name=f"states-{one.channel}", title=name, description=said
        ),
        "counts": [
            (state, words.word(STATE_WORDS[state]), words.number(getattr(counts, state)))
            for state in drawing.STATES
            if getattr(counts, state) or state == "accepted"
        ],
        "times": _times(one.times, words),
        "later": [(words.word(key), words.number(number)) for key, number in later if number],
    }


def _times(found: Times | None, words: Furniture) -> list[tuple[str, str]]:
    if found is None:
        return []
    return [
        (words.word("first"), _span(found.first_ms, words)),
        (words.word("median"), _span(found.p50_ms, words)),
        (words.word("p99"), _span(found.p99_ms, words)),
        (words.word("last"), _span(found.last_ms, words)),
        (words.word("skew"), _span(found.skew_ms, words)),
    ]


def _span(ms: int, words: Furniture) -> str:
    """A span of time with the language's decimal mark."""
    return drawing.short_time(ms).replace(".", words.number(0.5).strip("05"))


def _timeline(one: ChannelReport, line: drawing.Axis, words: Furniture) -> dict[str, Any]:
    assert one.times is not None
    name = words.word(f"channel_{one.channel}")
    said = words.word(
        "report_times",
        channel=name,
        first=_span(one.times.first_ms, words),
        p50=_span(one.times.p50_ms, words),
        p99=_span(one.times.p99_ms, words),
        last=_span(one.times.last_ms, words),
    )
    picture = drawing.timeline(
        one.timeline,
        one.times,
        line,
        name=f"time-{one.channel}",
        title=name,
        description=said,
        labels=(words.word("median"), "p99", words.word("last")),
    )
    rows = [
        (
            f"{_span(b.from_ms, words)} – {_span(b.to_ms, words)}",
            words.number(b.accepted),
        )
        for b in one.timeline
        if b.accepted
    ]
    return {"name": name, "said": said, "picture": picture, "rows": rows}


def _table(parts: Sequence[Part], words: Furniture, named: Any, most: int) -> dict[str, Any]:
    """The first `most` rows, one for the rest of each channel, and the rest by itself."""
    channels = list(dict.fromkeys(sorted((p.channel for p in parts), key=_place)))
    names = list(dict.fromkeys(part.name for part in parts))
    found = {(part.name, part.channel): part.counts for part in parts}
    head, tail = (names, []) if len(names) <= most + 1 else (names[:most], names[most:])
    rest = {channel: _sum(found.get((n, channel)) for n in tail) for channel in channels}
    widest = {
        channel: max(
            [found[n, channel].due for n in head if (n, channel) in found] + [rest[channel].due, 1]
        )
        for channel in channels
    }

    def row(label: str, counts: dict[str, Counts | None]) -> Row:
        return Row(label, tuple(_cell(counts[c], widest[c], words) for c in channels))

    def rows(some: Iterable[str]) -> list[Row]:
        return [row(named(n), {c: found.get((n, c)) for c in channels}) for n in some]

    return {
        "channels": [words.word(f"channel_{channel}") for channel in channels],
        "rows": rows(head),
        "rest": row(words.word("others", number=words.number(len(tail))), dict(rest))
        if tail
        else None,
        "others": rows(tail),
    }


def _place(channel: str) -> int:
    return ("email", "webhook", "feed", "stream").index(channel)


def _cell(counts: Counts | None, widest: int, words: Furniture) -> Cell | None:
    if counts is None or not counts.due:
        return None
    return Cell(
        words.number(counts.accepted), words.number(counts.due), drawing.portion(counts, widest)
    )


def _sum(several: Iterable[Counts | None]) -> Counts:
    """Counts of one channel, over places; never over channels."""
    held = [counts for counts in several if counts is not None]
    return Counts(
        **{
            key: sum(getattr(counts, key) for counts in held)
            for key in ("due", "waiting", "accepted", "deferred", "refused", "dead")
        }
    )


def _honest(report: Distribution, words: Furniture) -> list[tuple[str, list[tuple[str, str]]]]:
    """The five counts: a number per channel, or an empty list for what is not measured."""
    counts = report.counts
    measured = (
        ("honest_accepted", counts.accepted_by_an_endpoint),
        ("honest_shown", counts.shown_as_a_copy),
        ("honest_read", counts.read_by_a_person),
        ("clicked", counts.clicked),
        ("honest_written", counts.written_about),
    )
    return [
        (
            words.word(key),
            [(words.word(f"channel_{c}"), words.number(n)) for c, n in (found or {}).items()],
        )
        for key, found in measured
    ]
