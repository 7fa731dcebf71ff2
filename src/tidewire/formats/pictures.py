"""The pictures of an edition as one rendition shows them."""

from dataclasses import dataclass
from html import escape

from tidewire.formats.addresses import picture_url
from tidewire.formats.body import line
from tidewire.languages import isolated
from tidewire.model.picture import Picture
from tidewire.model.release import Edition
from tidewire.model.rendition import Rendition


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture at its public address, with what the rendition says of it; all plain text.

    `alt` is "" where nothing is said: then it is passed over by those who do not see it.
    """

    ref: str
    url: str
    media_type: str
    size: int
    width: int
    height: int
    alt: str
    caption: str
    credit: str

    def legend(self, way: str) -> str:
        """Caption and credit on one line, the credit apart: it may be in another script."""
        credit = isolated(self.credit, way)
        return " ".join(filter(None, (self.caption, f"({credit})" if credit else "")))

    @property
    def words(self) -> str:
        """What can be said of it in one line: its caption, or else what can be seen on it."""
        return self.caption or self.alt


def shown_pictures(
    edition: Edition, rendition: Rendition, base_url: str
) -> tuple[ShownPicture, ...]:
    """The pictures in their order; none of what was taken back."""
    if edition.retracted:
        return ()
    return tuple(_shown(edition, one, rendition, base_url) for one in edition.release.pictures)


def figure(picture: ShownPicture) -> str:
    """A picture as an HTML fragment for readers elsewhere."""
    legend = escape(picture.caption)
    if picture.credit:
        legend = f"{legend} (<bdi>{escape(picture.credit)}</bdi>)".strip()
    below = f"<figcaption>{legend}</figcaption>" if legend else ""
    return (
        f'<figure><img src="{escape(picture.url)}" alt="{escape(picture.alt)}"'
        f' width="{picture.width}" height="{picture.height}">{below}</figure>'
    )


def _shown(edition: Edition, one: Picture, rendition: Rendition, base_url: str) -> ShownPicture:
    said = rendition.caption(one.ref)
    return ShownPicture(
        ref=one.ref,
        url=picture_url(base_url, edition.ref, one),
        media_type=one.media_type,
        size=one.size,
        width=one.width,
        height=one.height,
        alt=line(said.alt),
        caption=line(said.text),
        credit=line(one.credit),
    )
