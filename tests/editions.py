"""Editions for tests: a visibly fictional release, with words by which its parts are found."""

from dataclasses import replace
from datetime import UTC, date, datetime

from tidewire.model.release import Act, Contact, Edition, Organisation, Priority, Release
from tidewire.model.rendition import Dateline, Rendition

T0 = datetime(2026, 3, 3, 12, 0, tzinfo=UTC)

# One plain ASCII word for each part that appears nowhere else: it survives every encoding.
HEADLINE_MARKS = {"de": "Quallenturm", "en": "Jellytower"}
BODY_MARKS = {"de": "Muschelstrom", "en": "Clamcurrent"}
BOILERPLATE_MARKS = {"de": "Seesternwerft", "en": "Starfishyard"}
SUBHEADLINE_MARKS = {"de": "Algenlicht", "en": "Algaelamp"}

NOTE = "Editors: the third paragraph was changed."

_RENDITIONS = {
    "de": Rendition(
        language="de",
        headline="Nordmeer Strom eröffnet den Quallenturm",
        subheadline="Algenlicht für 12.000 erfundene Haushalte",
        dateline=Dateline("Muschelhafen", "DE", date(2026, 3, 3)),
        body=(
            "<p>Die Nordmeer Strom AG hat heute in Muschelhafen ihr Kraftwerk für "
            "Muschelstrom in Betrieb genommen.</p>"
            "<h2>Größe &amp; Kosten</h2>"
            "<ul><li>12 Turbinen</li><li>34 Mio. € – „günstig“, sagt das Unternehmen</li></ul>"
            '<p>Mehr unter <a href="https://nordmeer.example/turm">nordmeer.example</a>.</p>'
        ),
        boilerplate="<p>Die Nordmeer Strom AG mit der Seesternwerft ist frei erfunden.</p>",
    ),
    "en": Rendition(
        language="en",
        headline="Nordmeer Strom opens the Jellytower",
        subheadline="Algaelamp for 12,000 fictional homes",
        dateline=Dateline("Muschelhafen", "DE", date(2026, 3, 3)),
        body=(
            "<p>Nordmeer Strom AG today switched on its Clamcurrent plant in Muschelhafen.</p>"
            "<h2>Size &amp; cost</h2>"
            "<ul><li>12 turbines</li><li>€34 million – “cheap”, the company says</li></ul>"
            '<p>More at <a href="https://nordmeer.example/tower">nordmeer.example</a>.</p>'
        ),
        boilerplate="<p>Nordmeer Strom AG and its Starfishyard are entirely made up.</p>",
    ),
}


def a_rendition(language: str) -> Rendition:
    """The fictional release in `language`; other languages than de and en carry English text."""
    return _RENDITIONS.get(language) or replace(_RENDITIONS["en"], language=language)


def a_release(languages: tuple[str, ...] = ("de", "en")) -> Release:
    """A fictional release with every field in use."""
    return Release(
        slug="nordmeer-turm",
        renditions=tuple(a_rendition(language) for language in languages),
        priority=Priority.ROUTINE,
        contacts=(
            Contact("press", "Wanda Wellenreiter", "press@nordmeer.example", "+49 30 000000", True),
            Contact("media only", "Otto Oktopus", "desk@nordmeer.example"),
        ),
        sectors=("energy", "technology"),
        subjects=("medtop:04000000",),
        countries=("DE",),
        organisations=(Organisation("Nordmeer Strom AG", ticker="XETR:NMS"),),
        source="Nordmeer Strom AG",
    )


def an_edition(
    act: Act = Act.PUBLISH,
    languages: tuple[str, ...] = ("de", "en"),
    *,
    release_id: int = 42,
    version: int | None = None,
    sequence: int | None = None,
    t0: datetime = T0,
) -> Edition:
    """A published edition; version 1 for a publication, 2 for what follows it."""
    first = act is Act.PUBLISH
    number = version or (1 if first else 2)
    return Edition(
        release_id=release_id,
        ref=f"tw{release_id:06d}",
        version=number,
        act=act,
        issuer_name="Nordmeer Strom AG",
        issuer_slug="nordmeer",
        issuer_website="https://nordmeer.example",
        release=a_release(languages),
        note="" if first else NOTE,
        t0=t0,
        sequence=sequence or release_id * 10 + number,
        published_at=t0,
        first_published_at=T0,
    )
