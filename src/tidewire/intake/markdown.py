"""Markdown with a YAML head, as writers keep their releases."""

import re
from typing import Any

import yaml
from markdown_it import MarkdownIt

from tidewire.intake.draft import Draft
from tidewire.model.errors import Unreadable

_HEAD = re.compile(r"\A\ufeff?---[ \t]*\n(?P<head>.*?)^---[ \t]*$\n?", re.DOTALL | re.MULTILINE)
_FIRST_TITLE = re.compile(r"\A\s*#[ \t]+(?P<title>[^\n]+?)[ \t#]*(?:\n|\Z)")
_DEEPEST = 20
_RENDITION = ("language", "headline", "subheadline", "dateline")


class _HeadLoader(yaml.SafeLoader):
    """YAML without its surprises: no aliases, `no` is Norway, nesting is bounded."""

    depth = 0

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are not taken")
        self.depth += 1
        if self.depth > _DEEPEST:
            raise yaml.YAMLError("it is nested too deeply")
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


_HeadLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:bool"]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_HeadLoader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), list("tf")
)


def read_markdown(text: str) -> Draft:
    """A draft from Markdown. Raises Unreadable where the YAML head is not one.

    The head may name every field of a submission, and those of its one rendition
    (language, headline, subheadline, dateline, boilerplate) beside them.
    """
    found = _HEAD.match(text)
    head = _read_head(found["head"]) if found else {}
    body = text[found.end() :] if found else text.removeprefix("\ufeff")
    fields = {name: head.pop(name) for name in _RENDITION if name in head}
    if "boilerplate" in head:
        fields["boilerplate_html"] = _boilerplate(head.pop("boilerplate"))
    if "headline" not in fields and (title := _FIRST_TITLE.match(body)):
        fields["headline"], body = title["title"], body[title.end() :]
    return Draft(markdown_html(body), rendition=fields, shared=head)


def markdown_html(text: str) -> str:
    """CommonMark with tables as HTML; HTML inside it is shown as text."""
    try:
        return str(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))
    except RecursionError:
        raise Unreadable(
            "This Markdown is nested too deeply.", "Use fewer levels of lists and quotes."
        ) from None


def _boilerplate(text: object) -> object:
    return markdown_html(text) if isinstance(text, str) else text


def _read_head(text: str) -> dict[str, Any]:
    try:
        head = yaml.load(text, Loader=_HeadLoader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError, AttributeError, TypeError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" (line {mark.line + 2})" if mark else ""
        raise Unreadable(
            f"The YAML head of this Markdown cannot be read{where}.",
            "Write 'field: value' lines between two lines of '---'.",
        ) from None
    if head is None:
        return {}
    if not isinstance(head, dict):
        raise Unreadable(
            "The YAML head of this Markdown is not a list of fields.", "Write 'field: value' lines."
        )
    return {str(name): value for name, value in head.items()}
