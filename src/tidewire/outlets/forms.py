"""The formats of the wire, and which of them a request asks for (RFC 9110 section 12.5.1)."""

from collections.abc import Callable, Mapping
from email.message import Message
from types import MappingProxyType

from tidewire.formats.newsml_g2 import MEDIA_TYPE as G2_ITEM
from tidewire.formats.newsml_g2 import MESSAGE_TYPE as G2_MESSAGE
from tidewire.formats.newsml_g2 import newsml_g2
from tidewire.formats.ninjs import MEDIA_TYPE as NINJS_TYPE
from tidewire.formats.ninjs import ninjs
from tidewire.formats.ninjs_1_6 import MEDIA_TYPE as NINJS_1_TYPE
from tidewire.formats.ninjs_1_6 import ninjs_1_6
from tidewire.formats.nitf import MEDIA_TYPE as NITF_TYPE
from tidewire.formats.nitf import nitf
from tidewire.formats.wire_item import wire_json
from tidewire.model.errors import NotAcceptable

MANY_NITF = "multipart/mixed"
_MOST_ASKED = 20  # media ranges read from one Accept header

# What makes one edition in one language, and the type of one such document.
FORMS: Mapping[str, tuple[Callable[..., bytes], str]] = MappingProxyType(
    {
        "json": (wire_json, "application/json"),
        "ninjs": (ninjs, NINJS_TYPE),
        "ninjs-1.6": (ninjs_1_6, NINJS_1_TYPE),
        "newsml-g2": (newsml_g2, G2_ITEM),
        "nitf": (nitf, NITF_TYPE),
    }
)

_BY_TYPE = {
    "application/json": "json",
    "application/*": "json",
    "*/*": "json",
    G2_ITEM: "newsml-g2",
    G2_MESSAGE: "newsml-g2",
    NITF_TYPE: "nitf",
    MANY_NITF: "nitf",
}


def form_of(named: str | None, accept: str) -> str:
    """The format that `format=` names, or else the best of the Accept header.

    Raises NotAcceptable where there is no such format, or none that the caller takes.
    """
    if named is not None:
        if named not in FORMS:
            raise NotAcceptable("There is no such format.", f"There are: {', '.join(FORMS)}.")
        return named
    if not accept.strip():
        return "json"
    ranked = []
    for place, part in enumerate(accept.split(",")[:_MOST_ASKED]):
        form, quality = _read_range(part)
        if form and quality > 0:
            ranked.append((-quality, place, form))
    if not ranked:
        types = ", ".join(sorted({kind for _, kind in FORMS.values()}))
        raise NotAcceptable("The wire has none of the types that you take.", f"It has: {types}.")
    return min(ranked)[2]


def _read_range(part: str) -> tuple[str, float]:
    """(format, quality) of one media range; "" for a type that the wire does not have."""
    if not part.strip().isascii() or "/" not in part:
        return "", 0.0
    header = Message()
    header["content-type"] = " ".join(part.split())
    try:
        quality = float(str(header.get_param("q", "1")))
    except ValueError:
        return "", 0.0
    kind = header.get_content_type() if "*" not in part else part.partition(";")[0].strip()
    profile = str(header.get_param("profile") or "").lower()
    if kind == "application/json" and "ninjs" in profile:
        return (
            "ninjs-1.6" if profile.rstrip("/").rpartition("/")[2].startswith("1") else "ninjs",
            quality,
        )
    return _BY_TYPE.get(kind, ""), quality
