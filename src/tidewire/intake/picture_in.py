"""Pictures and captions as a submission names them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from pydantic import Field, model_validator

from tidewire.intake.edge import Edge
from tidewire.intake.strings import Address, FileName, Saying, Short
from tidewire.model.picture import Picture

NONE: Mapping[str, Picture] = MappingProxyType({})


class PictureIn(Edge):
    """A picture of the release, uploaded before."""

    picture: Short = Field("", description="Its name, as the upload answered it.")
    href: Address = Field(
        "", description="Where a news item says that it lies; it is not fetched, and a warning."
    )
    file: FileName = Field(
        "", description="The name of its file, for those who save it.", examples=["ferry.jpg"]
    )
    credit: Short = Field("", description="Whose picture it is.", examples=["Kim Template"])

    @model_validator(mode="after")
    def _one_place(self) -> "PictureIn":
        if bool(self.picture) == bool(self.href):
            raise ValueError("names no picture, or two; give one of picture, href")
        return self


class CaptionIn(Edge):
    """What a rendition says of a picture."""

    picture: Address = Field(min_length=1, description="As the release names it.")
    alt: Saying = Field("", description="What can be seen, for those who do not see it.")
    caption: Saying = Field("", description="What stands below it.")


def pictures_of(named: Sequence[PictureIn], known: Mapping[str, Picture]) -> tuple[Picture, ...]:
    """Those of the named pictures that are known, with what the release says of them."""
    return tuple(
        replace(known[one.picture], file=one.file, credit=one.credit)
        for one in named
        if one.picture in known
    )
