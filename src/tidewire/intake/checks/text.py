"""Is there a text at all, is it finished, and is it only text?"""

import re
from collections.abc import Iterator

from tidewire.formats.body import DEEPEST
from tidewire.intake.checks.found import depth, error, warning, words
from tidewire.model.errors import Problem
from tidewire.model.release import Release

MOST_CHARACTERS = 100_000
_FILLER = re.compile(r"\blorem\s+ipsum\b|\blorem\b", re.IGNORECASE)
_OPEN = re.compile(
    r"(?<![\w-])(?:X{2,}|x{3,}|TBC|TBD|TBA|t\.b\.[acd]\.|TODO|\?{3,}|_{4,})(?![\w-])"
    r"|(?i:[\[<{]\s*(?:insert|name|date|place|quote|hier|datum|ort|zitat|einfügen)\b[^\]>}]{0,60}[\]>}])"
)
_ACTIVE = re.compile(
    r"<\s*(?:script|style|iframe|object|embed|form|svg|math|link|meta|base)\b|<[^<>]*\son\w+\s*=",
    re.IGNORECASE,
)


def headlines(release: Release) -> Iterator[Problem]:
    """Every rendition has a headline."""
    for at, rendition in enumerate(release.renditions):
        if not rendition.headline.strip():
            yield error(
                "headline-missing",
                f"/renditions/{at}/headline",
                "There is no headline.",
                "Give one; on the command line with --headline.",
            )


def bodies(release: Release) -> Iterator[Problem]:
    """Every rendition has a body, of at most 100,000 characters of text."""
    for at, rendition in enumerate(release.renditions):
        length = len(words(rendition.body))
        if length == 0:
            yield error(
                "body-missing",
                f"/renditions/{at}/body_html",
                "There is no text in the body.",
                "Give the text as body_html, body_markdown or body_text.",
            )
        elif length > MOST_CHARACTERS:
            yield error(
                "body-too-long",
                f"/renditions/{at}/body_html",
                f"The body has {length:,} characters; {MOST_CHARACTERS:,} are the most.",
                "Shorten it, or link to the full document.",
            )


def nesting(release: Release) -> Iterator[Problem]:
    """No HTML is nested so deeply that sanitising it would take long or fail."""
    for at, rendition in enumerate(release.renditions):
        for name, text in (
            ("body_html", rendition.body),
            ("boilerplate_html", rendition.boilerplate),
        ):
            if depth(text) > DEEPEST - 10:
                yield error(
                    "nested-too-deeply",
                    f"/renditions/{at}/{name}",
                    "The HTML has too many elements inside each other.",
                    "Take out those that only lay the page out.",
                )


def placeholders(release: Release) -> Iterator[Problem]:
    """No filler text (an error) and no open places such as XX or TBC (warnings)."""
    for at, rendition in enumerate(release.renditions):
        for name, text in (
            ("headline", rendition.headline),
            ("subheadline", rendition.subheadline),
            ("body_html", words(rendition.body)),
            ("boilerplate_html", words(rendition.boilerplate)),
        ):
            pointer = f"/renditions/{at}/{name}"
            if found := _FILLER.search(text):
                yield error(
                    "placeholder-text",
                    pointer,
                    f'There is filler text: "{found.group()}".',
                    "Replace it by the real text.",
                )
            if found := _OPEN.search(text):
                yield warning(
                    "placeholder-text",
                    pointer,
                    f'"{found.group()[:40]}" looks like a place that was left open.',
                    "Fill it in, or leave it if it is meant.",
                )


def active_content(release: Release) -> Iterator[Problem]:
    """Scripts, styles, frames, forms and event handlers are taken out; say so."""
    for at, rendition in enumerate(release.renditions):
        for name, text in (
            ("body_html", rendition.body),
            ("boilerplate_html", rendition.boilerplate),
        ):
            if _ACTIVE.search(text):
                yield warning(
                    "active-content",
                    f"/renditions/{at}/{name}",
                    "The HTML holds scripts, styles, frames or event handlers; they are taken out.",
                    "Send text, subheads, lists, quotes, tables and links only.",
                )
