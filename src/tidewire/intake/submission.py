"""What an issuer hands in, as the API takes it (JSON), and how it becomes a release."""

import dataclasses
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from tidewire.formats.body import clean
from tidewire.intake.edge import Day, Edge, Moment
from tidewire.intake.markdown import markdown_html
from tidewire.intake.picture_in import NONE, CaptionIn, PictureIn, pictures_of
from tidewire.intake.plain import text_html
from tidewire.intake.strings import Address, Code, Html, Line, Note, Short, Writing
from tidewire.languages import canonical
from tidewire.model.errors import BadInput, Problem, Severity
from tidewire.model.media_topics import qcode
from tidewire.model.picture import Caption, Picture
from tidewire.model.release import Contact, DataMining, Organisation, Priority, Release
from tidewire.model.rendition import Dateline, Hand, Maker, Rendition
from tidewire.model.sectors import SECTORS

_BODIES = ("body_html", "body_markdown", "body_text")


class DatelineIn(Edge):
    """Where and when the story is written from."""

    place: Short = Field(description="The town, as it is written in the rendition's language.")
    country: Code | None = Field(None, description="ISO 3166-1 alpha-2.", examples=["DE"])
    date: Day | None = Field(None, description="The day, ISO 8601.")


class MakerIn(Edge):
    """Who made a rendition; a machine's work is labelled so wherever it is read."""

    hand: Hand
    name: Annotated[Short, Field(min_length=1)] = Field(
        description="A translator's name, or that of the machine's service."
    )


class RenditionIn(Edge):
    """The text in one language; the body is given in exactly one of three forms."""

    language: Code = Field(description="BCP 47 tag.", examples=["de", "zh-Hans"])
    headline: Line = Field("", description="Required; the check says so where it is missing.")
    subheadline: Line = ""
    dateline: DatelineIn | None = None
    body_html: Html = Field("", description="HTML; reduced to a short list of elements.")
    body_markdown: Writing = Field("", description="CommonMark with tables.")
    body_text: Writing = Field("", description="Plain text; an empty line parts paragraphs.")
    boilerplate_html: Html = Field("", description="The issuer's standing paragraph, as HTML.")
    made_by: MakerIn | None = Field(None, description="Who translated it; none: not named.")
    captions: Annotated[list[CaptionIn], Field(max_length=20)] = Field(
        default=[], description="What it says of the release's pictures."
    )

    @model_validator(mode="after")
    def _one_body(self) -> "RenditionIn":
        if sum(bool(getattr(self, name)) for name in _BODIES) > 1:
            raise ValueError("gives the body more than once; keep one of " + ", ".join(_BODIES))
        return self

    def html(self) -> str:
        """The body as HTML, not yet sanitised."""
        if self.body_markdown:
            return markdown_html(self.body_markdown)
        return text_html(self.body_text) if self.body_text else self.body_html


class ContactIn(Edge):
    """Someone to ask about the release."""

    role: Short = Field(examples=["Press office"])
    name: Short
    mail: Short = ""
    phone: Short = ""
    public: bool = Field(False, description="False: for media only.")


class OrganisationIn(Edge):
    """An organisation that the release is about."""

    name: Short
    lei: Code = Field("", description="ISO 17442.")
    isin: Code = Field("", description="ISO 6166.")
    ticker: Code = Field("", description="MIC (ISO 10383), colon, symbol.", examples=["XETR:TWD"])


class ItemIn(Edge):
    """A news item that the release was made of: its guid (uri in ninjs) and version."""

    guid: Annotated[Address, Field(min_length=1)]
    version: Annotated[int, Field(ge=1, le=2**31 - 1)]


class Submission(Edge):
    """A release as it is handed in; everything but the text is shared by all renditions."""

    slug: Code = Field("", description="Short name of the story; made from the headline if empty.")
    renditions: Annotated[list[RenditionIn], Field(min_length=1, max_length=30)] = Field(
        description="The first one prevails, unless `prevails` names another."
    )
    prevails: Code = Field("", description="BCP 47 tag of the one that prevails; it is then said.")
    required: Annotated[list[Code], Field(max_length=30)] = Field(
        default=[], description="BCP 47 tags without which it must not go."
    )
    to_follow: Annotated[list[Code], Field(max_length=30)] = Field(
        default=[], description="BCP 47 tags promised for later; readers are told."
    )
    machine_unchecked: bool = Field(
        False, description="True: a machine's renditions go with the release, labelled unchecked."
    )
    priority: Priority = Priority.ROUTINE
    contacts: Annotated[list[ContactIn], Field(max_length=20)] = Field(default=[])
    sectors: Annotated[list[Code], Field(max_length=20)] = Field(
        default=[], description="Slugs.", examples=[["energy", "technology"]]
    )
    subjects: Annotated[list[Code], Field(max_length=40)] = Field(
        default=[],
        description="IPTC Media Topics: qcodes, or their URIs.",
        examples=[["medtop:04000000"]],
    )
    countries: Annotated[list[Code], Field(max_length=250)] = Field(
        default=[], description="Countries that it concerns, ISO 3166-1 alpha-2."
    )
    organisations: Annotated[list[OrganisationIn], Field(max_length=50)] = Field(default=[])
    circuits: Annotated[list[Short], Field(max_length=50)] = Field(
        default=[], description="Named audiences; none: everyone whose interest fits."
    )
    source: Short = ""
    third_party: bool = Field(False, description="True where another provider wrote it.")
    provider: Short = ""
    provider_url: Address = ""
    licence: Note = ""
    data_mining: DataMining | None = Field(
        None, description="What is said of text and data mining; none: nothing is."
    )
    t0: Moment | None = Field(
        None, description="The moment asked for, with a UTC offset; none: once approved."
    )
    embargo: bool = Field(False, description="True: it may not be moved before its own T0.")
    pictures: Annotated[list[PictureIn], Field(max_length=20)] = Field(
        default=[], description="The first one leads: cards, and feeds that hold only one."
    )
    items: Annotated[list[ItemIn], Field(max_length=30)] = Field(
        default=[], description="News items that it was made of: sent again, they are known."
    )


class Correction(Edge):
    """New content for a published release, and the line that says what changed."""

    note: Note = Field(min_length=1, description="What changed; shown to all who had it.")
    release: Submission


def read_rendition(document: object) -> RenditionIn:
    """A parsed JSON or YAML document as one rendition. Raises BadInput with its problems."""
    try:
        return RenditionIn.model_validate(document)
    except ValidationError as error:
        raise BadInput(
            "This rendition cannot be read as one.",
            "Mend the fields that are named.",
            problems_of(error.errors(include_url=False, include_context=False)),
        ) from None
    except RecursionError:
        raise BadInput("This rendition is nested too deeply.", "Flatten it.") from None


def read_submission(document: object) -> Submission:
    """A parsed JSON or YAML document as a submission. Raises BadInput with its problems."""
    try:
        return Submission.model_validate(document)
    except ValidationError as error:
        raise BadInput(
            "This release cannot be read as one.",
            "Mend the fields that are named.",
            problems_of(error.errors(include_url=False, include_context=False)),
        ) from None
    except RecursionError:
        raise BadInput("This release is nested too deeply.", "Flatten it.") from None


def problems_of(errors: Any) -> tuple[Problem, ...]:
    """What pydantic found wrong, each with its JSON Pointer (RFC 6901)."""
    return tuple(
        Problem(
            Severity.ERROR,
            str(error["type"]).replace("_", "-"),
            "".join(f"/{_escape(str(part))}" for part in error["loc"] if part != "body"),
            str(error["msg"]).removeprefix("Value error, ") + ".",
            "Correct this field.",
        )
        for error in errors
    )


def _escape(part: str) -> str:
    return part.replace("~", "~0").replace("/", "~1")[:200]


def raw_release(submission: Submission, known: Mapping[str, Picture] = NONE) -> Release:
    """The release with its bodies as they came: for the checks, never for the store.

    `known` are pictures that are here, by ref; others that it names are left out.
    """
    named = pictures_of(submission.pictures, known)
    return Release(
        slug=submission.slug or _slug(submission.renditions[0].headline),
        renditions=tuple(raw_rendition(r, [p.ref for p in named]) for r in submission.renditions),
        priority=submission.priority,
        contacts=tuple(Contact(**c.model_dump()) for c in submission.contacts),
        sectors=tuple(dict.fromkeys(s.lower() for s in submission.sectors)),
        subjects=tuple(dict.fromkeys(qcode(s) or s for s in submission.subjects))
        or _subjects(submission.sectors),
        countries=tuple(dict.fromkeys(c.upper() for c in submission.countries)),
        organisations=tuple(Organisation(**o.model_dump()) for o in submission.organisations),
        circuits=tuple(dict.fromkeys(submission.circuits)),
        source=submission.source,
        third_party=submission.third_party,
        provider=submission.provider,
        provider_url=submission.provider_url,
        licence=submission.licence,
        data_mining=submission.data_mining,
        t0=submission.t0,
        embargo=submission.embargo,
        prevails=_tag(submission.prevails),
        required=_tags(submission.required),
        to_follow=_tags(submission.to_follow),
        machine_unchecked=submission.machine_unchecked,
        pictures=named,
    )


def sanitised(release: Release) -> Release:
    """The release for the store: what prevails first, all HTML through the allow-list."""
    ordered = sorted(release.renditions, key=lambda r: r.language != release.prevails)
    cleaned = tuple(map(sanitised_rendition, ordered if release.prevails else release.renditions))
    return dataclasses.replace(release, renditions=cleaned)


def sanitised_rendition(rendition: Rendition) -> Rendition:
    """The same rendition with body and boilerplate put through the allow-list."""
    return dataclasses.replace(
        rendition, body=clean(rendition.body), boilerplate=clean(rendition.boilerplate)
    )


def raw_rendition(given: RenditionIn, pictures: Collection[str] = ()) -> Rendition:
    """One rendition with its HTML as it came: for the checks, never for the store.

    It keeps its captions of those `pictures`.
    """
    return Rendition(
        language=canonical(given.language) or given.language,
        headline=given.headline,
        body=given.html(),
        subheadline=given.subheadline,
        dateline=_dateline(given.dateline) if given.dateline else None,
        boilerplate=given.boilerplate_html,
        made_by=Maker(given.made_by.hand, given.made_by.name) if given.made_by else None,
        captions=tuple(
            Caption(one.picture, one.alt, one.caption)
            for one in given.captions
            if one.picture in pictures
        ),
    )


def _tag(text: str) -> str:
    return canonical(text) or text


def _tags(texts: list[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(map(_tag, texts)))


def _dateline(given: DatelineIn) -> Dateline:
    return Dateline(given.place, given.country.upper() if given.country else None, given.date)


def _subjects(sectors: list[str]) -> tuple[str, ...]:
    """The Media Topics that the sectors stand for, where no subject is named."""
    return tuple(dict.fromkeys(code for s in sectors if (code := SECTORS.get(s.lower(), ""))))


def _slug(headline: str) -> str:
    """The first words of the headline, in small letters: "tidewind-opens-first-park"."""
    words = "".join(c if c.isalnum() else " " for c in headline.lower()).split()
    return "-".join(words[:6])[:60] or "untitled"
