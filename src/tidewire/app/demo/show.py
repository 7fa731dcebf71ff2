"""What a demo shows: progress while it plays, the verdict, and the addresses to look at."""

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from tidewire.app.demo.play import Look, Play
from tidewire.app.demo.verdict import Verdict
from tidewire.formats import addresses
from tidewire.languages import language_name
from tidewire.model.delivery import ChannelCode
from tidewire.reports.routes import report_link

STATES = ("accepted", "deferred", "refused", "dead")
# The ways that the simulated world has.
CHANNELS = tuple(
    code.label
    for code in (
        ChannelCode.EMAIL,
        ChannelCode.WEBHOOK,
        ChannelCode.FEED,
        ChannelCode.STREAM,
        ChannelCode.WEBSUB,
        ChannelCode.SFTP,
        ChannelCode.WORDPRESS,
    )
)


def progress(look: Look) -> Table:
    """The table of one look: the ledger's counts by channel, and what the world has."""
    table = Table(title=_when(look), title_justify="left")
    table.add_column("channel")
    for name in ("due", *STATES, "the world has"):
        table.add_column(name, justify="right")
    for channel in CHANNELS:
        counts = look.table.get(channel, {})
        cells = [sum(counts.values()), *(counts.get(state, 0) for state in STATES)]
        cells.append(look.seen.get(channel, 0))
        table.add_row(channel, *(f"{cell:,}" for cell in cells))
    return table


def line(look: Look) -> str:
    """One look in one line: accepted/due, by channel."""
    counts = {channel: look.table.get(channel, {}) for channel in CHANNELS}
    parts = [
        f"{channel} {states.get('accepted', 0):,}/{sum(states.values()):,}"
        for channel, states in counts.items()
    ]
    return f"  {_when(look)}: {', '.join(parts)}"


def _when(look: Look) -> str:
    seconds = (look.now - look.t0).total_seconds()
    return f"T0 in {-seconds:.1f} s" if seconds < 0 else f"T0 + {seconds:.1f} s"


def report(verdict: Verdict) -> Table:
    """The verdict in one table. Channels are never added up."""
    found = verdict.report
    table = Table(title=found.headline, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.caption = "seen: what the world took. back: bounces, complaints, unsubscriptions."
    table.caption_justify = "left"
    table.add_column("channel", no_wrap=True)
    columns = ("due", *STATES, "seen", "p50 ms", "p99 ms", "last", "back")
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for channel in found.channels:
        counts, times = channel.counts, channel.times
        cells = [counts.due, counts.accepted, counts.deferred, counts.refused, counts.dead]
        cells.append(verdict.seen.get(channel.channel, 0))
        moments = [times.p50_ms, times.p99_ms, times.last_ms] if times else []
        returned = channel.bounced + channel.complained + channel.unsubscribed
        table.add_row(
            channel.channel,
            *(f"{cell:,}" for cell in cells),
            *([f"{moment:,}" for moment in moments] or ["", "", ""]),
            f"{returned:,}" if returned else "",
        )
    return table


def languages(verdict: Verdict) -> Table:
    """Who got which: in each language, what was accepted of what was due on each channel."""
    parts = {(part.name, part.channel): part.counts for part in verdict.report.languages}
    names = list(dict.fromkeys(part.name for part in verdict.report.languages))
    channels = [one.channel for one in verdict.report.channels]
    table = Table(box=SIMPLE, padding=(0, 1, 0, 0))
    table.caption = "accepted/due, by the language that each subscriber got."
    table.caption_justify = "left"
    table.add_column("language", no_wrap=True)
    for channel in channels:
        table.add_column(channel, justify="right", no_wrap=True)
    for name in names:
        found = [parts.get((name, channel)) for channel in channels]
        cells = [f"{one.accepted:,}/{one.due:,}" if one else "" for one in found]
        table.add_row(f"{language_name(name, 'en')} ({name})", *cells)
    return table


def verdict_line(verdict: Verdict) -> Text:
    """The sentence that matters."""
    if verdict.agree:
        return Text("The ledger and the world agree to the last delivery.", style="bold green")
    lines = [*verdict.agreement.lines(), *verdict.faults[:10]]
    words = ["The ledger and the world do not agree:", *(f"  {line}" for line in lines)]
    return Text("\n".join(words), style="bold red")


def addresses_to_look_at(play: Play, verdict: Verdict, console: Console) -> None:
    """Print where everything can be seen while the demo stays up."""
    settings = play.setting.house.settings
    base, ref = settings.base_url, play.ref
    keys = play.setting.world["keys"]
    language = verdict.report.language
    lines = {
        "release": addresses.release_url(base, ref, language),
        "report": report_link(play.setting.house.signer, base, ref),
        "front": addresses.front_url(base),
        "feed": addresses.feed_url(base, language, None, "atom"),
        "API": f"{base}/docs",
        "stream": f'curl -N -H "Authorization: Bearer $(sed -n 1p {keys} | cut -f2)"'
        f' -H "Last-Event-ID: 0" {settings.stream_url}',
        "truth": f"{play.setting.control}/truth",
        "files": str(play.setting.folder / "world" / "files"),
        "logs": str(play.setting.folder / "logs"),
    }
    console.print()
    for name, value in lines.items():
        console.print(Text(f"  {name:<8}{value}"), soft_wrap=True)
    console.print("\nIt stays up. Ctrl-C ends it.")
