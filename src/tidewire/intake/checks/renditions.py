"""Do the renditions fit together: which prevails, which are required, which are to follow?"""

from collections.abc import Iterator, Sequence

from tidewire import languages
from tidewire.intake.checks.found import error, warning
from tidewire.model.errors import Problem
from tidewire.model.release import Release


def prevailing(release: Release) -> Iterator[Problem]:
    """One of the renditions prevails, and a person stands behind it."""
    if release.prevails and release.prevails not in release.languages():
        yield error(
            "prevails-missing",
            "/prevails",
            f"No rendition is in {release.prevails}, which is said to prevail.",
            "Name the language of one of the renditions.",
        )
        return
    at = release.languages().index(release.prevails) if release.prevails else 0
    if release.renditions[at].by_machine and not release.machine_unchecked:
        yield error(
            "prevails-machine",
            f"/renditions/{at}/made_by",
            "A machine made the rendition that prevails.",
            "Let one made by a person prevail, or say machine_unchecked.",
        )


def promised(release: Release) -> Iterator[Problem]:
    """Languages that are required or to follow are languages, and not here already."""
    yield from _unknown("/required", release.required)
    yield from _unknown("/to_follow", release.to_follow)
    for at, tag in enumerate(release.to_follow):
        if tag in release.languages():
            yield warning(
                "follows-already",
                f"/to_follow/{at}",
                f"A rendition in {tag} is here already.",
                "Take it off the list.",
            )
        elif tag in release.required:
            yield error(
                "follows-required",
                f"/to_follow/{at}",
                f"{tag} is required, so it cannot follow later.",
                "Keep it on one of the two lists.",
            )


def _unknown(pointer: str, tags: Sequence[str]) -> Iterator[Problem]:
    for at, tag in enumerate(tags):
        if not languages.is_language(tag):
            yield error(
                "language-unknown",
                f"{pointer}/{at}",
                f'"{tag}" is not a language that is known here.',
                f"Use a BCP 47 tag: {', '.join(languages.KNOWN_15)}.",
            )
