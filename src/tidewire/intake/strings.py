"""Text at the edge: bounded, without control characters, in one Unicode form."""

import re
import unicodedata
from typing import Annotated

from pydantic import AfterValidator, Field

# What XML 1.0 (section 2.2) cannot carry; PostgreSQL takes no NUL either.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x9f\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
# What leads to other places, or makes a name look like another one: "gpj.exe" turned around.
_PATH = re.compile('[/\\\\:*?"<>|\u200e\u200f\u202a-\u202e\u2066-\u2069]')
_BREAKS = re.compile(r"\r\n?|[\u2028\u2029]")


def block(text: str) -> str:
    """The text with plain line ends, in NFC. Raises ValueError on control characters."""
    if found := _FORBIDDEN.search(text.replace("\x85", "\n")):
        raise ValueError(f"holds the control character U+{ord(found.group()):04X}; take it out")
    return unicodedata.normalize("NFC", _BREAKS.sub("\n", text.replace("\x85", "\n"))).strip()


def line(text: str) -> str:
    """The text as a single line. Raises ValueError on control characters."""
    return " ".join(block(text).split())


def file_name(text: str) -> str:
    """A file's name without its path. Raises ValueError for one that leads anywhere else."""
    if _PATH.search(text) or text.startswith("."):
        raise ValueError("is no plain name of a file; give the name alone, without a path")
    return text


Line = Annotated[str, Field(max_length=500), AfterValidator(line)]
Short = Annotated[str, Field(max_length=200), AfterValidator(line)]
FileName = Annotated[str, Field(max_length=120), AfterValidator(line), AfterValidator(file_name)]
Saying = Annotated[str, Field(max_length=1_000), AfterValidator(line)]
Code = Annotated[str, Field(max_length=60), AfterValidator(line)]
Address = Annotated[str, Field(max_length=2000), AfterValidator(line)]
Note = Annotated[str, Field(max_length=5_000), AfterValidator(block)]
Html = Annotated[str, Field(max_length=500_000), AfterValidator(block)]
Writing = Annotated[str, Field(max_length=150_000), AfterValidator(block)]
