"""Does every link lead somewhere, and safely?"""

import re
from collections.abc import Iterator

from tidewire.intake.blocks import parse
from tidewire.intake.checks.found import error
from tidewire.intake.checks.people import web_address
from tidewire.model.errors import Problem, Unreadable
from tidewire.model.release import Release

_OTHER = re.compile(r"mailto:[^\s<>\"@]+@[^\s<>\"@]+", re.IGNORECASE)


def links(release: Release) -> Iterator[Problem]:
    """Links are absolute web or mail addresses, and not empty."""
    for at, rendition in enumerate(release.renditions):
        for name, text in (
            ("body_html", rendition.body),
            ("boilerplate_html", rendition.boilerplate),
        ):
            for href in _hrefs(text):
                if problem := _link(href, f"/renditions/{at}/{name}"):
                    yield problem


def _link(href: str, pointer: str) -> Problem | None:
    if not href or href == "#":
        return error(
            "link-empty", pointer, "A link leads nowhere.", "Give its address, or take it out."
        )
    if not web_address(href) and not _OTHER.fullmatch(href):
        return error(
            "link-unsafe",
            pointer,
            f'A link is not a whole web address: "{href[:60]}".',
            "Write it as https://company.example/page, or take it out.",
        )
    return None


def _hrefs(text: str) -> list[str]:
    """Where the links of an HTML fragment lead to, each once."""
    if "<a" not in text.lower():
        return []
    try:
        tree = parse(text)
    except Unreadable:
        return []
    return list(
        dict.fromkeys(
            str(a.get("href", "")).strip() for a in tree.iter("a") if "name" not in a.attrib
        )
    )
