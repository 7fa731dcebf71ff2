"""Header fields for the wire: encoded (RFC 2047), folded, and proof against injection."""

import re
from datetime import datetime
from email.charset import SHORTEST, Charset
from email.header import Header
from email.utils import format_datetime

from tidewire.channels.email.dkim import Field
from tidewire.languages import unturned

WIDTH = 76
JOINERS = "\u200c\u200d\u200e\u200f\u061c"  # and the marks of direction
PLAIN_WORDS = re.compile(r"[\x21-\x7e]{1,60}( [\x21-\x7e]{1,60})*")
PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]+")
UTF8 = Charset("utf-8")
UTF8.header_encoding = SHORTEST


def one_line(text: str) -> str:
    """`text` with every control character and line break turned into a single space.

    Isolates and overrides go; joiners stay, without which Persian and Hindi are misspelt.
    """
    printable = "".join(c if c.isprintable() or c in JOINERS else " " for c in unturned(text))
    return " ".join(printable.split())


def unstructured(name: str, text: str) -> Field:
    """A field of free text, such as Subject."""
    return name.encode("ascii"), b" " + _encoded(name, one_line(text))


def address(name: str, label: str, mail: str) -> Field:
    """A field with one address and its display name (RFC 5322, 3.4).

    `mail` must have been checked; where it is not ASCII the mail is SMTPUTF8 (RFC 6532).
    """
    label = one_line(label)
    if not label:
        return name.encode("ascii"), f" <{mail}>".encode()
    if PLAIN_WORDS.fullmatch(label) and "=?" not in label:
        quoted = label if PHRASE.fullmatch(label) else _quoted(label)
        phrase = quoted.encode("ascii") if len(quoted) < WIDTH else _encoded_word(name, label)
    else:
        phrase = _encoded_word(name, label)
    end = f" <{mail}>".encode()
    fold = b"" if len(name) + len(phrase) + len(end) < WIDTH else b"\r\n"
    return name.encode("ascii"), b" " + phrase + fold + end


def structured(name: str, value: str) -> Field:
    """A field whose value is made of tokens of our own; `\\r\\n ` folds it.

    Raises ValueError where it would break out of its field.
    """
    bare = value.replace("\r\n ", "")
    if not bare.isprintable() or not bare.isascii():
        raise ValueError(f"{name} cannot hold this value")
    return name.encode("ascii"), b" " + value.encode("ascii")


def date(at: datetime) -> Field:
    """The Date field (RFC 5322, 3.3)."""
    return b"Date", b" " + format_datetime(at).encode("ascii")


def joined(fields: list[Field]) -> bytes:
    """Fields as they go over the wire."""
    return b"".join(name + b":" + value + b"\r\n" for name, value in fields)


def _encoded(name: str, text: str) -> bytes:
    if not text:
        return b""
    if PLAIN_WORDS.fullmatch(text) and "=?" not in text:
        header = Header(text, "us-ascii", WIDTH, name)
        return header.encode(linesep="\r\n").encode("ascii")
    return _encoded_word(name, text)


def _encoded_word(name: str, text: str) -> bytes:
    return Header(text, UTF8, WIDTH, name).encode(linesep="\r\n").encode("ascii")


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
