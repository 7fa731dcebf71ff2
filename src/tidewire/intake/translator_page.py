"""The translator's page: source and target side by side, one row for each text. No script."""

import re
from dataclasses import dataclass
from datetime import datetime
from html import unescape

from markupsafe import Markup, escape

from tidewire.formats import site
from tidewire.formats.codes import Code
from tidewire.formats.marks import mark
from tidewire.formats.segments import Segment
from tidewire.intake.translation_link import TranslationLink
from tidewire.intake.translator_view import View
from tidewire.languages import direction, furniture, language_name
from tidewire.model.errors import Problem, WireError

TONGUE = "en"  # of the page's own words
MOST_LINES = 16
_MEANINGS = {
    "strong": "strong",
    "em": "emphasis",
    "br": "line break",
    "sub": "subscript",
    "sup": "superscript",
}
_ADDRESS = re.compile(r'href="([^"]*)"')
_templates = site.templates("tidewire.intake")


@dataclass(frozen=True, slots=True)
class Row:
    """One text: its place and kind, its source, what its codes stand for, the translation."""

    id: str
    name: str
    source: Markup
    codes: tuple[tuple[str, str], ...]
    text: str
    lines: int
    changed: bool
    problems: tuple[str, ...]


def translator_page(view: View, link: TranslationLink, proof: str) -> str:
    """The page for one state of the work."""
    words = furniture(TONGUE)
    source = view.edition.release.renditions[0]
    rows = [_row(view, one, number) for number, one in enumerate(view.segments, 1)]
    return _templates.get_template("translate.html").render(
        language=TONGUE,
        direction=words.direction,
        words=words,
        rows=rows,
        faulty=[row for row in rows if row.problems or row.changed],
        others=view.other_problems(),
        outcome=view.outcome,
        changed=bool(view.changed),
        coded=any(row.codes for row in rows),
        done=sum(1 for row in rows if row.text),
        source=source.language,
        source_name=language_name(source.language, TONGUE),
        source_direction=direction(source.language),
        target=link.language,
        target_name=language_name(link.language, TONGUE),
        target_direction=direction(link.language),
        translator=link.translator,
        expires=link.expires.isoformat(),
        until=_moment(link.expires),
        proof=proof,
        basis=view.basis,
        seen=view.seen,
    )


def refusal_page(error: WireError) -> str:
    """What a translator reads where the link does not open."""
    words = furniture(TONGUE)
    return _templates.get_template("translate_refused.html").render(
        language=TONGUE, direction=words.direction, words=words, error=error
    )


def _row(view: View, segment: Segment, number: int) -> Row:
    text = view.texts.get(segment.id, "")
    source = Markup().join(
        Markup('<bdi class="code">{}</bdi>').format(mark(piece))
        if isinstance(piece, Code)
        else escape(piece)
        for piece in segment.pieces
    )
    length = max(len(text), sum(len(p) for p in segment.pieces if isinstance(p, str)))
    return Row(
        id=segment.id,
        name=f"{number}. {segment.kind}",
        source=source,
        codes=tuple((f"⟦{code}⟧", _meaning(tag)) for code, (tag, _) in enumerate(segment.codes, 1)),
        text=text,
        lines=min(1 + length // 50, MOST_LINES),
        changed=segment.id in view.changed,
        problems=tuple(_said(problem, segment) for problem in view.problems_of(segment.id)),
    )


def _said(problem: Problem, segment: Segment) -> str:
    """A problem beside its text, which need not be named there."""
    if problem.code == "text-empty":
        return "Nothing stands here yet."
    message = problem.message.replace(f'The text "{segment.id}"', "This text")
    return f"{message} {problem.advice}".strip()


def _meaning(tag: str) -> str:
    if found := _ADDRESS.search(tag):
        return f"link to {unescape(found[1])}"
    return _MEANINGS.get(tag.strip("<>").split(" ")[0], "markup")


def _moment(when: datetime) -> str:
    return f"{when:%Y-%m-%d %H:%M} UTC"
