"""Take in a picture of an issuer: look into it, and keep it once, under seal."""

import asyncio
import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta

from tidewire.access.refs import new_ref
from tidewire.intake.picture_file import examine_picture
from tidewire.intake.submit import Intake
from tidewire.model.errors import Conflict
from tidewire.model.picture import Picture
from tidewire.store import pictures

UNUSED = timedelta(days=7)  # a picture that no release names is kept so long
MOST_UNUSED = 200  # of one issuer

_looking = asyncio.Semaphore(1)  # a picture that is looked at may take 200 MB


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A picture as it is kept; `here` where the same bytes were here already."""

    picture: Picture
    here: bool


async def keep(intake: Intake, issuer_id: int, raw: bytes, declared: str = "") -> Uploaded:
    """Look into a picture and keep it sealed; the same bytes of one issuer are kept once.

    Raises BadInput, TooLarge, and Conflict where the issuer has uploaded too many for nothing.
    """
    async with _looking:
        found = await asyncio.to_thread(examine_picture, raw, new_ref(), declared)
    digest = await asyncio.to_thread(lambda: hashlib.sha256(raw).digest())
    now = intake.clock.now()
    async with intake.database.transaction() as tx:
        mark = await intake.vault.picture_mark(tx, issuer_id, digest)
        if same := await pictures.find_same(tx, issuer_id, mark, now):
            return Uploaded(replace(found, ref=same), here=True)
        if await pictures.drop_unused(tx, issuer_id, now - UNUSED) >= MOST_UNUSED:
            raise Conflict(
                f"{MOST_UNUSED} pictures wait here that no release names.",
                f"Name them in a release; what is not named goes after {UNUSED.days} days.",
            )
        sealed = await intake.vault.seal_picture(tx, issuer_id, found.ref, raw)
        if await pictures.add(tx, issuer_id, found, mark=mark, sealed=sealed, now=now):
            return Uploaded(found, here=False)
        same = await pictures.find_same(tx, issuer_id, mark, now)
        assert same is not None
        return Uploaded(replace(found, ref=same), here=True)
