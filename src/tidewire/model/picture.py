"""A picture of a release, and what a rendition says of it. Its bytes lie in the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# The kinds that are taken, and how the name of a file of each ends.
ENDINGS: Mapping[str, str] = MappingProxyType(
    {"image/jpeg": "jpg", "image/png": "png", "image/webp": "webp", "image/gif": "gif"}
)


@dataclass(frozen=True, slots=True)
class Picture:
    """`ref` is its public id, which tells nothing of it. `size` is in bytes, the rest in pixels.

    Width and height are as it is shown: where EXIF says that it lies on its side, it is turned.
    `file` is the name that its issuer gave it, without a path; "" for none.
    """

    ref: str
    media_type: str
    size: int
    width: int
    height: int
    file: str = ""
    credit: str = ""

    @property
    def ending(self) -> str:
        """How the name of a file of its kind ends: "jpg"."""
        return ENDINGS[self.media_type]


@dataclass(frozen=True, slots=True)
class Caption:
    """What one rendition says of a picture, named by its ref.

    `alt` stands for it where it cannot be seen, `text` below it; both are plain text.
    """

    picture: str
    alt: str = ""
    text: str = ""
