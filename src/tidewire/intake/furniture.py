"""Recognise the furniture of a wire around a text, so that it becomes fields and not body."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from tidewire import languages
from tidewire.intake import furniture_patterns as patterns
from tidewire.intake.asked import take_contacts
from tidewire.intake.blocks import Block
from tidewire.intake.own_words import OwnWords, own_words, plain
from tidewire.model.sectors import SECTORS

_TAIL = 12  # furniture stands in the last paragraphs; what is above them is text


@dataclass(slots=True)
class Found:
    """What was recognised: `fields` of a submission, `boilerplate` HTML, and what is left."""

    blocks: list[Block]
    fields: dict[str, Any] = field(default_factory=dict)
    boilerplate: str = ""


def take_furniture(blocks: list[Block], language: str = "en") -> Found:
    """Split blocks into text and furniture: credit line, disclaimer, sectors, source, contacts,
    about, as the wire and others write them in German, English and the text's `language`."""
    found = Found(list(blocks))
    own = own_words(language)
    names = {name for name in (_take_credit(found), _provider_in(found.blocks)) if name}
    stop = max(0, len(found.blocks) - _TAIL)
    while len(found.blocks) > stop and _take_last(found, names, own):
        pass
    if contacts := take_contacts(found.blocks, own):
        found.fields["contacts"] = contacts
    _take_about(found, own)
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
        if provider := _provider(plain(block.text)):
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


def _take_last(found: Found, names: set[str], own: OwnWords) -> bool:
    """Take the last block off if it is furniture."""
    block = found.blocks[-1]
    text = plain(block.text)
    if (provider := _provider(text)) is not None:
        found.fields["third_party"] = True
        if provider[0]:
            found.fields["provider"], found.fields["provider_url"] = provider
    elif text in _own_notes(languages.known()):
        pass  # the wire says this about itself anew
    elif printed := _small_print(text, own):
        found.fields |= printed
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


def _small_print(text: str, own: OwnWords) -> dict[str, Any]:
    """Source, sectors and licence of a paragraph that holds nothing else."""
    match = own.small_print.fullmatch(text) if 0 < len(text) < 1_000 else None
    said = {key: value.strip() for key, value in match.groupdict("").items()} if match else {}
    fields: dict[str, Any] = {key: value for key, value in said.items() if value}
    if "sectors" in fields:
        fields["sectors"] = [sector_of(x, own.tag) for x in _parted(fields["sectors"])]
    return fields


def _labels(text: str) -> list[str]:
    for row in patterns.ALL:
        if len(text) < 500 and (match := row.sectors.fullmatch(text)):
            return _parted(match["names"])
    return []


def _parted(names: str) -> list[str]:
    return [label for part in re.split(r"[,;，、،；؛]", names) if (label := part.strip())]


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


def _take_about(found: Found, own: OwnWords) -> None:
    """A line "About NAME" and the one to three paragraphs after it are the boilerplate."""
    for back in (2, 3, 4):
        if len(found.blocks) <= back:
            return
        head = found.blocks[-back]
        if len(head.text) < 120 and _is_about(plain(head.text), own):
            about = found.blocks[-back + 1 :]
            found.boilerplate = "".join(b.html() for b in about) + found.boilerplate
            del found.blocks[-back:]
            return


def _is_about(text: str, own: OwnWords) -> bool:
    """Whether a heading says "About NAME". No name begins with a small letter: "Om høsten"."""
    if match := own.about.fullmatch(text):
        return not match["issuer"][0].islower()
    return len(text) < 90 and any(row.about.fullmatch(text) for row in patterns.ALL)


def sector_of(label: str, language: str = "") -> str:
    """Our slug for a sector as a text names it; the label itself, in small letters, if unknown.

    Where two languages mean different sectors by one word, that of `language` counts.
    """
    written = plain(label).strip(".").casefold()
    if language and (slug := _labelled(language).get(written)):
        return slug
    return _sector_names(languages.known()).get(written, written)


@lru_cache(maxsize=64)
def _labelled(tag: str) -> dict[str, str]:
    furniture = languages.furniture(tag)
    return {plain(furniture.sector(slug)).casefold(): slug for slug in SECTORS}


@lru_cache(maxsize=1)
def _own_disclaimers(known: tuple[str, ...]) -> tuple[re.Pattern[str], ...]:
    """The disclaimers that this wire itself writes, in all its languages."""
    return tuple(pattern for tag in known for pattern in own_words(tag).disclaimers)


@lru_cache(maxsize=1)
def _own_notes(known: tuple[str, ...]) -> frozenset[str]:
    """What this wire says about itself, in all its languages."""
    return frozenset().union(*(own_words(tag).notes for tag in known))


@lru_cache(maxsize=1)
def _sector_names(known: tuple[str, ...]) -> dict[str, str]:
    """Every word for a sector, in small letters: slugs, labels of all languages, aliases."""
    names = {slug: slug for slug in SECTORS}
    for row in patterns.ALL:
        names |= row.aliases
    for tag in known:
        names |= _labelled(tag)
    return names
