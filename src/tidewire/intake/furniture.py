"""Recognise the furniture of a wire around a text, so that it becomes fields and not body."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tidewire import languages
from tidewire.intake import furniture_patterns as patterns
from tidewire.intake.blocks import Block
from tidewire.model.sectors import SECTORS

_TAIL = 12  # furniture stands in the last paragraphs; what is above them is text


@dataclass(slots=True)
class Found:
    """What was recognised: `fields` of a submission, `boilerplate` HTML, and what is left."""

    blocks: list[Block]
    fields: dict[str, Any] = field(default_factory=dict)
    boilerplate: str = ""


def take_furniture(blocks: list[Block]) -> Found:
    """Split blocks into text and furniture: credit line, disclaimer, sectors, source, about."""
    found = Found(list(blocks))
    names = {name for name in (_take_credit(found), _provider_in(found.blocks)) if name}
    stop = max(0, len(found.blocks) - _TAIL)
    while len(found.blocks) > stop and _take_last(found, names):
        pass
    _take_about(found)
    return found


def _take_credit(found: Found) -> str:
    """The name in "(Wire) – " at the head of one of the first three blocks; it is cut off."""
    for block in found.blocks[:3]:
        if match := patterns.CREDIT.match(block.text):
            if block.cut(match.end()):
                found.fields["source"] = match["name"]
                return match["name"]
            return ""
    return ""


def _provider_in(blocks: list[Block]) -> str:
    for block in blocks[-_TAIL:]:
        if provider := _provider(languages.unturned(block.text)):
            return provider[0]
    return ""


def _provider(text: str) -> tuple[str, str] | None:
    """(name, address) of the provider that a disclaimer names; ("", "") where it names none."""
    for own in _own_disclaimers(languages.known()):
        if match := own.fullmatch(text):
            named = match.groupdict()
            return named.get("provider", ""), named.get("url", "")
    for row in patterns.ALL:
        if len(text) < 1_000 and row.disclaimer.fullmatch(text):
            for match in patterns.PROVIDER.finditer(text):
                if row.warrants.search(text, match.end()) or row.disclaimer.match(text):
                    return match["name"].strip(), match["url"]
            return "", ""
    return None


def _take_last(found: Found, names: set[str]) -> bool:
    """Take the last block off if it is furniture."""
    block = found.blocks[-1]
    text = languages.unturned(block.text)
    if (provider := _provider(text)) is not None:
        found.fields["third_party"] = True
        if provider[0]:
            found.fields["provider"], found.fields["provider_url"] = provider
    elif text in _own_notes(languages.known()):
        pass  # the wire says this about itself anew
    elif labels := _labels(text):
        found.fields["sectors"] = [sector_of(label) for label in labels]
    elif name := _source(text):
        found.fields["source"] = name
    elif _about_a_wire(text, names):
        found.boilerplate = block.html() + found.boilerplate
    else:
        return False
    found.blocks.pop()
    return True


def _labels(text: str) -> list[str]:
    for row in patterns.ALL:
        if len(text) < 500 and (match := row.sectors.fullmatch(text)):
            return [
                label for part in re.split(r"[,;，、]", match["names"]) if (label := part.strip())
            ]
    return []


def _source(text: str) -> str:
    for row in patterns.ALL:
        if match := row.source.fullmatch(text):
            return match["name"].strip()
    return ""


def _about_a_wire(text: str, names: set[str]) -> bool:
    """A paragraph that opens with the wire's or provider's name and speaks of its trade."""
    return any(text.startswith(name) for name in names) and any(
        row.wire.search(text) for row in patterns.ALL
    )


def _take_about(found: Found) -> None:
    """A line "About NAME" and the one to three paragraphs after it are the boilerplate."""
    for back in (2, 3, 4):
        if len(found.blocks) <= back:
            return
        head = found.blocks[-back]
        if len(head.text) < 90 and any(row.about.fullmatch(head.text) for row in patterns.ALL):
            about = found.blocks[-back + 1 :]
            found.boilerplate = "".join(b.html() for b in about) + found.boilerplate
            del found.blocks[-back:]
            return


def sector_of(label: str) -> str:
    """Our slug for a sector as a text names it; the label itself, in small letters, if unknown."""
    written = label.strip().strip(".").casefold()
    return _sector_names(languages.known()).get(written, written)


@lru_cache(maxsize=1)
def _own_disclaimers(known: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """The disclaimers that this wire itself writes, in all its languages."""
    found = []
    for tag in known:
        for key in ("disclaimer_linked", "disclaimer", "disclaimer_unnamed"):
            pattern = re.escape(languages.furniture(tag).phrases[key])
            pattern = pattern.replace(r"\{provider\}", r"(?P<provider>.{1,200}?)")
            found.append(re.compile(pattern.replace(r"\{url\}", r"(?P<url>https?://\S{1,500}?)")))
    return tuple(found)


@lru_cache(maxsize=1)
def _own_notes(known: tuple[str, ...]) -> frozenset[str]:
    """What this wire says about itself, in all its languages."""
    keys = ("about_wire_heading", "about_wire")
    return frozenset(languages.furniture(t).phrases[k] for t in known for k in keys)


@lru_cache(maxsize=1)
def _sector_names(known: tuple[str, ...]) -> dict[str, str]:
    """Every word for a sector, in small letters: slugs, labels of all languages, aliases."""
    names = {slug: slug for slug in SECTORS}
    for row in patterns.ALL:
        names |= row.aliases
    for tag in known:
        furniture = languages.furniture(tag)
        names |= {furniture.sector(slug).casefold(): slug for slug in SECTORS}
    return names
