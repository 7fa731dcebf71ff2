"""Short ways to say what a check found, and the text that it looks at."""

import re
from functools import lru_cache

from lxml import etree

from tidewire.intake.blocks import parse
from tidewire.model.errors import Problem, Severity, Unreadable


def error(code: str, pointer: str, message: str, advice: str) -> Problem:
    """A problem that stops the release."""
    return Problem(Severity.ERROR, code, pointer, message, advice)


def warning(code: str, pointer: str, message: str, advice: str) -> Problem:
    """A problem that the desk should look at."""
    return Problem(Severity.WARNING, code, pointer, message, advice)


def depth(html: str) -> int:
    """How many elements stand inside each other in an HTML fragment (libxml2 stops at 256)."""
    if not html.strip():
        return 0
    try:
        root = parse(html).find("body")
    except Unreadable:
        return 0
    deepest, level = 0, 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        level += 1 if event == "start" else -1
        deepest = max(deepest, level)
    return deepest


@lru_cache(maxsize=64)
def words(html: str) -> str:
    """The text of an HTML fragment without its markup, scripts left out; "" where there is none."""
    if not html.strip():
        return ""
    try:
        spaced = re.sub(r"(?=</?(?:p|h\d|li|td|th|tr|br|div|blockquote)\b)", " ", html)
        return " ".join(str(parse(spaced).text_content()).split())
    except Unreadable:
        return ""
