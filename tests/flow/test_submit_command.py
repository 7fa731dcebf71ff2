"""`tidewire submit` and `tidewire desk`, as a person at a shell uses them."""

import asyncio
import json
import re
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from tidewire.access.keys import caller_of
from tidewire.app.commands import accounts, desk, submit, xliff
from tidewire.model.errors import BadInput, NotFound, Unauthenticated, WireError
from tidewire.store.database import Database

SAMPLES = Path(__file__).parents[2] / "samples"
PAIR = [str(SAMPLES / "tidewind.en.md"), str(SAMPLES / "tidewind.de.md")]

app = typer.Typer()
app.command()(submit.submit)
app.add_typer(desk.app, name="desk")
app.add_typer(xliff.app, name="xliff")
app.add_typer(accounts.issuer, name="issuer")
app.add_typer(accounts.editor, name="editor")


class Shell:
    """Runs commands against one database, in a thread as in a process of their own."""

    async def __call__(self, *words: str) -> Result:
        return await asyncio.to_thread(CliRunner().invoke, app, list(words))

    async def must(self, *words: str) -> str:
        result = await self(*words)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout


@pytest.fixture
async def shell(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.setenv("TIDEWIRE_DATABASE_URL", database.url)
    monkeypatch.setenv("TIDEWIRE_HOME", str(tmp_path))
    shell = Shell()
    key = await shell.must("issuer", "add", "tidewind", "--name", "Tidewind Energie SE")
    assert key.startswith("tw_")
    await shell.must("editor", "add", "Mara Muster")
    return shell


async def hand_in(shell: Shell, *more: str) -> str:
    said = await shell.must("submit", *PAIR, "--issuer", "tidewind", "--json", *more)
    return str(json.loads(said)["ref"])


async def test_a_pair_of_files_is_approved_and_set_in_one_go(shell: Shell) -> None:
    ref = await hand_in(shell)
    said = await shell.must("desk", "approve", ref, "--as", "Mara Muster", "--now")
    assert said.startswith(f"{ref} is scheduled; version 1 goes out at ")
    shown = json.loads(await shell.must("desk", "show", ref, "--json"))
    assert shown["languages"] == ["en", "de"]
    assert [d["move"] for d in shown["decisions"]] == ["approve", "schedule"]
    [queued] = json.loads(await shell.must("desk", "list", "--state", "scheduled", "--json"))
    assert queued["ref"] == ref
    assert "scheduled" in await shell.must("desk", "list")
    assert "Mara Muster" in await shell.must("desk", "show", ref)


async def test_the_same_key_is_the_same_release(shell: Shell) -> None:
    assert await hand_in(shell, "--key", "k") == await hand_in(shell, "--key", "k")


async def test_a_picture_beside_the_texts_comes_along(shell: Shell, tmp_path: Path) -> None:
    files = [str(SAMPLES / "lanternfish" / f"lanternfish.{tag}.md") for tag in ("en", "de")]
    given = ("submit", *files, "--issuer", "tidewind", "--key", "k", "--json")
    tried = json.loads(
        await shell.must("submit", *files, "--issuer", "tidewind", "--dry-run", "--json")
    )
    assert (tried["ref"], tried["problems"]) == (None, [])
    taken = json.loads(await shell.must(*given))
    assert taken["problems"] == []
    assert json.loads(await shell.must(*given))["ref"] == taken["ref"]  # the same bytes, too
    shown = json.loads(await shell.must("desk", "show", taken["ref"], "--json"))
    [picture] = shown["content"]["pictures"]
    assert (picture["file"], picture["width"]) == ("marisol.png", 1200)
    for rendition in shown["content"]["renditions"]:
        [caption] = rendition["captions"]
        assert caption["picture"] == picture["ref"] and caption["alt"]
    assert picture["ref"] in await shell.must("desk", "show", taken["ref"])
    copy = tmp_path / "copy.png"
    await shell.must("desk", "picture", taken["ref"], picture["ref"], "--to", str(copy))
    assert copy.read_bytes() == (SAMPLES / "lanternfish" / "marisol.png").read_bytes()
    again = await shell("desk", "picture", taken["ref"], picture["ref"], "--to", str(copy))
    assert isinstance(again.exception, BadInput)  # no file is written over


async def test_a_dry_run_stores_nothing_and_says_what_it_found(shell: Shell) -> None:
    said = await shell.must("submit", *PAIR, "--issuer", "tidewind", "--dry-run", "--json")
    assert json.loads(said)["ref"] is None
    poor = await shell("submit", *PAIR, "--issuer", "tidewind", "--dry-run", "--sector", "magic")
    assert poor.exit_code == 2
    assert json.loads(await shell.must("desk", "list", "--json")) == []


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("submit", "gone.md", "--issuer", "tidewind"), BadInput),
        (("submit", *PAIR, "--issuer", "nobody"), NotFound),
        (("submit", *PAIR, "--issuer", "\udcff"), NotFound),
        (("submit", *PAIR, "--issuer", "tidewind", "--headline", "\udcff"), BadInput),
        (("submit", *PAIR, "--issuer", "tidewind", "--contact", "Ada"), BadInput),
        (("submit", *PAIR, "--issuer", "tidewind", "--at", "tomorrow"), BadInput),
        (("submit", *PAIR, "--issuer", "tidewind", "--key", "a b"), BadInput),
        (("desk", "show", "nix"), NotFound),
        (("desk", "show", "\udcff"), NotFound),
        (("desk", "kill", "nix", "--as", "Mara Muster", "--note", "x"), NotFound),
        (("desk", "kill", "nix", "--as", "Mara Muster", "--note", " "), BadInput),
        (("desk", "kill", "nix", "--as", "tidewind", "--note", "x"), NotFound),
        (("desk", "schedule", "nix", "--as", "Mara Muster", "--at", "noon"), BadInput),
        (("desk", "schedule", "nix", "--as", "Mara Muster", "--at", "2026-03-03T12:00"), BadInput),
        (("issuer", "add", "Bad Slug", "--name", "x"), BadInput),
        (("issuer", "add", "tidewind", "--name", "x"), WireError),
        (("issuer", "add", "ok", "--name", "x", "--website", "javascript:x"), BadInput),
        (("editor", "add", " "), BadInput),
        (("editor", "key", "Nobody"), NotFound),
    ],
)
async def test_what_cannot_be_taken_is_one_sentence(
    shell: Shell, words: tuple[str, ...], error: type[WireError]
) -> None:
    result = await shell(*words)
    assert isinstance(result.exception, error), result.exception
    assert result.exception.message.endswith(".")


async def test_a_new_key_voids_the_old(shell: Shell, database: Database) -> None:
    old = (await shell.must("editor", "key", "Mara Muster")).strip()
    new = (await shell.must("editor", "key", "Mara Muster")).strip()
    async with database.transaction() as tx:
        assert (await caller_of(tx, new)).name == "Mara Muster"
        with pytest.raises(Unauthenticated):
            await caller_of(tx, old)


async def test_a_translation_goes_out_and_comes_back(shell: Shell, tmp_path: Path) -> None:
    ref = await hand_in(shell)
    given = await shell.must("xliff", "out", ref, "--to", "fr")
    assert 'trgLang="fr"' in given
    file = tmp_path / "release.fr.xlf"
    file.write_text(given)
    untouched = await shell("xliff", "in", ref, str(file))
    assert isinstance(untouched.exception, BadInput)
    text = given.replace('state="initial"', 'state="translated"')
    file.write_text(re.sub("(?s)<source>(.*?)</source>", french, text))
    said = await shell.must("xliff", "in", ref, str(file), "--translator", "Lou Example")
    assert said == f"The rendition in fr waits for the desk, beside {ref}.\n"
    shown = json.loads(await shell.must("desk", "show", ref, "--json"))
    assert [one["language"] for one in shown["waiting"]] == ["fr"]


def french(source: re.Match[str]) -> str:
    """The source, and a target in French with the source's codes."""
    codes = "".join(re.findall("<[^>]+>", source[1]))
    return f"{source[0]}<target>{codes}Le parc est ouvert et alimente les foyers.</target>"


async def test_xliff_is_for_a_release_that_is_there_and_by_whose_it_is(
    shell: Shell, tmp_path: Path
) -> None:
    ref = await hand_in(shell)
    await shell.must("issuer", "add", "other", "--name", "Other")
    for words in (
        ("out", "nothere", "--to", "fr"),
        ("out", ref, "--to", "fr", "--issuer", "other"),
        ("in", ref, str(tmp_path), "--issuer", "tidewind"),
        ("in", ref, str(tmp_path / "gone.xlf")),
        ("out", ref, "--to", "fr", "--machine"),
    ):
        result = await shell("xliff", *words)
        assert isinstance(result.exception, WireError), (words, result.output)
