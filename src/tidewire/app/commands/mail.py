"""`tidewire mail`: where mail goes, and what the DNS must say about it."""

import typer
from rich.console import Console

from tidewire.app.assemble import open_house
from tidewire.app.running import run
from tidewire.app.settings import read_settings
from tidewire.channels.email.channel import dkim_records
from tidewire.channels.email.settings import relay_notice

app = typer.Typer(help="Mail: the relay, and the DKIM records to publish.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Mail: the relay, and the DKIM records to publish."""


@app.command()
def dkim() -> None:
    """Print the TXT records that let receivers check our signatures (RFC 6376 section 3.6.2)."""
    typer.echo(run(_records()))


async def _records() -> str:
    async with open_house() as house:
        return dkim_records(house.channel_context())


def say_where_mail_goes() -> None:
    """One sentence on stderr where no relay is set: then no mail leaves."""
    notice = relay_notice(read_settings().environment)
    if notice:
        Console(stderr=True, soft_wrap=True).print(notice, markup=False)
