"""`tidewire demo`: one real release, end to end, with a receipt for every delivery."""

import asyncio
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.live import Live

from tidewire.app.commands.submit import Beside, read_contact
from tidewire.app.demo import show
from tidewire.app.demo.play import Look, Play
from tidewire.app.demo.setting import TELL_SECONDS, forget, fresh_folder, open_setting
from tidewire.app.demo.verdict import Verdict
from tidewire.app.running import run, stop_on_signal
from tidewire.app.settings import read_settings
from tidewire.clock import SystemClock, stopwatch
from tidewire.intake.beside import files_of
from tidewire.intake.checks.check import check, stops
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission
from tidewire.languages import KNOWN_15
from tidewire.model.errors import BadInput, Misconfigured

_FOLDER = Path(__file__).resolve().parents[4] / "samples" / "lanternfish"
SAMPLES = tuple(_FOLDER / f"lanternfish.{language}.md" for language in KNOWN_15)
WIDTH = 120  # of what is written to a file
DISAGREE, INTERRUPTED = 1, 130


def demo(
    release: Annotated[
        list[Path] | None, typer.Option(help="A release of your own; one file a language.")
    ] = None,
    headline: Annotated[str, typer.Option(help="For a file that has none.")] = "",
    contact: Annotated[
        list[str] | None, typer.Option(help='"role; name; mail; phone", for a file without.')
    ] = None,
    *,
    scale: Annotated[float, typer.Option(help="1.0 is the full size of the world.")] = 0.01,
    connected: Annotated[
        int | None, typer.Option(help="Desktops on line.", show_default="30,000 x scale, or fewer")
    ] = None,
    seed: Annotated[int, typer.Option(help="The same seed makes the same world.")] = 1,
    exit_: Annotated[bool, typer.Option("--exit", help="End when it is done.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result here.")] = None,
    keep: Annotated[bool, typer.Option(help="Keep the data folder at the end.")] = False,
) -> None:
    """Send a release to a whole simulated world, and compare the ledger with the truth."""
    if not 0 < scale <= 10:
        raise BadInput(f"A scale of {scale} makes no world.", "Give one above 0, at most 10.")
    document, beside = _document(release or _samples(), headline, contact or ())
    if json_file is not None and not os.access(json_file.absolute().parent, os.W_OK):
        raise BadInput(f"{json_file} cannot be written.", "Name a file in a folder of yours.")
    folder = fresh_folder(read_settings().home)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)
    stage = _Stage(folder, document, beside, console, exit_, json_file)
    size = {"seed": seed, "scale": scale, "connected": connected}
    verdict = run(_watch(stage, size))
    if verdict is not None and not verdict.agree:
        console.print(f"The logs and the data are kept in {folder}.")
        raise typer.Exit(DISAGREE)
    if not keep:
        forget(folder)
    if verdict is None:
        raise typer.Exit(INTERRUPTED)


class _Stage:
    """What the command was asked for."""

    def __init__(
        self,
        folder: Path,
        document: dict[str, Any],
        beside: Beside,
        console: Console,
        ends: bool,
        json_file: Path | None,
    ) -> None:
        self.folder = folder
        self.document = document
        self.beside = beside
        self.console = console
        self.ends = ends
        self.json_file = json_file
        self.verdict: Verdict | None = None


async def _watch(stage: _Stage, size: dict[str, Any]) -> Verdict | None:
    """Play until done or interrupted; the verdict, if it came to one."""
    stopping = stop_on_signal()
    playing = asyncio.create_task(_play(stage, size, stopping))
    interrupt = asyncio.create_task(stopping.wait())
    await asyncio.wait({playing, interrupt}, return_when=asyncio.FIRST_COMPLETED)
    if stage.verdict is None and not playing.done():
        playing.cancel()
    interrupt.cancel()
    with suppress(asyncio.CancelledError):
        await playing
    return stage.verdict


async def _play(stage: _Stage, size: dict[str, Any], stopping: asyncio.Event) -> None:
    console = stage.console
    async with open_setting(stage.folder, tell=console.print, **size) as setting:
        with _progress(console) as look:
            play = Play(setting, console.print, look)
            await play.prepare()
            t0 = await play.publish(stage.document, stage.beside)
            console.print(f"handed in and approved; it goes out at {t0:%H:%M:%S.%f} UTC")
            await play.settle(t0)
            verdict = await play.judge(t0)
        console.print(show.report(verdict))
        console.print(show.languages(verdict))
        console.print(show.verdict_line(verdict))
        if stage.json_file is not None:
            text = json.dumps(verdict.document(), indent=2, ensure_ascii=False) + "\n"
            await asyncio.to_thread(stage.json_file.write_text, text, "utf-8")
        stage.verdict = verdict
        if not stage.ends:
            show.addresses_to_look_at(play, verdict, console)
            await stopping.wait()


@contextmanager
def _progress(console: Console) -> Iterator[Callable[[Look], None]]:
    """A table that is drawn anew at every look; now and then a line where that cannot be."""
    if not console.is_terminal:
        yield _lines(console)
        return
    with Live(console=console, auto_refresh=False) as live:
        yield lambda look: live.update(show.progress(look), refresh=True)


def _lines(console: Console) -> Callable[[Look], None]:
    said = stopwatch()

    def tell(look: Look) -> None:
        nonlocal said
        if stopwatch() - said > TELL_SECONDS:
            said = stopwatch()
            console.print(show.line(look))

    return tell


def _document(
    files: Sequence[Path], headline: str, contacts: Sequence[str]
) -> tuple[dict[str, Any], Beside]:
    """The release as the API takes it, and the pictures beside it. Raises BadInput."""
    given: dict[str, Any] = {
        "headline": headline,
        "contacts": [read_contact(text) for text in contacts],
    }
    document = read_files(files, {name: value for name, value in given.items() if value})
    submission, beside = read_submission(document), files_of(document, files)
    known = {name: picture for name, (picture, _) in beside.items()}
    problems = check(raw_release(submission, known), SystemClock().now())
    if stops(problems):
        raise BadInput("This release would not be taken.", "Correct what is named.", problems)
    return submission.model_dump(mode="json", exclude_unset=True), beside


def _samples() -> list[Path]:
    """The sample that ships with the repository, in fifteen languages, English first."""
    if not SAMPLES[0].exists():
        raise Misconfigured(f"There is no sample in {SAMPLES[0].parent}.", "Give --release FILE.")
    return list(SAMPLES)
