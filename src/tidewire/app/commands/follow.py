"""`tidewire follow`: take what another wire makes public, and go on taking it."""

import asyncio
import re
from pathlib import Path
from typing import Annotated

import typer

from tidewire.app.assemble import House, open_house
from tidewire.app.following.carry import Hands, carry
from tidewire.app.following.source import Source
from tidewire.app.running import run
from tidewire.desk.sign import Desk
from tidewire.intake.submit import Intake
from tidewire.model.errors import BadInput, Conflict, NotFound, Unavailable
from tidewire.model.issuer import Role
from tidewire.store import accounts, origins

NAME = re.compile(r"[a-z0-9]{1,20}")
_WAIT = 30  # seconds that one question may wait for the next edition
_PAUSE = 5  # seconds after which it is asked again where there was no answer


def follow(
    name: Annotated[str, typer.Argument(help="What the other wire is called here: a-z, 0-9.")],
    url: Annotated[str, typer.Argument(help="Its address.")],
    by: Annotated[str, typer.Option("--as", help="The editor whose name stands on it.")],
    key_file: Annotated[
        Path | None, typer.Option(help="File with the key that it gave to you as an outlet.")
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Out at once; else releases wait for the desk.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Up to its newest, and end.")] = False,
) -> None:
    """Take what another Tidewire makes public: releases, corrections, kills."""
    if not NAME.fullmatch(name):
        raise BadInput("This is no name for a wire.", "Write 1 to 20 of a-z and 0-9.")
    source = Source(url, _key(key_file))
    if run(_follow(source, name, by, publish=publish, once=once)):
        raise typer.Exit(2)


def _key(file: Path | None) -> str:
    try:
        return "" if file is None else file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        raise BadInput("The file with the key cannot be read.", "Check its path.") from None


async def _follow(source: Source, name: str, by: str, *, publish: bool, once: bool) -> int:
    """How many editions could not be taken; without `once` it ends only by a signal."""
    async with open_house() as house:
        async with house.database.transaction() as tx:
            editor = await accounts.find_account(tx, Role.EDITOR, by)
            at, after = await origins.followed(tx, name) or (source.url, 0)
        if editor is None:
            raise NotFound(f"There is no editor {by}.", "Add one: tidewire editor add.")
        if at != source.url:
            raise Conflict(f"{name} is {at} here.", "Follow this one under another name.")
        parts = (house.database, house.clock, house.bell, house.vault)
        hands = Hands(Intake(*parts), Desk(*parts), editor, source, name, publish)
        refused = 0
        while True:
            try:
                after, more, failed = await _take(house, hands, source, after, once=once)
            except Unavailable as error:
                if once:
                    raise
                typer.echo(str(error), err=True)
                await asyncio.sleep(_PAUSE)
                async with house.database.transaction() as tx:
                    _, after = await origins.followed(tx, name) or (source.url, 0)
                continue
            refused += failed
            if once and not more:
                return refused


async def _take(
    house: House, hands: Hands, source: Source, after: int, *, once: bool
) -> tuple[int, bool, int]:
    """(cursor, whether there is more, how many were refused) after one answer of the wire.

    What cannot be taken is named and left behind: it must not hold up what comes after it.
    """
    found, items = await source.run(after, 0 if once else _WAIT)
    refused = 0
    for told in found.items:
        try:
            done = await carry(hands, told, items.get(told.sequence, ()))
            if done:
                typer.echo(f"{told.sequence}: {done}")
        except (BadInput, Conflict) as error:
            refused += 1
            typer.echo(f"{told.sequence} ({told.id}) was not taken: {error}", err=True)
            for problem in getattr(error, "problems", ()):
                typer.echo(f"  {problem.pointer}: {problem.message}", err=True)
        async with house.database.transaction() as tx:
            await origins.advance(tx, hands.name, source.url, told.sequence)
    async with house.database.transaction() as tx:
        await origins.advance(tx, hands.name, source.url, found.next)
    return found.next, found.more, refused
