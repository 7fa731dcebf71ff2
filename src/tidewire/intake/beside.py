"""Pictures that lie beside the texts of a release, and are named in them by their file's name."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tidewire.intake.picture_file import MOST_BYTES, examine_picture
from tidewire.intake.strings import file_name
from tidewire.model.errors import BadInput, Problem, Severity
from tidewire.model.picture import Picture

Document = dict[str, Any]


def by_file(document: Document) -> Document:
    """The same, with each picture that is named by its file alone named so in `picture` too."""
    given = document.get("pictures")
    if not isinstance(given, list):
        return document
    return {**document, "pictures": [_by_file(one) for one in given]}


def joined(drafts: Sequence[tuple[Document, object]]) -> list[Any]:
    """The pictures of a release out of what its texts say of them; each text adds its captions.

    `drafts` are (rendition, the `pictures` of its text). What is no list of fields stays as it
    is, to be told.
    """
    found: dict[str, Any] = {}
    for rendition, given in drafts:
        if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
            return given if isinstance(given, list) else [given]
        captions = []
        for one in map(_by_file, given):
            name = str(one.get("picture") or one.get("href") or "")
            said = {field: one.pop(field) for field in ("alt", "caption") if field in one}
            found[name] = {**one, **found.get(name, {})}
            if said:
                captions.append({"picture": name, **said})
        if captions:
            rendition["captions"] = captions
    return list(found.values())


def files_of(document: Document, paths: Sequence[Path]) -> dict[str, tuple[Picture, bytes]]:
    """The pictures named by their file, looked into, by that name, from the folders of `paths`.

    Raises BadInput for a name that is a path, and for what is not there or no picture.
    """
    found: dict[str, tuple[Picture, bytes]] = {}
    given = document.get("pictures")
    for at, one in enumerate(given if isinstance(given, list) else ()):
        if isinstance(one, dict) and one.get("file") and one.get("picture") == one["file"]:
            name, pointer = str(one["file"]), f"/pictures/{at}/file"
            raw = _read(name, paths, pointer)
            found[name] = examine_picture(raw, name, pointer=pointer), raw
    return found


def renamed(document: Document, refs: Mapping[str, str]) -> Document:
    """The document with the names that uploads answered, for those of files."""

    def name(one: Any) -> Any:
        if isinstance(one, dict) and one.get("picture") in refs:
            return {**one, "picture": refs[one["picture"]]}
        return one

    renditions = [
        {**one, "captions": [name(caption) for caption in one["captions"]]}
        if isinstance(one, dict) and isinstance(one.get("captions"), list)
        else one
        for one in document.get("renditions", ())
    ]
    return {**document, "renditions": renditions, "pictures": list(map(name, document["pictures"]))}


def without_pictures(document: Document) -> Document:
    """The document with nothing said of pictures: its text alone."""
    texts = [{k: v for k, v in one.items() if k != "captions"} for one in document["renditions"]]
    return {k: v for k, v in document.items() if k != "pictures"} | {"renditions": texts}


def _by_file(one: Any) -> Any:
    if isinstance(one, dict) and one.get("file") and not (one.get("picture") or one.get("href")):
        return {"picture": one["file"], **one}
    return dict(one) if isinstance(one, dict) else one


def _read(name: str, paths: Sequence[Path], pointer: str) -> bytes:
    try:
        file_name(name)
    except ValueError as error:
        raise _refusal("picture-path", pointer, f'"{name[:120]}" {error}.', "") from None
    for folder in dict.fromkeys(path.parent for path in paths):
        try:
            with (folder / name).open("rb") as file:
                return file.read(MOST_BYTES + 1)
        except FileNotFoundError:
            continue
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "no name of a file"
            message = f"The picture {name} cannot be read: {why}."
            raise _refusal("picture-file", pointer, message, "Check the file.") from None
    message = f"There is no picture {name} beside the texts."
    raise _refusal("picture-file", pointer, message, "Put it in the folder of the texts.")


def _refusal(code: str, pointer: str, message: str, advice: str) -> BadInput:
    return BadInput(message, advice, [Problem(Severity.ERROR, code, pointer, message, advice)])
