"""Endpoints that outlets are pushed to: checked by their channel, stored one by one or by file."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Protocol

from tidewire.app.assemble import House
from tidewire.audience.rejects import Rejection, Rejects, Summary
from tidewire.audience.sheet import Row, Sheet
from tidewire.model.delivery import ChannelCode
from tidewire.model.errors import BadInput, Conflict, WireError
from tidewire.model.subscriber import Kind
from tidewire.store import endpoints, subscribers
from tidewire.store.database import Connection

COLUMNS = ("outlet", "channel", "address", "secret_file")
PUSHED = {code.label: code for code in (ChannelCode.SFTP, ChannelCode.FTPS, ChannelCode.WORDPRESS)}
LONGEST_SECRET = 20_000  # a private key of 8192 bits takes a third of that


class Checks(Protocol):
    """A channel that knows what could never be sent."""

    def check(self, address: str, secret: str) -> None:
        """Raise BadInput, saying why, where nothing could ever be sent with these."""
        ...

    async def close(self) -> None:
        """Let connections go."""
        ...


def code_of(channel: str) -> ChannelCode:
    """The channel of this name. Raises BadInput where nothing is pushed on it."""
    code = PUSHED.get(channel)
    if code is None:
        raise BadInput(f"{channel!r} is no such channel.", f"One of: {', '.join(PUSHED)}.")
    return code


def read_secret(file: Path) -> str:
    """The secret in a text file. Raises BadInput where it cannot be read."""
    try:
        with file.open(encoding="utf-8") as text:
            return bare_secret(text.read(LONGEST_SECRET + 1))
    except (OSError, UnicodeDecodeError):
        raise BadInput("The file with the secret cannot be read.", "Name a text file.") from None


def bare_secret(text: str) -> str:
    """A secret without the line's end behind a password. Raises BadInput where it is too long."""
    if len(text) > LONGEST_SECRET:
        raise BadInput(f"The secret is longer than {LONGEST_SECRET} characters.")
    return text if "\n" in text.strip() else text.strip("\r\n")


async def add_endpoint(
    house: House, code: ChannelCode, outlet: str, address: str, secret: str
) -> tuple[int, bool]:
    """(id, whether it is new). Raises BadInput, NotFound for the outlet, Conflict."""
    async with _checks(house) as checks:
        checks[code].check(address, secret)
    async with house.database.transaction() as tx:
        return await _store(tx, code, outlet, address, secret)


async def import_endpoints(house: House, file: Path) -> Summary:
    """Add every endpoint of a CSV file; the rows that cannot be are told, as with other imports.

    Secrets lie in files of their own, named from the CSV file's folder. Raises BadInput where
    the file as a whole cannot be taken.
    """
    summary = Summary()
    with contextlib.closing(Sheet(file, COLUMNS)) as sheet:
        rows = await asyncio.to_thread(list, sheet.rows())
        if not rows:
            raise BadInput(f"{file.name} has a header but no rows.")
        rejected: list[Rejection] = []
        async with _checks(house) as checks, house.database.transaction() as tx:
            for row in rows:
                try:
                    new = await _take(tx, checks, row, file.parent)
                except WireError as error:
                    rejected.append(Rejection(row, str(error)))
                    continue
                summary.new += new
                summary.renewed += not new
        with contextlib.closing(Rejects(sheet)) as rejects:
            summary.reject(rejected, rejects)
    return summary


async def _take(
    tx: Connection, checks: Mapping[ChannelCode, Checks], row: Row, folder: Path
) -> bool:
    """Take one row in; True where its endpoint is new."""
    if row.fault:
        raise BadInput(row.fault)
    outlet, channel, address, secret_file = row.values
    code = code_of(channel)
    secret = await asyncio.to_thread(read_secret, folder / secret_file)
    checks[code].check(address, secret)
    return (await _store(tx, code, outlet, address, secret))[1]


async def _store(
    tx: Connection, code: ChannelCode, outlet: str, address: str, secret: str
) -> tuple[int, bool]:
    subscriber = await subscribers.of_outside_id(tx, Kind.OUTLET, outlet)
    found = await endpoints.of_address(tx, code, address)
    if found is None:
        return await endpoints.add(tx, subscriber.id, code, address, secret), True
    if found.subscriber_id != subscriber.id:
        raise Conflict(f"This address is another outlet's: endpoint {found.id}.")
    await endpoints.set_secret(tx, found.id, secret)
    return found.id, False


@contextlib.asynccontextmanager
async def _checks(house: House) -> AsyncIterator[Mapping[ChannelCode, Checks]]:
    """The channels that push. They connect to nothing."""
    # Here, so that other commands do not carry these channels' libraries.
    from tidewire.channels.ftps.channel import FtpsChannel
    from tidewire.channels.sftp.channel import SftpChannel
    from tidewire.channels.wordpress.channel import WordPressChannel

    context = house.channel_context()
    made: Mapping[ChannelCode, Checks] = {
        ChannelCode.SFTP: SftpChannel(context),
        ChannelCode.FTPS: FtpsChannel(context),
        ChannelCode.WORDPRESS: WordPressChannel(context),
    }
    try:
        yield made
    finally:
        for channel in made.values():
            await channel.close()
