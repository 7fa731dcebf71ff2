"""The frame that every page of the site stands in: base template, validators, languages.

Pages load one stylesheet of our own and nothing else: no script, no style attribute, so
that the application's content security policy can forbid both.
"""

import hashlib

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from tidewire.formats.body import markup

MOST_WANTED = 20  # languages read from one Accept-Language header


def templates(package: str) -> Environment:
    """The templates of `package`, which may extend "site.html"; everything is escaped.

    The filter `said` is for what Furniture said: values set apart in it stand in bdi.
    """
    pages = Environment(
        loader=ChoiceLoader([PackageLoader(package), PackageLoader("tidewire.formats")]),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    pages.filters["said"] = lambda text: Markup(markup(text))  # noqa: S704 (it escapes)
    return pages


def entity_tag(body: bytes) -> str:
    """A strong validator for exactly these bytes (RFC 9110 section 8.8.3)."""
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'


def still_fresh(asked: str, tag: str) -> bool:
    """True where If-None-Match names this tag, so that 304 is the answer (RFC 9110 13.1.2)."""
    names = {name.strip().removeprefix("W/") for name in asked.split(",")}
    return tag in names or "*" in names


def wanted_languages(accept: str) -> tuple[str, ...]:
    """The tags of an Accept-Language header, best first (RFC 9110 section 12.5.4)."""
    ranked = []
    for place, part in enumerate(accept.split(",")[:MOST_WANTED]):
        tag, _, weight = part.strip().partition(";")
        quality = _quality(weight)
        if tag and tag != "*" and quality > 0:
            ranked.append((-quality, place, tag.strip()))
    return tuple(tag for _, _, tag in sorted(ranked))


def _quality(weight: str) -> float:
    name, _, value = weight.strip().partition("=")
    if name.strip().lower() != "q":
        return 1.0
    try:
        return min(float(value), 1.0)
    except ValueError:
        return 0.0
