"""The vault: a data key for each release, sealing with it, and the one way to open.

Whoever opens says who they are and why; that is in the ledger, committed, before they get it.
"""

import asyncio
import hmac
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from tidewire.model.errors import CannotOpen
from tidewire.model.opening import Opening
from tidewire.model.release import Edition
from tidewire.model.rendition import Rendition
from tidewire.store import data_keys, sealed_texts, waiting_renditions
from tidewire.store.data_keys import Owner
from tidewire.store.database import Connection
from tidewire.store.pictures import StoredPicture
from tidewire.store.releases import Decision, Row
from tidewire.store.translation_drafts import SavedDraft
from tidewire.store.waiting_renditions import WaitingRendition
from tidewire.vault.keys import KeyService, MissingKey
from tidewire.vault.seal import new_key, seal, unseal
from tidewire.vault.text import (
    Draft,
    Text,
    about_draft,
    about_issuer_key,
    about_key,
    about_note,
    about_picture,
    about_rendition,
    about_text,
    pack,
    pack_draft,
    pack_rendition,
    unpack,
    unpack_draft,
    unpack_heading,
    unpack_rendition,
)

KEPT = 256  # data keys kept in memory, the last ones used

# Writes an opening of versions (release id, version) to the ledger, in a transaction of its own.
Record = Callable[[Opening, Sequence[tuple[int, int]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Whole:
    """One version of a release, and all that was decided on the release.

    `sealed` is true where its text stands under seal in the store, `sealed_notes` are those
    of the decisions whose notes do.
    """

    edition: Edition
    decisions: tuple[Decision, ...]
    sealed: bool
    sealed_notes: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class _Sealed:
    """One seal and the place that it stands in; `key` where it is not the release's."""

    release_id: int
    version: int
    sealed: bytes
    about: bytes
    key: bytes = b""


class Vault:
    """Seals and opens for one program."""

    def __init__(self, keys: KeyService, record: Record) -> None:
        """`keys` wraps data keys: the master key, or what stands in for it."""
        self._keys = keys
        self._record = record
        self._kept: OrderedDict[bytes, bytes] = OrderedDict()  # wrapped -> data key

    @property
    def closed(self) -> str:
        """Why nothing can be sealed or opened here; "" where it can."""
        return self._keys.why if isinstance(self._keys, MissingKey) else ""

    async def seal_text(self, tx: Connection, release_id: int, version: int, text: Text) -> bytes:
        """A version's text under seal. Raises CannotOpen without the right master key."""
        key = await self.key_of(tx, release_id)
        return seal(key, pack(text), about_text(release_id, version))

    async def seal_note(self, tx: Connection, release_id: int, decision: Decision) -> bytes:
        """A decision's note under seal. Raises CannotOpen without the right master key."""
        key = await self.key_of(tx, release_id)
        return seal(key, decision.note.encode(), about_note(release_id, decision))

    async def seal_rendition(self, tx: Connection, release_id: int, rendition: Rendition) -> bytes:
        """A rendition that waits, under seal. Raises CannotOpen without the right master key."""
        key = await self.key_of(tx, release_id)
        return seal(key, pack_rendition(rendition), about_rendition(release_id, rendition.language))

    async def renditions(
        self, tx: Connection, release_id: int, version: int, opening: Opening
    ) -> list[tuple[WaitingRendition, Rendition]]:
        """All that wait for approval, opened; `version` is the release's. Raises CannotOpen."""
        waiting = await waiting_renditions.every(tx, release_id)
        seals = [
            _Sealed(release_id, version, one.sealed, about_rendition(release_id, one.language))
            for one in waiting
        ]
        opened = await self._open(tx, seals, opening)
        return [(one, unpack_rendition(raw)) for one, raw in zip(waiting, opened, strict=True)]

    async def seal_draft(
        self, tx: Connection, release_id: int, language: str, draft: Draft
    ) -> bytes:
        """A translator's draft under seal. Raises CannotOpen without the right master key."""
        key = await self.key_of(tx, release_id)
        return seal(key, pack_draft(draft), about_draft(release_id, language))

    async def draft(
        self, tx: Connection, draft: SavedDraft, version: int, opening: Opening
    ) -> Draft:
        """A saved draft, opened; `version` is the release's. Raises CannotOpen."""
        place = about_draft(draft.release_id, draft.language)
        sealed = _Sealed(draft.release_id, version, draft.sealed, place)
        [raw] = await self._open(tx, [sealed], opening)
        return unpack_draft(raw)

    async def picture_mark(self, tx: Connection, issuer_id: int, digest: bytes) -> bytes:
        """What tells a picture's bytes (their SHA-256) from others, and proves no guess."""
        key = await self._key(tx, Owner.ISSUER, issuer_id)
        return hmac.digest(key, b"mark\0" + digest, "sha256")

    async def picture_key(self, tx: Connection, issuer_id: int, ref: str) -> bytes:
        """The key of one picture, which tells nothing of its issuer's. Raises CannotOpen."""
        key = await self._key(tx, Owner.ISSUER, issuer_id)
        return hmac.digest(key, b"picture\0" + ref.encode(), "sha256")

    async def seal_picture(self, tx: Connection, issuer_id: int, ref: str, raw: bytes) -> bytes:
        """A picture's bytes under seal. Raises CannotOpen without the right master key."""
        key = await self.picture_key(tx, issuer_id, ref)
        return await asyncio.to_thread(seal, key, raw, about_picture(ref))

    async def picture(
        self, tx: Connection, stored: StoredPicture, place: tuple[int, int], opening: Opening
    ) -> bytes:
        """A picture's bytes, opened for the release and version in `place`. Raises CannotOpen."""
        key = await self.picture_key(tx, stored.issuer_id, stored.ref)
        sealed = _Sealed(*place, stored.sealed, about_picture(stored.ref), key)
        [raw] = await self._open(tx, [sealed], opening)
        return raw

    async def fingerprint(self, tx: Connection, release_id: int, digest: bytes) -> bytes:
        """A digest that proves no guess to whoever lacks the key (HMAC-SHA256)."""
        key = await self.key_of(tx, release_id)
        return hmac.digest(key, b"fingerprint\0" + digest, "sha256")

    async def edition(
        self, tx: Connection, release_id: int, version: int, opening: Opening
    ) -> Edition | None:
        """One version with its text, opened where it is sealed. Raises CannotOpen."""
        found = await sealed_texts.edition(tx, release_id, version)
        if found is None:
            return None
        edition, sealed = found
        if sealed is None:
            return edition
        [raw] = await self._open(tx, [_text_seal(edition, sealed)], opening)
        return _with_text(edition, raw)

    async def whole(
        self, tx: Connection, release_id: int, version: int, opening: Opening
    ) -> Whole | None:
        """One version and all decisions, opened where sealed. Raises CannotOpen."""
        found = await sealed_texts.edition(tx, release_id, version)
        if found is None:
            return None
        edition, sealed = found
        seals = [] if sealed is None else [_text_seal(edition, sealed)]
        decisions = await sealed_texts.decisions(tx, release_id)
        noted = [(one, note) for one, note in decisions if note is not None]
        seals += [_note_seal(release_id, one, note) for one, note in noted]
        opened = await self._open(tx, seals, opening)
        if sealed is not None:
            edition = _with_text(edition, opened.pop(0))
        notes = {one.id: raw.decode() for (one, _), raw in zip(noted, opened, strict=True)}
        told = tuple(replace(one, note=notes.get(one.id, one.note)) for one, _ in decisions)
        return Whole(
            edition, told, sealed is not None, tuple(one for one in told if one.id in notes)
        )

    async def rows(self, tx: Connection, rows: Sequence[Row], opening: Opening) -> list[Row]:
        """Lines of the queue with their headlines; what cannot be opened stays `sealed`."""
        wanted = [row.id for row in rows if row.sealed]
        found = await sealed_texts.newest_of(tx, wanted) if wanted else {}
        seals = [_Sealed(*key, sealed, about_text(*key)) for key, sealed in found.items()]
        try:
            opened = await self._open(tx, seals, opening)
        except CannotOpen:
            return await self._rows_one_by_one(tx, rows, opening) if len(rows) > 1 else list(rows)
        texts = {one.release_id: raw for one, raw in zip(seals, opened, strict=True)}
        return await asyncio.to_thread(
            lambda: [_headed(row, texts[row.id]) if row.id in texts else row for row in rows]
        )

    async def _rows_one_by_one(
        self, tx: Connection, rows: Sequence[Row], opening: Opening
    ) -> list[Row]:
        return [(await self.rows(tx, [row], opening))[0] for row in rows]

    async def _open(
        self, tx: Connection, seals: Sequence[_Sealed], opening: Opening
    ) -> list[bytes]:
        """Open and record: the only place where what waits is unsealed."""
        if not seals:
            return []
        keys = {one.release_id: b"" for one in seals if not one.key}
        for release_id in keys:
            keys[release_id] = await self.key_of(tx, release_id)
        opened = await asyncio.to_thread(
            lambda: [
                unseal(one.key or keys[one.release_id], one.sealed, one.about) for one in seals
            ]
        )
        await self._record(opening, sorted({(one.release_id, one.version) for one in seals}))
        return opened

    async def key_of(self, tx: Connection, release_id: int) -> bytes:
        """The data key of a release (32 bytes), made where there is none. Raises CannotOpen."""
        return await self._key(tx, Owner.RELEASE, release_id)

    async def _key(self, tx: Connection, owner: Owner, owner_id: int) -> bytes:
        """The row is looked up every time: a key whose row was rolled back must seal nothing."""
        about = (about_key if owner is Owner.RELEASE else about_issuer_key)(owner_id)
        found = await data_keys.find(tx, owner, owner_id)
        if found is None:
            fresh = new_key()
            wrapped = await asyncio.to_thread(self._keys.wrap, fresh, about)
            if await data_keys.add(tx, owner, owner_id, self._keys.id, wrapped):
                return fresh
            found = await data_keys.find(tx, owner, owner_id)
            assert found is not None
        key_id, wrapped = found
        kept = self._kept.pop(wrapped, None)
        if kept is None:
            kept = await self._unwrap(about, key_id, wrapped)
        self._kept[wrapped] = kept
        if len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return kept

    async def _unwrap(self, about: bytes, key_id: bytes, wrapped: bytes) -> bytes:
        if self._keys.id and key_id != self._keys.id:
            raise CannotOpen(
                "This is sealed under another master key.",
                "The operator opens it with: tidewire vault rewrap FILE.",
            )
        return await asyncio.to_thread(self._keys.unwrap, wrapped, about)


def _text_seal(edition: Edition, sealed: bytes) -> _Sealed:
    place = about_text(edition.release_id, edition.version)
    return _Sealed(edition.release_id, edition.version, sealed, place)


def _note_seal(release_id: int, decision: Decision, sealed: bytes) -> _Sealed:
    return _Sealed(release_id, decision.version, sealed, about_note(release_id, decision))


def _with_text(edition: Edition, raw: bytes) -> Edition:
    text = unpack(raw)
    return replace(edition, release=text.release, note=text.note)


def _headed(row: Row, raw: bytes) -> Row:
    heading = unpack_heading(raw)
    return replace(
        row,
        slug=heading.slug,
        headline=heading.renditions[0].headline,
        languages=tuple(one.language for one in heading.renditions),
        priority=heading.priority,
        sealed=False,
    )
