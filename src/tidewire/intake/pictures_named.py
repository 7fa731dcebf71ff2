"""The pictures that a submission names: are they its issuer's, and are they named right?"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from tidewire.intake.picture_in import CaptionIn
from tidewire.intake.submission import Submission
from tidewire.model.errors import Conflict, Problem, Severity
from tidewire.model.picture import Picture
from tidewire.store import pictures
from tidewire.store.database import Connection, Database


async def named(
    database: Database, submission: Submission, issuer_id: int, at_hand: Mapping[str, Picture]
) -> tuple[dict[str, Picture], list[Problem]]:
    """The pictures that a submission names, by ref, and what is wrong with how it names them.

    `at_hand` are some that have not been uploaded, for a dry run.
    """
    refs = [one.picture for one in submission.pictures if one.picture]
    wanted = [ref for ref in refs if ref not in at_hand]
    found = {ref: at_hand[ref] for ref in refs if ref in at_hand}
    if wanted:
        async with database.transaction() as tx:
            found |= await pictures.of_issuer(tx, issuer_id, wanted)
    return found, [*_misnamed(submission, found), *_captions(submission, refs)]


async def link(tx: Connection, release_id: int, named: Sequence[Picture]) -> None:
    """Keep the pictures of a release from being dropped. Raises Conflict where one is gone."""
    if named and not await pictures.link(tx, release_id, [one.ref for one in named]):
        raise Conflict(
            "A picture of this release was dropped: it had waited too long.", "Upload it again."
        )


def unknown_captions(
    captions: Sequence[CaptionIn], refs: Collection[str], pointer: str
) -> Iterator[Problem]:
    """A problem for each caption of a picture that the release does not name."""
    for at, caption in enumerate(captions):
        if caption.picture not in refs:
            yield Problem(
                Severity.ERROR,
                "caption-astray",
                f"{pointer}/captions/{at}/picture",
                f'This is a caption of "{caption.picture}", which the release does not name.',
                "Name the picture in the release's pictures, or take the caption out.",
            )


def _misnamed(submission: Submission, found: Mapping[str, Picture]) -> Iterator[Problem]:
    seen: set[str] = set()
    for at, one in enumerate(submission.pictures):
        if one.href:
            yield Problem(
                Severity.WARNING,
                "picture-elsewhere",
                f"/pictures/{at}/href",
                f"This picture lies elsewhere and was not taken: {_described(submission, at)}.",
                "Nothing is fetched from other addresses. Upload the picture, and name it with"
                " this caption and credit.",
            )
        elif one.picture not in found:
            yield Problem(
                Severity.ERROR,
                "picture-unknown",
                f"/pictures/{at}/picture",
                f'There is no picture "{one.picture}" of this issuer.',
                "Upload it with POST /api/v1/pictures, and give the name that it answers.",
            )
        elif one.picture in seen:
            yield Problem(
                Severity.ERROR,
                "picture-twice",
                f"/pictures/{at}/picture",
                "The release names this picture twice.",
                "Name it once.",
            )
        seen.add(one.picture)


def _described(submission: Submission, at: int) -> str:
    """An address with all words that came with it, so that none is lost unseen."""
    one = submission.pictures[at]
    words = [
        f"{rendition.language}: {said}"
        for rendition in submission.renditions
        for caption in rendition.captions
        if caption.picture == one.href
        for said in dict.fromkeys((caption.caption, caption.alt))
        if said
    ]
    credit = [f"credit: {one.credit}"] if one.credit else []
    return "; ".join([one.href, *words, *credit])


def _captions(submission: Submission, refs: Sequence[str]) -> Iterator[Problem]:
    known = {*refs, *(one.href for one in submission.pictures)}
    for at, rendition in enumerate(submission.renditions):
        yield from unknown_captions(rendition.captions, known, f"/renditions/{at}")
