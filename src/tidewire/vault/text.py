"""What goes under one seal, as bytes, and the name of the place that it is sealed for. Pure."""

from dataclasses import dataclass
from datetime import UTC

import msgspec

from tidewire.model.release import Release
from tidewire.model.rendition import Rendition
from tidewire.store.releases import Decision


@dataclass(frozen=True, slots=True)
class Text:
    """All text of one version: its content, and the editor's line on it."""

    release: Release
    note: str = ""


class _Headline(msgspec.Struct):
    language: str
    headline: str


class Heading(msgspec.Struct):
    """What a list shows of a text; the rest is not even decoded."""

    slug: str
    renditions: tuple[_Headline, ...]
    priority: str


class _Headed(msgspec.Struct):
    release: Heading


def pack(text: Text) -> bytes:
    """A text as JSON."""
    return msgspec.json.encode(text)


def unpack(raw: bytes) -> Text:
    """The text from its JSON."""
    return msgspec.json.decode(raw, type=Text)


def unpack_heading(raw: bytes) -> Heading:
    """What a list shows, from a text's JSON."""
    return msgspec.json.decode(raw, type=_Headed).release


def about_key(release_id: int) -> bytes:
    """The place of a release's data key."""
    return f"data key of release {release_id}".encode()


def about_issuer_key(issuer_id: int) -> bytes:
    """The place of an issuer's key."""
    return f"key of issuer {issuer_id}".encode()


def about_picture(ref: str) -> bytes:
    """The place of a picture's bytes."""
    return f"picture {ref}".encode()


def about_text(release_id: int, version: int) -> bytes:
    """The place of a version's text."""
    return f"text of release {release_id} version {version}".encode()


def pack_rendition(rendition: Rendition) -> bytes:
    """A rendition as JSON."""
    return msgspec.json.encode(rendition)


def unpack_rendition(raw: bytes) -> Rendition:
    """The rendition from its JSON."""
    return msgspec.json.decode(raw, type=Rendition)


def about_rendition(release_id: int, language: str) -> bytes:
    """The place of a rendition that waits for approval."""
    return f"rendition of release {release_id} in {language}".encode()


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One text of a draft, and the text of the source that it was written for."""

    source: str
    target: str


Draft = dict[str, DraftLine]  # by the id of the segment


def pack_draft(draft: Draft) -> bytes:
    """A translator's draft as JSON."""
    return msgspec.json.encode(draft)


def unpack_draft(raw: bytes) -> Draft:
    """The draft from its JSON."""
    return msgspec.json.decode(raw, type=Draft)


def about_draft(release_id: int, language: str) -> bytes:
    """The place of a translator's draft."""
    return f"draft of release {release_id} in {language}".encode()


def about_note(release_id: int, decision: Decision) -> bytes:
    """The place of a decision's note: what was decided, on which version, when."""
    at = decision.at.astimezone(UTC).isoformat()
    return f"note of release {release_id} version {decision.version} {decision.move} {at}".encode()
