"""`tidewire endpoint`: where outlets are pushed to, what is held back, how it comes back."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from tidewire.app.assemble import House, open_house
from tidewire.app.running import run
from tidewire.model.delivery import ChannelCode
from tidewire.model.errors import BadInput, Conflict, NotFound
from tidewire.model.subscriber import EndpointState, Kind
from tidewire.store import deliveries, endpoints, health, subscribers, subscriptions

REPLAY = timedelta(days=7)  # what a returning endpoint is sent after all

LONGEST_SECRET = 20_000  # a private key of 8192 bits takes a third of that
PUSHED = {code.label: code for code in (ChannelCode.SFTP, ChannelCode.FTPS, ChannelCode.WORDPRESS)}

app = typer.Typer(help="Addresses: where to push to, which are held back, how one comes back.")


@app.callback()
def group() -> None:
    """Addresses: where to push to, which are held back, how one comes back."""


@app.command()
def add(
    channel: Annotated[str, typer.Argument(help="sftp, ftps or wordpress")],
    outlet: Annotated[str, typer.Argument(help="The outlet's outside_id, as it was imported.")],
    address: Annotated[str, typer.Argument(help="Where to: see docs/guides/push.md.")],
    secret_file: Annotated[
        str, typer.Option(help="A file with the password or private key; - reads it from stdin.")
    ],
) -> None:
    """Push to an outlet from now on; once more, with a new secret, replaces that."""
    code = PUSHED.get(channel)
    if code is None:
        raise BadInput(f"{channel!r} is no such channel.", f"One of: {', '.join(PUSHED)}.")
    number, new = run(_add(code, outlet, address, _secret(secret_file)))
    said = "It is pushed to" if new else "It has a new secret"
    typer.echo(f"{said}: endpoint {number}.")


@app.command()
def disable(endpoint_id: int) -> None:
    """Send nothing more to an endpoint."""
    run(_disable(endpoint_id))
    typer.echo("It is not sent to any more.")


@app.command("list")
def list_held() -> None:
    """Endpoints that are paused or disabled."""
    run(_list())


@app.command()
def enable(endpoint_id: int) -> None:
    """Send to an endpoint again, and replay what it missed in the last seven days."""
    typer.echo(f"It is sent to again; {run(_enable(endpoint_id))} deliveries are replayed.")


def _secret(file: str) -> str:
    """The secret, without the line's end behind a password."""
    try:
        raw = sys.stdin.read(LONGEST_SECRET + 1) if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise BadInput("The file with the secret cannot be read.", "Name a text file.") from None
    if len(raw) > LONGEST_SECRET:
        raise BadInput(f"The secret is longer than {LONGEST_SECRET} characters.")
    return raw if "\n" in raw.strip() else raw.strip("\r\n")


async def _add(code: ChannelCode, outlet: str, address: str, secret: str) -> tuple[int, bool]:
    """(id, whether it is new)."""
    async with open_house() as house:
        await _check(house, code, address, secret)
        async with house.database.transaction() as tx:
            subscriber = await subscribers.of_outside_id(tx, Kind.OUTLET, outlet)
            found = await endpoints.of_address(tx, code, address)
            if found is None:
                return await endpoints.add(tx, subscriber.id, code, address, secret), True
            if found.subscriber_id != subscriber.id:
                raise Conflict(f"This address is another outlet's: endpoint {found.id}.")
            await endpoints.set_secret(tx, found.id, secret)
            return found.id, False


async def _check(house: House, code: ChannelCode, address: str, secret: str) -> None:
    """Raise BadInput where the channel could never send there."""
    from tidewire.channels.ftps.channel import FtpsChannel
    from tidewire.channels.sftp.channel import SftpChannel
    from tidewire.channels.wordpress.channel import WordPressChannel

    makes: dict[ChannelCode, type[SftpChannel | FtpsChannel | WordPressChannel]] = {
        ChannelCode.SFTP: SftpChannel,
        ChannelCode.FTPS: FtpsChannel,
        ChannelCode.WORDPRESS: WordPressChannel,
    }
    made = makes[code](house.channel_context())
    try:
        made.check(address, secret)
    finally:
        await made.close()


async def _disable(endpoint_id: int) -> None:
    async with open_house() as house, house.database.transaction() as tx:
        found = await endpoints.by_id(tx, endpoint_id)
        if found is None:
            raise NotFound(f"There is no endpoint {endpoint_id}.", "See: tidewire endpoint list.")
        if found.state is not EndpointState.SUPPRESSED:
            await endpoints.set_state(tx, endpoint_id, EndpointState.DISABLED)


async def _list() -> None:
    async with open_house() as house, house.database.transaction() as tx:
        held = await endpoints.held_back(tx)
    table = Table("id", "channel", "state", "address")
    for one in held:
        table.add_row(str(one.id), one.channel.label, one.state.name.lower(), one.address)
    Console().print(table)


async def _enable(endpoint_id: int) -> int:
    async with open_house() as house, house.database.transaction() as tx:
        found = await endpoints.by_id(tx, endpoint_id)
        if found is None:
            raise NotFound(f"There is no endpoint {endpoint_id}.", "See: tidewire endpoint list.")
        if found.state is EndpointState.SUPPRESSED:
            raise Conflict("This address is suppressed.", "Only its owner can ask for mail again.")
        if found.channel is ChannelCode.WEBSUB and not await subscriptions.holds(tx, endpoint_id):
            raise Conflict("This subscription has ended.", "Its subscriber can ask the hub again.")
        now = house.clock.now()
        await endpoints.set_state(tx, endpoint_id, EndpointState.ACTIVE)
        await health.forget(tx, endpoint_id)
        return await deliveries.revive(tx, endpoint_id, since=now - REPLAY, now=now)
