"""Read files by their endings, into drafts or, for our own .json, straight into a document."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tidewire.intake.beside import by_file, joined
from tidewire.intake.docx import read_docx
from tidewire.intake.draft import Draft
from tidewire.intake.html import read_html
from tidewire.intake.markdown import read_markdown
from tidewire.intake.news_facts import one_release
from tidewire.intake.newsml_g2 import read_newsml_g2
from tidewire.intake.ninjs import is_ninjs, read_ninjs
from tidewire.intake.plain import read_plain
from tidewire.intake.strings import block
from tidewire.languages import canonical
from tidewire.model.errors import BadInput, Problem, Severity, TooLarge, Unreadable

MOST_BYTES = 20_000_000
ENDINGS = (".md", ".markdown", ".txt", ".html", ".htm", ".docx", ".json", ".xml")
NEWS = (".json", ".xml")  # files of news items, which may hold several renditions


def read_files(paths: Sequence[Path], fields: dict[str, Any]) -> dict[str, Any]:
    """One submission document out of one file a language; shared fields may stand in any.

    `fields` take the place of what the files say: shared ones, and those of the first
    rendition (headline, subheadline, language, dateline). Raises BadInput and its kin.
    """
    own = {
        k: v for k, v in fields.items() if k in ("headline", "subheadline", "language", "dateline")
    }
    shared = {name: value for name, value in fields.items() if name not in own}
    if paths[0].suffix.lower() == ".json":
        document = read_json(_text(paths[0]))
        if not is_ninjs(document):
            return _with_own(by_file(document | shared), own)
    language = str(own.get("language", ""))
    drafts = [
        draft
        for at, path in enumerate(paths)
        for draft in read_drafts(path, language if at == 0 else "")
    ]
    if all(path.suffix.lower() in NEWS for path in paths):
        one_release(drafts)
    return _with_own(document_of(drafts) | shared, own)


def document_of(drafts: Sequence[Draft]) -> dict[str, Any]:
    """One submission document out of the drafts of a release; what the first says counts."""
    said = {name: value for d in reversed(drafts) for name, value in d.shared.items()}
    renditions = [_rendition(d) for d in drafts]
    named = [
        (r, d.shared["pictures"])
        for r, d in zip(renditions, drafts, strict=True)
        if d.shared.get("pictures")
    ]
    pictures = {"pictures": joined(named)} if named else {}
    items = [{"guid": d.item[0], "version": d.item[1]} for d in drafts if d.item]
    numbered = {"items": items} if items else {}
    return {**said, "renditions": renditions, **numbered, **pictures}


def read_drafts(path: Path, language: str = "") -> list[Draft]:
    """The drafts in one file: of news items as many as it holds, else one."""
    ending = path.suffix.lower()
    if ending == ".xml":
        return read_newsml_g2(_text(path))
    if ending == ".json":
        return read_ninjs(read_json(_text(path)))
    return [read_file(path, language)]


def read_file(path: Path, language: str = "") -> Draft:
    """A draft from one file. `language` is the declared one; else "x.de.txt" declares German."""
    ending = path.suffix.lower()
    language = language or _declared(path)
    if ending in (".md", ".markdown"):
        draft = read_markdown(_text(path))
        return Draft(draft.body, {"language": language or "en", **draft.rendition}, draft.shared)
    if ending == ".txt":
        return read_plain(_text(path), language)
    if ending in (".html", ".htm"):
        return read_html(_text(path), language)
    if ending == ".docx":
        return read_docx(_bytes(path), language)
    raise Unreadable(
        f"A file that ends in '{ending}' cannot be read.", f"Give one of: {', '.join(ENDINGS)}."
    )


def read_json(text: str) -> dict[str, Any]:
    """A submission document as the API takes it. Raises Unreadable.

    A key that stands twice in one object is refused: readers differ on which of them counts.
    """
    try:
        document = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Unreadable("This is not valid JSON.", "Check commas and quotes.") from error
    if not isinstance(document, dict):
        raise Unreadable("This JSON is not an object.", "Write it as the API takes it.")
    return document


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = Counter(keys).most_common(1)[0][0]
        message, advice = "A key stands twice in one object of this JSON.", "Take one of them out."
        # As it was written: a lone surrogate in it could not be sent.
        pointer = "/" + repr(twice)[1:-1].replace("~", "~0").replace("/", "~1")[:200]
        found = Problem(Severity.ERROR, "key-twice", pointer, message, advice)
        raise Unreadable(message, advice, [found])
    return read


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _rendition(draft: Draft) -> dict[str, Any]:
    return {**draft.rendition, "body_html": draft.body}


def _with_own(document: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    renditions = document.get("renditions")
    if own and isinstance(renditions, list) and renditions and isinstance(renditions[0], dict):
        renditions[0] = {**renditions[0], **own}
    return document


def _declared(path: Path) -> str:
    """The language that a file's name states before its ending, "" for none."""
    return canonical(Path(path.stem).suffix.removeprefix(".")) or ""


def _text(path: Path) -> str:
    raw = _bytes(path)
    try:
        return block(raw.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"{path.name} is not UTF-8 (byte {error.start}).", "Save it as UTF-8."
        ) from None
    except ValueError as error:
        raise Unreadable(f"{path.name} {error}.", "Save it as plain text.") from None


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MOST_BYTES:
            raise TooLarge(f"{path.name} has over {MOST_BYTES // 1_000_000} MB.", "Shorten it.")
        return path.read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "its name is not one"
        raise BadInput(f"{path.name} cannot be read: {reason}.", "Check the path.") from None
