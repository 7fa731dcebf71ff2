"""A rendition as the texts to translate, and its structure again in another language.

Segments are: headline, subheadline, the dateline's place, each line of text in the body (one of
a paragraph, subhead, list item, quote or table cell) and in the standing paragraph. Their ids
are fixed by their place ("body-3"), so that the same source always has the same ids.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from tidewire.formats.codes import (
    INLINE,
    TAG,
    Codes,
    Piece,
    Pieces,
    Unbalanced,
    coded,
    fault,
    joined,
    markup_of,
    plain,
)
from tidewire.model.errors import BadInput, Problem, Severity
from tidewire.model.rendition import Rendition

_KINDS = {
    "p": "paragraph",
    "h2": "heading",
    "h3": "subheading",
    "li": "list item",
    "blockquote": "quote",
    "th": "table heading",
    "td": "table cell",
    "caption": "table caption",
}


@dataclass(frozen=True, slots=True)
class Segment:
    """One text to translate: what it is ("paragraph"), its pieces, and the tags of its codes."""

    id: str
    kind: str
    pieces: Pieces
    codes: Codes = ()


def segments(rendition: Rendition) -> tuple[Segment, ...]:
    """The segments of a rendition, in the order they are read. Raises BadInput.

    A body that has been through the allow-list is always taken.
    """
    found = [Segment("headline", "headline", (rendition.headline,))]
    if rendition.subheadline:
        found.append(Segment("subheadline", "subheadline", (rendition.subheadline,)))
    if rendition.dateline is not None and rendition.dateline.place:
        found.append(Segment("place", "place of the dateline", (rendition.dateline.place,)))
    for name, html in (("body", rendition.body), ("about", rendition.boilerplate)):
        found += [part for part in _cut(name, html) if isinstance(part, Segment)]
    return tuple(found)


def translated(
    source: Rendition, language: str, targets: Mapping[str, Sequence[Piece]]
) -> Rendition:
    """The source's structure with the texts of `targets`, by the id of each segment.

    Raises BadInput with every problem where a segment is missing, unknown or empty, or where
    its codes are not those of the source. Pointers are "/" and the segment's id.
    """
    wanted = segments(source)
    tidy = {name: joined(pieces) for name, pieces in targets.items()}
    if problems := _problems(wanted, tidy):
        raise BadInput(
            "This translation does not fit the release that it was made from.",
            "Mend the texts that are named, and hand it in again.",
            problems,
        )
    lines = {name: " ".join(plain(pieces).split()) for name, pieces in tidy.items()}
    dateline = source.dateline
    if dateline is not None and dateline.place:
        dateline = replace(dateline, place=lines["place"])
    return Rendition(
        language=language,
        headline=lines["headline"],
        subheadline=lines.get("subheadline", ""),
        dateline=dateline,
        body=_filled("body", source.body, tidy),
        boilerplate=_filled("about", source.boilerplate, tidy),
    )


def problem_of(segment: Segment, pieces: Sequence[Piece]) -> Problem | None:
    """What is wrong with the translation of one segment."""
    if plain(segment.pieces).strip() and not plain(pieces).strip():
        return _problem("text-empty", segment.id, "has no text", "Translate it.")
    if said := fault(segment.pieces, pieces):
        return _problem(
            "codes-differ", segment.id, said, "Use each code of the source once, as a whole."
        )
    return None


def _problems(wanted: Sequence[Segment], targets: Mapping[str, Pieces]) -> list[Problem]:
    known = {segment.id for segment in wanted}
    found = [
        _problem("text-unknown", name, "is not in the source", "Take it out.")
        for name in targets
        if name not in known
    ]
    for segment in wanted:
        if segment.id not in targets:
            found.append(_problem("text-missing", segment.id, "is missing", "Translate it."))
        elif problem := problem_of(segment, targets[segment.id]):
            found.append(problem)
    return found


def _problem(code: str, name: str, said: str, advice: str) -> Problem:
    name = name[:60]
    pointer = "/" + name.replace("~", "~0").replace("/", "~1")
    return Problem(Severity.ERROR, code, pointer, f'The text "{name}" {said}.', advice)


def _filled(name: str, html: str, targets: Mapping[str, Pieces]) -> str:
    return "".join(
        markup_of(targets[part.id], part.codes) if isinstance(part, Segment) else part
        for part in _cut(name, html)
    )


def _cut(name: str, html: str) -> list[str | Segment]:
    """HTML as its segments and, as it stands, all that is between them."""
    parts: list[str | Segment] = []
    open_: list[str] = []
    begin = number = 0

    def close(end: int) -> None:
        nonlocal number
        run = html[begin:end]
        before = len(run) - len(run.lstrip(" \t\n"))
        text = run.strip(" \t\n")
        pieces, codes = _coded(name, text)
        if not plain(pieces).strip():
            parts.append(run)
            return
        number += 1
        segment = Segment(f"{name}-{number}", _kind(open_), pieces, codes)
        parts.extend((run[:before], segment, run[before + len(text) :]))

    for tag in TAG.finditer(html):
        if tag["name"] in INLINE:
            continue
        close(tag.start())
        begin = tag.end()
        parts.append(tag[0])
        if not tag["end"]:
            open_.append(tag["name"])
        elif tag["name"] in open_:
            while open_.pop() != tag["name"]:
                pass
    close(len(html))
    return parts


def _coded(name: str, markup: str) -> tuple[Pieces, Codes]:
    try:
        return coded(markup)
    except Unbalanced as error:
        raise BadInput(
            f"The {name} of the source is not clean HTML: {error}.",
            "Hand the release in again; that cleans it.",
        ) from None


def _kind(open_: Sequence[str]) -> str:
    if "blockquote" in open_:
        return "quote"
    return next((_KINDS[tag] for tag in reversed(open_) if tag in _KINDS), "text")
