"""`tidewire desk`: the queue, and what editors decide."""

import json
import os
import pwd
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from tidewire.app.assemble import open_house
from tidewire.app.commands.mail import say_where_mail_goes
from tidewire.app.commands.submit import print_problems, with_pictures
from tidewire.app.running import run
from tidewire.desk import decide, queue, renditions
from tidewire.desk.answers import queued_out, shown_out
from tidewire.desk.sign import Decided, Desk
from tidewire.formats.article import article
from tidewire.formats.text import article_text, plain
from tidewire.intake.beside import files_of
from tidewire.intake.read import read_files
from tidewire.intake.strings import block
from tidewire.intake.submission import Correction
from tidewire.intake.submit import Intake, examine, owner_of, replacement
from tidewire.model.errors import BadInput, NotFound
from tidewire.model.issuer import Caller, Role
from tidewire.model.opening import Opening, Why
from tidewire.model.picture import Picture
from tidewire.model.release import Release, State
from tidewire.store import accounts

app = typer.Typer(help="The desk: look, decide.", no_args_is_help=True)

Ref = Annotated[str, typer.Argument(help="The release's ref.")]
Language = Annotated[str, typer.Argument(help="BCP 47 tag of a rendition that waits.")]
By = Annotated[str, typer.Option("--as", help="The editor whose name stands on it.")]
Note = Annotated[str, typer.Option(help="Why, or what changed.")]
At = Annotated[str, typer.Option(help="ISO 8601 with an offset: 2026-03-03T12:00:00+01:00.")]
Now = Annotated[bool, typer.Option("--now", help="At once.")]
AsJson = Annotated[bool, typer.Option("--json")]
Work = Callable[[Desk, Caller], Awaitable[Decided]]


@app.command("list")
def list_releases(
    state: Annotated[list[State] | None, typer.Option(help="Only these; none: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Releases, the newest first."""
    run(_list(state or [], as_json))


@app.command()
def show(ref: Ref, as_json: AsJson = False) -> None:
    """One release: its text, what the checks find now, what was decided."""
    run(_show(ref, as_json))


@app.command()
def picture(
    ref: Ref,
    name: Annotated[str, typer.Argument(help="The picture, as `show` names it.")],
    to: Annotated[Path, typer.Option(help="The file to write.", dir_okay=False)],
) -> None:
    """Write a picture to a file, to look at it; before T0 the ledger tells who did."""
    raw = run(_picture(ref, name))
    try:
        with to.open("xb") as out:
            out.write(raw)
    except OSError as error:
        raise BadInput(f"{to} cannot be written: {error.strerror}.", "Name a new file.") from None


@app.command("return")
def send_back(ref: Ref, by: By, note: Note) -> None:
    """Back to its issuer, with the reason."""
    said = _said(note)
    _decide(by, lambda desk, caller: decide.send_back(desk, caller, ref, said))


@app.command()
def approve(
    ref: Ref,
    by: By,
    at: At = "",
    now: Now = False,
    note: Note = "",
    checked: Annotated[
        list[str] | None, typer.Option(help="Language of a machine's rendition that was checked.")
    ] = None,
) -> None:
    """It may go out; with --at or --now its moment is set in the same breath."""
    when = _when(at, now)

    async def work(desk: Desk, caller: Caller) -> Decided:
        return await decide.approve(
            desk,
            caller,
            ref,
            note=_text(note),
            then=when,
            schedules=when is not None,
            checked=checked or (),
        )

    _decide(by, work)


@app.command("approve-rendition")
def approve_rendition(ref: Ref, language: Language, by: By, note: Note = "") -> None:
    """One rendition may go: with its release, or now where that is out."""
    said = _text(note)
    _decide(by, lambda desk, who: renditions.approve_rendition(desk, who, ref, language, said))


@app.command("reject-rendition")
def reject_rendition(ref: Ref, language: Language, by: By, note: Note) -> None:
    """Turn a waiting rendition down; another may be handed in."""
    said = _said(note)
    _decide(by, lambda desk, who: renditions.reject_rendition(desk, who, ref, language, said))


@app.command()
def schedule(ref: Ref, by: By, at: At = "", now: Now = False, note: Note = "") -> None:
    """Set or move the moment; without --at or --now the one that was asked for."""
    when = _when(at, now)
    _decide(by, lambda desk, caller: decide.schedule(desk, caller, ref, when, _text(note)))


@app.command()
def correct(
    ref: Ref,
    files: Annotated[list[Path], typer.Argument(help="The new version, one file a language.")],
    by: By,
    note: Note,
) -> None:
    """A new version, at once, to all who had the one before."""
    said, document = _said(note), read_files(files, {})
    beside = files_of(document, files)

    async def work(desk: Desk, caller: Caller) -> Decided:
        intake = Intake(desk.database, desk.clock, desk.bell, desk.vault)
        new = await with_pictures(intake, await owner_of(intake, ref), document, beside)
        content = await replacement(intake, ref, Correction(note=said, release=new))
        return await decide.correct(desk, caller, ref, content.content, content.note)

    _decide(by, work)


@app.command()
def kill(ref: Ref, by: By, note: Note) -> None:
    """Say "do not use", at once, to all who had it."""
    said = _said(note)
    _decide(by, lambda desk, caller: decide.kill(desk, caller, ref, said))


def _decide(by: str, work: Work) -> None:
    decided = run(_as_editor(by, work))
    goes = f"; version {decided.version} goes out at {decided.t0.isoformat()}" if decided.t0 else ""
    typer.echo(f"{decided.ref} is {decided.state}{goes}.")
    if decided.t0:
        say_where_mail_goes()


async def _as_editor(name: str, work: Work) -> Decided:
    async with open_house() as house:
        async with house.database.transaction() as tx:
            caller = await accounts.find_account(tx, Role.EDITOR, _text(name))
        if caller is None:
            raise NotFound(f"There is no editor {name}.", "Add them first: tidewire editor add.")
        return await work(Desk(house.database, house.clock, house.bell, house.vault), caller)


def _opening(why: Why) -> Opening:
    """Whoever may run commands here, by the name that the machine knows them by."""
    return Opening(f"operator {pwd.getpwuid(os.getuid()).pw_name}", why)


def _when(at: str, now: bool) -> datetime | Literal["now"] | None:
    if at and now:
        raise BadInput("There are two moments.", "Give --at or --now.")
    if not at:
        return "now" if now else None
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        raise BadInput("--at is not a moment.", "Write 2026-03-03T12:00:00+01:00.") from None
    if moment.utcoffset() is None:
        raise BadInput("--at has no UTC offset.", "Add one: 2026-03-03T12:00:00+01:00.")
    return moment


def _text(note: str) -> str:
    try:
        return block(note)
    except ValueError as error:
        raise BadInput(f"The text {error}.", "Write it in plain letters.") from None


def _said(note: str) -> str:
    if not (said := _text(note)) or len(said) > 5_000:
        raise BadInput("A note has 1 to 5,000 characters.", "Say why, with --note.")
    return said


async def _list(states: list[State], as_json: bool) -> None:
    async with open_house() as house:
        desk = Desk(house.database, house.clock, house.bell, house.vault)
        rows = await queue.list_releases(desk, _opening(Why.QUEUE), states)
    if as_json:
        typer.echo(json.dumps([queued_out(r).model_dump(mode="json") for r in rows]))
        return
    table = Table(
        "ref", "state", "v", "issuer", "goes out (UTC)", "", "headline", box=SIMPLE, pad_edge=False
    )
    for column in table.columns:
        column.no_wrap = column.header != "headline"  # the one that may be broken
    for row in rows:
        moment = row.published_at or row.t0
        table.add_row(
            row.ref,
            row.state.value,
            str(row.version),
            row.issuer,
            f"{moment.astimezone(UTC):%m-%d %H:%M:%S}" if moment else "",
            " ".join(row.languages),
            "(under seal)" if row.sealed else row.headline,
        )
    Console(markup=False).print(table)


def _facts(release: Release) -> list[tuple[str, list[str]]]:
    """What an editor decides on besides the text."""
    t0 = [f"{release.t0.isoformat()}{', embargo' if release.embargo else ''}"] if release.t0 else []
    return [
        ("slug", [release.slug]),
        ("priority", [release.priority.value]),
        ("asked for", t0),
        ("countries", list(release.countries)),
        ("subjects", list(release.subjects)),
        (
            "organisations",
            [" ".join((o.name, o.lei, o.isin, o.ticker)) for o in release.organisations],
        ),
        ("circuits", list(release.circuits)),
        ("pictures", [_pictured(one) for one in release.pictures]),
    ]


def _pictured(one: Picture) -> str:
    size = f"{one.width} × {one.height} {one.ending}, {one.size:,} bytes"
    return " ".join(filter(None, (one.ref, one.file, f"({size})", one.credit)))


async def _picture(ref: str, name: str) -> bytes:
    async with open_house() as house:
        desk = Desk(house.database, house.clock, house.bell, house.vault)
        raw, _ = await queue.picture(desk, _opening(Why.SHOW), ref, name)
        return raw


async def _show(ref: str, as_json: bool) -> None:
    async with open_house() as house:
        base_url = house.settings.base_url
        desk = Desk(house.database, house.clock, house.bell, house.vault)
        shown = await queue.show(desk, _opening(Why.SHOW), ref)
        problems = await examine(house.database, house.clock, shown.whole)
    if as_json:
        typer.echo(json.dumps(shown_out(shown, problems).model_dump(mode="json")))
        return
    console = Console(markup=False, highlight=False)
    row, release = shown.row, shown.edition.release
    console.print(f"{row.ref}  {row.state}, version {row.version} ({row.act}), by {row.issuer}")
    for label, values in _facts(release):
        if values:
            console.print(f"{label}: {', '.join(values)}")
    for language in release.languages():
        console.rule(language)
        console.print(article_text(article(shown.edition, language, base_url, audience="media")))
    for waits, rendition in shown.waiting:
        console.rule(f"{waits.language} waits for approval: by a {waits.hand}, from {waits.by}")
        console.print(f"{rendition.headline}\n\n{plain(rendition.body)}")
    print_problems(problems, console)
    if not shown.decisions:
        return
    table = Table("at", "by", "decided", "version", "note")
    for one in shown.decisions:
        when = f"{one.at:%Y-%m-%d %H:%M:%S}"
        table.add_row(when, one.by, one.move.value, str(one.version), one.note)
    console.print(table)
