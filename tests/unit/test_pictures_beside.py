"""Pictures that lie beside the texts: named in each text's head, read from its folder alone."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from drawn import drawn
from tidewire.intake.beside import files_of, renamed, without_pictures
from tidewire.intake.read import read_files
from tidewire.intake.submission import raw_release, read_submission
from tidewire.model.errors import BadInput
from tidewire.model.picture import Caption

TEXT = "---\nlanguage: {tag}\nheadline: {tag} headline\npictures:\n{pictures}---\n\nA text.\n"


def text(folder: Path, tag: str, pictures: str) -> Path:
    path = folder / f"release.{tag}.md"
    path.write_text(TEXT.format(tag=tag, pictures=pictures), "utf-8")
    return path


def named(folder: Path, name: str) -> tuple[dict[str, Any], list[Path]]:
    path = text(folder, "en", f"- file: '{name}'\n")
    return read_files([path], {}), [path]


def test_each_text_says_its_own_of_a_picture_and_the_credit_stands_in_any(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(drawn())
    paths = [
        text(tmp_path, "en", "- file: a.png\n  alt: A square.\n  caption: Seen from above.\n"),
        text(tmp_path, "de", "- file: a.png\n  alt: Ein Quadrat.\n  credit: Kim Template\n"),
    ]
    document = read_files(paths, {})
    beside = files_of(document, paths)
    known = {"k3": replace(beside["a.png"][0], ref="k3")}
    submission = read_submission(renamed(document, {"a.png": "k3"}))
    release = raw_release(submission, known)
    [picture] = release.pictures
    assert (picture.file, picture.credit, picture.width) == ("a.png", "Kim Template", 64)
    english, german = (one.captions for one in release.renditions)
    assert english == (Caption("k3", "A square.", "Seen from above."),)
    assert german == (Caption("k3", "Ein Quadrat.", ""),)


TRICKS = ("../a.png", "/etc/passwd", "sub/a.png", "..", ".hidden.png", "..\\a.png", "C:a.png")


@pytest.mark.parametrize("name", [*TRICKS, "a\u202egnp.exe"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (tmp_path / "a.png").write_bytes(drawn())
    document, paths = named(folder, name)
    with pytest.raises(BadInput) as refused:
        files_of(document, paths)
    [problem] = refused.value.problems
    assert (problem.code, problem.pointer) == ("picture-path", "/pictures/0/file")
    with pytest.raises(BadInput):  # nor does the API take such a name
        read_submission(document)


@pytest.mark.parametrize(
    ("name", "code"), [("gone.png", "picture-file"), ("b.png", "picture-unreadable")]
)
def test_what_is_not_there_or_no_picture_is_told(tmp_path: Path, name: str, code: str) -> None:
    (tmp_path / "b.png").write_text("words")
    document, paths = named(tmp_path, name)
    with pytest.raises(BadInput) as refused:
        files_of(document, paths)
    assert [(p.code, p.pointer) for p in refused.value.problems] == [(code, "/pictures/0/file")]


def test_a_head_that_names_pictures_wrong_is_told_where(tmp_path: Path) -> None:
    path = tmp_path / "release.en.md"
    for written in ("pictures: a.png", "pictures: [a.png]", "pictures: [{file: [1]}]"):
        path.write_text(f"---\nheadline: h\n{written}\n---\n\nA text.\n")
        document = read_files([path], {})
        with pytest.raises(BadInput) as refused:
            files_of(document, [path])
            read_submission(document)
        assert refused.value.problems[0].pointer.startswith("/pictures")


def test_the_text_alone_can_be_had(tmp_path: Path) -> None:
    document, _ = named(tmp_path, "a.png")
    assert "pictures" not in without_pictures(document)
    read_submission(without_pictures(document))
