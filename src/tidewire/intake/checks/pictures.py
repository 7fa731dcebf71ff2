"""Can a picture be read by those who do not see it?"""

from collections.abc import Iterator

from tidewire.intake.checks.found import warning
from tidewire.languages import language_name
from tidewire.model.errors import Problem
from tidewire.model.release import Release


def described(release: Release) -> Iterator[Problem]:
    """Every rendition says of every picture what can be seen on it; every picture has a credit."""
    for number, picture in enumerate(release.pictures, 1):
        if not picture.credit:
            yield warning(
                "picture-credit",
                f"/pictures/{number - 1}/credit",
                f"Nobody is named whose picture {number} is.",
                "Give its credit: outlets do not print a picture without one.",
            )
        for at, rendition in enumerate(release.renditions):
            if not rendition.caption(picture.ref).alt:
                yield warning(
                    "picture-alt",
                    f"/renditions/{at}/captions",
                    f"{language_name(rendition.language, 'en')} does not say what can be seen on"
                    f" picture {number}.",
                    "Give its alt: one sentence for those who do not see it.",
                )
