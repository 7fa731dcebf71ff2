"""Are the places, languages and topics those that the house knows?"""

from collections.abc import Iterator

from tidewire import languages
from tidewire.intake.checks.found import error, warning
from tidewire.model.errors import Problem, Severity
from tidewire.model.media_topics import MediaTopics, qcode
from tidewire.model.release import Release
from tidewire.model.sectors import SECTORS


def datelines(release: Release) -> Iterator[Problem]:
    """Every rendition says where and when; a warning only where a third party wrote the text."""
    severity = Severity.WARNING if release.third_party else Severity.ERROR
    for at, rendition in enumerate(release.renditions):
        pointer = f"/renditions/{at}/dateline"
        if rendition.dateline is None or not rendition.dateline.place:
            yield Problem(
                severity,
                "dateline-missing",
                pointer,
                "There is no dateline.",
                "Give the place, the country and the date.",
            )
        elif rendition.dateline.date is None:
            yield Problem(
                Severity.WARNING,
                "dateline-undated",
                f"{pointer}/date",
                "The dateline has no date.",
                "Give the day as YYYY-MM-DD.",
            )


def languages_known(release: Release) -> Iterator[Problem]:
    """Every rendition is in a language of the house, and each language comes once."""
    seen: dict[tuple[str, ...], str] = {}
    for at, rendition in enumerate(release.renditions):
        pointer = f"/renditions/{at}/language"
        spelt = languages.spelt_out(rendition.language)  # "zh" is "zh-Hans"
        if not languages.is_language(rendition.language):
            yield error(
                "language-unknown",
                pointer,
                f'"{rendition.language}" is not a language that is known here.',
                f"Use a BCP 47 tag: {', '.join(languages.KNOWN_15)}.",
            )
        elif spelt in seen:
            yield error(
                "language-twice",
                pointer,
                f"There are two renditions in {rendition.language}."
                if seen[spelt] == rendition.language
                else f"{seen[spelt]} and {rendition.language} are one language.",
                "Keep one of them.",
            )
        seen.setdefault(spelt, rendition.language)


def countries(release: Release) -> Iterator[Problem]:
    """Country codes are ISO 3166-1."""
    given = [(f"/countries/{at}", code) for at, code in enumerate(release.countries)]
    given += [
        (f"/renditions/{at}/dateline/country", rendition.dateline.country)
        for at, rendition in enumerate(release.renditions)
        if rendition.dateline and rendition.dateline.country
    ]
    for pointer, code in given:
        if not languages.is_country(code):
            yield error(
                "country-unknown",
                pointer,
                f'"{code}" is not a country.',
                "Use the two letters of ISO 3166-1: DE, US, KR.",
            )


def sectors(release: Release) -> Iterator[Problem]:
    """Sectors are those of the house."""
    for at, sector in enumerate(release.sectors):
        if sector not in SECTORS:
            yield error(
                "sector-unknown",
                f"/sectors/{at}",
                f'"{sector}" is not a sector that is known here.',
                f"Use one of: {', '.join(SECTORS)}.",
            )


def subjects(release: Release, topics: MediaTopics) -> Iterator[Problem]:
    """Subjects are IPTC Media Topics in use; a retired one is a warning, with what to use instead.

    Whether a topic exists is known once IPTC's list has been imported.
    """
    of_sectors = {SECTORS.get(sector) for sector in release.sectors}
    for at, subject in enumerate(release.subjects):
        topic = topics.by_code.get(subject)
        if qcode(subject) != subject or (topics.complete and topic is None):
            yield error(
                "subject-unknown",
                f"/subjects/{at}",
                f'"{subject}" is not an IPTC Media Topic.',
                "Write its qcode: medtop: and eight digits.",
            )
        elif topic and topic.retired and subject not in of_sectors:
            instead = " or ".join(topics.instead(topic))
            yield warning(
                "subject-retired",
                f"/subjects/{at}",
                f"IPTC has retired {subject} (on {topic.retired.isoformat()}).",
                f"Use {instead}." if instead else "Use another Media Topic.",
            )
