"""Type for mail by script: faces that systems have, room between lines, where a line may end.

Nothing is loaded from elsewhere. The site's stylesheet says the same for pages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType

from tidewire.languages import script


@dataclass(frozen=True, slots=True)
class Typeface:
    """How one script is set: lists of faces, and the height of a line of text and of a head.

    `slants` is False where a script has no italics: what is stressed stands bold there.
    `breaks` are declarations about the ends of lines, "" or ending in ";".
    """

    text: str
    plain: str
    leading: float
    head_leading: float
    slants: bool = True
    breaks: str = ""

    def emphasis(self) -> str:
        """Declarations for em, "" where the program's own are right."""
        return "" if self.slants else "font-style:normal;font-weight:bold"


_LAST = "Arial,Helvetica,sans-serif"
LATIN = Typeface("Georgia,'Times New Roman',serif", _LAST, 1.55, 1.25)
_KEEP = "word-break:keep-all;overflow-wrap:anywhere;"
_ANYWHERE = "overflow-wrap:anywhere;"


def _of(
    faces: str, leading: float, head: float = 1.4, breaks: str = "", last: str = _LAST
) -> Typeface:
    return Typeface(f"{faces},{last}", f"{faces},{last}", leading, head, False, breaks)


_STRICT = "line-break:strict;overflow-wrap:anywhere;"
_ARABIC = "'Segoe UI','Geeza Pro','Noto Naskh Arabic','Noto Sans Arabic',Tahoma"
_NASTALIQ = "'Noto Nastaliq Urdu','Urdu Typesetting','Jameel Noori Nastaleeq'"
_INDIC = "'Nirmala UI','Noto Sans {0}','{0} Sangam MN'"

# By ISO 15924 code; by language where one writes its script in a style of its own.
_FACES: Mapping[str, Typeface] = MappingProxyType(
    {
        "Arab": _of(_ARABIC, 1.8, 1.45),
        "ur": _of(f"{_NASTALIQ},{_ARABIC}", 2.2, 1.9),
        "Hebr": _of("'Segoe UI','Arial Hebrew','Noto Sans Hebrew'", 1.65, 1.35),
        "Jpan": _of("'Hiragino Sans','Yu Gothic',Meiryo,'Noto Sans CJK JP'", 1.85, breaks=_STRICT),
        "Kore": _of("'Apple SD Gothic Neo','Malgun Gothic','Noto Sans CJK KR'", 1.75, breaks=_KEEP),
        "Hans": _of("'PingFang SC','Microsoft YaHei','Noto Sans CJK SC'", 1.8, breaks=_STRICT),
        "Hant": _of("'PingFang TC','Microsoft JhengHei','Noto Sans CJK TC'", 1.8, breaks=_STRICT),
        "Thai": _of("'Leelawadee UI',Thonburi,'Noto Sans Thai'", 1.85, 1.5, _ANYWHERE),
        "Laoo": _of("'Leelawadee UI','Lao Sangam MN','Noto Sans Lao'", 1.85, 1.5, _ANYWHERE),
        "Khmr": _of("'Leelawadee UI','Khmer Sangam MN','Noto Sans Khmer'", 1.9, 1.6, _ANYWHERE),
        "Mymr": _of("'Myanmar Text','Myanmar MN','Noto Sans Myanmar'", 1.9, 1.6, _ANYWHERE),
        **{
            code: _of(_INDIC.format(name), 1.8, 1.45)
            for code, name in (
                ("Deva", "Devanagari"),
                ("Beng", "Bengali"),
                ("Taml", "Tamil"),
                ("Telu", "Telugu"),
                ("Gujr", "Gujarati"),
                ("Guru", "Gurmukhi"),
                ("Knda", "Kannada"),
                ("Mlym", "Malayalam"),
                ("Sinh", "Sinhala"),
            )
        },
    }
)


@lru_cache(maxsize=256)
def typeface(tag: str) -> Typeface:
    """How a language is set; as Latin script is where it has nothing of its own."""
    language = tag.lower().split("-")[0]
    return _FACES.get(language) or _FACES.get(script(tag)) or LATIN
