"""`tidewire submit`: hand in a release from files."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tidewire.app.assemble import House, open_house
from tidewire.app.running import run
from tidewire.intake.add_rendition import Added, add_rendition
from tidewire.intake.answers import added_out, taken_out
from tidewire.intake.beside import files_of, renamed
from tidewire.intake.furniture import sector_of
from tidewire.intake.pictures import keep
from tidewire.intake.read import read_files
from tidewire.intake.submission import (
    RenditionIn,
    Submission,
    read_rendition,
    read_submission,
)
from tidewire.intake.submit import Intake, Taken
from tidewire.intake.submit import submit as take
from tidewire.model.errors import BadInput, NotFound, Problem, Severity
from tidewire.model.issuer import Caller, Role
from tidewire.model.picture import Picture
from tidewire.store import accounts

KEY = re.compile(r"[!-~]{1,200}")
Beside = Mapping[str, tuple[Picture, bytes]]  # pictures by the names of their files
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,58}[a-z0-9])?")


def submit(
    files: Annotated[list[Path], typer.Argument(help="One file a language; .md .txt .html ...")],
    issuer: Annotated[str, typer.Option(help="Slug of the issuer.")],
    headline: Annotated[str, typer.Option(help="Of the first file.")] = "",
    subheadline: Annotated[str, typer.Option(help="Of the first file.")] = "",
    language: Annotated[str, typer.Option(help="BCP 47 tag of the first file.")] = "",
    place: Annotated[str, typer.Option(help="Of the dateline.")] = "",
    country: Annotated[str, typer.Option(help="Of the dateline, ISO 3166-1.")] = "",
    date: Annotated[str, typer.Option(help="Of the dateline, YYYY-MM-DD.")] = "",
    slug: Annotated[str, typer.Option()] = "",
    priority: Annotated[str, typer.Option(help="flash, urgent or routine.")] = "",
    sector: Annotated[list[str] | None, typer.Option(help="May be given again.")] = None,
    about: Annotated[list[str] | None, typer.Option(help="A country that it concerns.")] = None,
    circuit: Annotated[list[str] | None, typer.Option(help="A named audience.")] = None,
    contact: Annotated[
        list[str] | None, typer.Option(help='"role; name; mail; phone"; for media only.')
    ] = None,
    source: Annotated[str, typer.Option()] = "",
    at: Annotated[str, typer.Option(help="T0 asked for, ISO 8601 with offset.")] = "",
    embargo: Annotated[bool, typer.Option(help="Not before T0.")] = False,
    key: Annotated[str, typer.Option(help="Idempotency key: stored only once.")] = "",
    to: Annotated[str, typer.Option(help="Add the files to this release, as renditions.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only check.")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Hand in a release; what all languages share stands in the first file, or in any."""
    given: dict[str, Any] = {
        "headline": headline,
        "subheadline": subheadline,
        "language": language,
        "dateline": _dateline(place, country, date),
        "slug": slug,
        "priority": priority,
        "sectors": [sector_of(name) for name in sector or ()],
        "countries": about,
        "circuits": circuit,
        "contacts": [read_contact(text) for text in contact or ()],
        "source": source,
        "t0": at,
        "embargo": embargo,
    }
    document = read_files(files, {name: value for name, value in given.items() if value})
    if key and not KEY.fullmatch(key):
        raise BadInput("The key holds other signs than letters, digits and punctuation.", "")
    if to:
        _add(to, issuer, document, dry_run=dry_run, as_json=as_json)
        return
    beside = files_of(document, files)
    taken = run(_submit(issuer, document, beside, key=key or None, dry_run=dry_run))
    if as_json:
        typer.echo(json.dumps(taken_out(taken).model_dump(mode="json"), ensure_ascii=False))
    else:
        _say(taken)
    if any(found.severity is Severity.ERROR for found in taken.problems):
        raise typer.Exit(2)


def _add(ref: str, issuer: str, document: dict[str, Any], *, dry_run: bool, as_json: bool) -> None:
    """Add every rendition of the document to a release; all are read before one is stored."""
    given = document.get("renditions")
    if not isinstance(given, list) or not given:
        raise BadInput("There is no rendition in these files.", "Give one file a language.")
    renditions = [read_rendition(one) for one in given]
    added = run(_add_renditions(issuer, ref, renditions, dry_run=dry_run))
    if as_json:
        said = [added_out(one).model_dump(mode="json") for one in added]
        typer.echo(json.dumps(said, ensure_ascii=False))
    else:
        for one in added:
            print_problems(one.problems, Console(stderr=True, markup=False))
            waits = f"waits for the desk, beside {ref}" if one.ref else "was only checked"
            typer.echo(f"The rendition in {one.language} {waits}.")
    if any(p.severity is Severity.ERROR for one in added for p in one.problems):
        raise typer.Exit(2)


async def _add_renditions(
    issuer: str, ref: str, renditions: list[RenditionIn], *, dry_run: bool
) -> list[Added]:
    """All are checked before the first is stored."""
    async with open_house() as house:
        intake = Intake(house.database, house.clock, house.bell, house.vault)
        caller = await issuer_account(house, issuer)
        found = [await add_rendition(intake, caller, ref, one, dry_run=True) for one in renditions]
        if dry_run or any(p.severity is Severity.ERROR for one in found for p in one.problems):
            return found
        return [await add_rendition(intake, caller, ref, one) for one in renditions]


def read_contact(text: str) -> dict[str, str]:
    """A contact from "role; name; mail; phone". Raises BadInput."""
    parts = [part.strip() for part in text.split(";")]
    if len(parts) not in (3, 4):
        raise BadInput("A contact has three or four parts.", 'Write "role; name; mail; phone".')
    return dict(zip(("role", "name", "mail", "phone"), parts, strict=False))


def print_problems(problems: tuple[Problem, ...] | list[Problem], console: Console) -> None:
    """What the checks found, as a table; nothing where they found nothing."""
    if not problems:
        return
    table = Table("", "field", "what", "advice")
    for found in problems:
        table.add_row(found.severity.value, found.pointer, found.message, found.advice)
    console.print(table)


async def _submit(
    issuer: str,
    document: dict[str, Any],
    beside: Beside,
    *,
    key: str | None,
    dry_run: bool,
) -> Taken:
    async with open_house() as house:
        intake = Intake(house.database, house.clock, house.bell, house.vault)
        caller = await issuer_account(house, issuer)
        assert caller.issuer_id is not None
        if dry_run:
            at_hand = {name: picture for name, (picture, _) in beside.items()}
            submission = read_submission(document)
            return await take(intake, caller, submission, dry_run=True, at_hand=at_hand)
        submission = await with_pictures(intake, caller.issuer_id, document, beside)
        return await take(intake, caller, submission, key=key)


async def with_pictures(
    intake: Intake, issuer_id: int, document: dict[str, Any], beside: Beside
) -> Submission:
    """The submission, once the pictures that lie beside its texts are kept. Raises BadInput."""
    read_submission(document)  # what cannot be read at all leaves no picture behind
    refs = {
        name: (await keep(intake, issuer_id, raw)).picture.ref for name, (_, raw) in beside.items()
    }
    return read_submission(renamed(document, refs) if refs else document)


async def issuer_account(house: House, slug: str) -> Caller:
    """The account of an issuer. Raises NotFound."""
    if not SLUG.fullmatch(slug):
        raise NotFound("There is no such issuer.", "See them with: tidewire issuer list.")
    async with house.database.transaction() as tx:
        caller = await accounts.find_account(tx, Role.ISSUER, slug)
    if caller is None:
        raise NotFound(f"There is no issuer {slug}.", "Add it first: tidewire issuer add.")
    return caller


def _dateline(place: str, country: str, date: str) -> dict[str, Any] | None:
    if not (place or country or date):
        return None
    return {"place": place, "country": country or None, "date": date or None}


def _say(taken: Taken) -> None:
    print_problems(taken.problems, Console(stderr=True, markup=False))
    if not taken.ref:
        typer.echo("Nothing was stored: this was a dry run.", err=True)
    elif taken.replayed:
        typer.echo(f"{taken.ref} was here already; it is {taken.state}.")
    else:
        typer.echo(f"{taken.ref} is received and waits for the desk.")
