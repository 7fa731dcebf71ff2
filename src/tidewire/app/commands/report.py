"""`tidewire report`: what became of a release, as tables with bars or as JSON."""

import sys
from collections.abc import Sequence
from typing import Annotated

import msgspec
import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidewire.access.refs import must_be_ref
from tidewire.app.assemble import open_house
from tidewire.app.commands.mail import say_where_mail_goes
from tidewire.app.running import run
from tidewire.reports.distribution import ChannelReport, Counts, Distribution, Part, distribution
from tidewire.reports.drawing import short_time
from tidewire.reports.routes import report_link

BAR_WIDTH = 20
WIDE = 110  # columns of a terminal that has room for bars everywhere
COLOURS = (
    ("accepted", "█", "cyan"),
    ("deferred", "▒", "yellow"),
    ("refused", "▓", "red"),
    ("dead", "■", "white"),
    ("waiting", "·", "bright_black"),
)
NUMBERS = ("due", "accepted", "deferred", "refused", "dead")
TIMES = ("first", "p50", "p99", "last", "bounced", "unsubscribed")
SHOWN = 15


def report(
    ref: Annotated[str, typer.Argument(help="The release's id.")],
    json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
    version: Annotated[
        int | None, typer.Option(min=1, max=32_767, help="The newest published one by default.")
    ] = None,
) -> None:
    """Show who was due, who accepted, and how fast, by channel, country and language."""
    must_be_ref(ref)
    found, link = run(_read(ref, version))
    if json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
        return
    show(found, link, Console())
    say_where_mail_goes()


async def _read(ref: str, version: int | None) -> tuple[Distribution, str]:
    async with open_house() as house:
        async with house.database.transaction() as tx:
            found = await distribution(tx, ref, version, now=house.clock.now())
        return found, report_link(house.signer, house.settings.base_url, ref)


def show(found: Distribution, link: str, console: Console) -> None:
    """Print a report: one table of channels, then countries and languages for each channel."""
    console.print(Text(found.headline or found.ref, style="bold"))
    moment = f"{found.t0:%Y-%m-%d %H:%M:%S} UTC" if found.t0 else "not published yet"
    console.print(Text(f"{found.issuer} · {moment} · version {found.version} · {found.act}"))
    console.print(_channels(found.channels))
    console.print(_times(found.channels))
    for title, parts in (("country", found.countries), ("language", found.languages)):
        if parts:
            console.print(_parts(title, parts, bars=console.width >= WIDE))
    console.print("Channels are not added up: each counts something else.")
    console.print(Text(link), soft_wrap=True)


def _channels(channels: tuple[ChannelReport, ...]) -> Table:
    table = _table("Deliveries by channel", "channel", NUMBERS)
    table.add_column("", no_wrap=True)
    for one in channels:
        counts = (f"{getattr(one.counts, name):,}" for name in NUMBERS)
        table.add_row(one.channel, *counts, bar(one.counts))
    return table


def _times(channels: tuple[ChannelReport, ...]) -> Table:
    table = _table("From T0, and what came back", "channel", TIMES)
    for one in channels:
        times = one.times
        moments = (times.first_ms, times.p50_ms, times.p99_ms, times.last_ms) if times else ()
        table.add_row(
            one.channel,
            *([short_time(ms) for ms in moments] or ["–"] * 4),
            f"{one.bounced:,}",
            f"{one.unsubscribed:,}",
        )
    return table


def _table(title: str, first: str, numbers: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE, pad_edge=False)
    table.add_column(first, no_wrap=True)
    for name in numbers:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _parts(title: str, parts: tuple[Part, ...], *, bars: bool) -> Table:
    names = list(dict.fromkeys(part.name for part in parts))
    channels = list(dict.fromkeys(part.channel for part in parts))
    found = {(part.name, part.channel): part.counts for part in parts}
    table = _table(f"Accepted of due by {title}", title, ())
    for channel in channels:
        table.add_column(channel, justify="right", no_wrap=True)
        table.add_column("", no_wrap=True)
    for name in names[:SHOWN]:
        cells: list[Text | str] = []
        for channel in channels:
            counts = found.get((name, channel))
            cells += (
                [f"{counts.accepted:,} / {counts.due:,}", bar(counts, 8) if bars else ""]
                if counts
                else ["–", ""]
            )
        table.add_row(name, *cells)
    if len(names) > SHOWN:
        table.caption = f"and {len(names) - SHOWN} more: tidewire report --json"
    return table


def bar(counts: Counts, width: int = BAR_WIDTH) -> Text:
    """A bar of `width` characters; every state that is there has at least one of its own."""
    present = [(getattr(counts, name), sign, colour) for name, sign, colour in COLOURS]
    present = [one for one in present if one[0]]
    if not present:
        return Text("")
    cells = [max(1, round(number / counts.due * width)) for number, _, _ in present]
    cells[cells.index(max(cells))] += width - sum(cells)
    drawn = Text()
    for size, (_, sign, colour) in zip(cells, present, strict=True):
        drawn.append(sign * size, style=colour)
    return drawn
