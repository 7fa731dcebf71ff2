"""The pictures of another wire's release: fetched from there, and kept here as its issuer's."""

from typing import Any

from tidewire.app.following.source import Source
from tidewire.intake.pictures import keep
from tidewire.intake.submit import Intake
from tidewire.model.errors import BadInput, Conflict


async def bring_pictures(
    intake: Intake, source: Source, issuer_id: int, document: dict[str, Any]
) -> None:
    """Put names of pictures that are here into the place of addresses at the other wire.

    What lies elsewhere, is gone, or is no picture that can be taken keeps its address: the
    checks then warn of it. Raises Unavailable.
    """
    here: dict[str, str] = {}
    for one in document.get("pictures", ()):
        href = one.get("href", "")
        raw = await source.picture(href)
        if not raw:
            continue
        try:
            uploaded = await keep(intake, issuer_id, raw)
        except (BadInput, Conflict):
            continue
        here[href] = one["picture"] = uploaded.picture.ref
        del one["href"]
    for rendition in document["renditions"]:
        for caption in rendition.get("captions", ()):
            caption["picture"] = here.get(caption["picture"], caption["picture"])
