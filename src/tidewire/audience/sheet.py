"""A CSV file (RFC 4180) read line by line, so that one bad line costs no other.

No value holds a line break, so a line is a row; a quote that is not closed spoils its line only.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from io import BufferedReader
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from tidewire.model.errors import BadInput, Unreadable

LONGEST_LINE = 100_000  # bytes
OUR_COLUMNS = ("line", "reason")  # what a file of rejected rows has more

Line = tuple[str, list[str] | None, str]  # its text, its values, its fault

_BLOCK = 250_000  # bytes that are read and looked through at once
_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_CONTROLS = bytes([*range(10), 11, 12, *range(14, 32), 127])  # but for those of line ends
_UTF8_BOM = b"\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")


class Row(NamedTuple):
    """One row: its values in the order of the columns, or why it is none.

    `text` is the line as it stood; bytes that are not UTF-8 are surrogate escapes in it.
    """

    line: int
    values: tuple[str, ...]
    text: str
    fault: str = ""


class Sheet:
    """An open CSV file with a header that names exactly `columns`, in any order."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        """Raises Unreadable or BadInput where the file as a whole cannot be taken."""
        self.path = path
        self._name = path.name
        self._line = 0
        self._stream = _open(path)
        self._lines = self._read_lines()
        try:
            self._header = self._read_header()
            self._pick = itemgetter(*_places(self._header, columns, self._name, self._line))
        except BaseException:
            self._stream.close()
            raise

    @property
    def position(self) -> int:
        """Bytes read so far."""
        return self._stream.tell()

    @property
    def header(self) -> list[str]:
        """The columns as the file has them, without those of a file of rejected rows."""
        return [name for name in self._header if name not in OUR_COLUMNS]

    def close(self) -> None:
        """Let the file go."""
        self._stream.close()

    def rows(self) -> Iterator[Row]:
        """The rows; lines without any value are passed over."""
        width = len(self._header)
        for text, values, fault in self._lines:
            self._line += 1
            if fault:
                yield Row(self._line, (), text, fault)
            elif values is None:
                yield Row(self._line, (), text, "A quote is not closed, or stands inside a value.")
            elif any(values):
                if len(values) == width:
                    yield Row(self._line, self._pick(values), text)
                else:
                    fault = f"It has {len(values)} values; the header names {width}."
                    yield Row(self._line, (), text, fault)

    def original(self, row: Row) -> list[str]:
        """The row's values in the order of `header`; the whole line first where it has others."""
        values = _split(row.text)
        if values is None or len(values) != len(self._header):
            return [row.text, *[""] * (len(self.header) - 1)]
        named = zip(self._header, values, strict=True)
        return [value for name, value in named if name not in OUR_COLUMNS]

    def _read_lines(self) -> Iterator[Line]:
        """Each line; a block of plain ASCII is split as a whole."""
        while block := self._stream.read(_BLOCK):
            if not block.endswith(b"\n"):
                block += self._stream.readline(LONGEST_LINE)
                if not block.endswith(b"\n"):
                    self._pass_over_line()
            yield from _plain_lines(block) or map(_line, block.removesuffix(b"\n").split(b"\n"))

    def _pass_over_line(self) -> None:
        while (rest := self._stream.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
            pass

    def _read_header(self) -> list[str]:
        if self._stream.peek(2)[:2] in _UTF16_BOMS:
            raise Unreadable(f"{self._name} is UTF-16, not UTF-8.", "Save it as CSV UTF-8.")
        if self._stream.peek(3)[:3] == _UTF8_BOM:
            self._stream.read(3)
        for _, names, fault in self._lines:
            self._line += 1
            if names is None:
                raise Unreadable(
                    f"Line {self._line} of {self._name} is no header: "
                    f"{fault or 'a quote is not closed.'}",
                    "Save it as CSV UTF-8, with the column names in the first line.",
                )
            if any(names):
                return [name.lower() for name in names]
        raise Unreadable(f"{self._name} is empty.", "The first line names the columns.")


def _plain_lines(block: bytes) -> list[Line] | None:
    """The lines of a block; None where a byte or a quote in it may make a line unfit."""
    plain = (
        block.isascii()
        and len(block.translate(None, _CONTROLS)) == len(block)
        and block.count(b"\r") == block.count(b"\r\n")
    )
    if not plain:
        return None
    texts = block.decode().replace("\r\n", "\n").removesuffix("\n").split("\n")
    try:
        rows = list(csv.reader(texts, strict=True, skipinitialspace=True))
    except csv.Error:
        return None
    if len(rows) != len(texts) or max(map(len, texts)) >= LONGEST_LINE:
        return None
    return [
        (text, [value.strip() for value in values], "")
        for text, values in zip(texts, rows, strict=True)
    ]


def _line(line: bytes) -> Line:
    if len(line) >= LONGEST_LINE:
        return "", None, f"The line is longer than {LONGEST_LINE} bytes."
    try:
        text = line.decode().rstrip("\r")
    except UnicodeDecodeError as error:
        text = line.decode(errors="surrogateescape").rstrip("\r")
        return text, None, f"Byte {error.start + 1} of the line is not UTF-8."
    if _UNFIT.search(text):
        return text, None, "It holds a control character."
    return text, _split(text), ""


def _open(path: Path) -> BufferedReader:
    try:
        if path.exists() and not path.is_file():
            raise Unreadable(f"{path} is no plain file.", "Store it as a .csv file first.")
        return path.open("rb")
    except OSError as error:
        raise Unreadable(
            f"{path} cannot be read: {(error.strerror or 'unknown').lower()}.", "Check the path."
        ) from error


def _split(text: str) -> list[str] | None:
    if '"' not in text:
        return [value.strip() for value in text.split(",")]
    try:
        row = next(csv.reader([text], strict=True, skipinitialspace=True))
    except csv.Error:
        return None
    return [value.strip() for value in row]


def _places(header: list[str], columns: Sequence[str], name: str, line: int) -> list[int]:
    twice = sorted({column for column in header if header.count(column) > 1})
    missing = [column for column in columns if column not in header]
    unknown = [column for column in header if column not in (*columns, *OUR_COLUMNS)]
    said = [
        f"{what} {', '.join(names)}"
        for what, names in (("missing:", missing), ("unknown:", unknown), ("twice:", twice))
        if names
    ]
    if said:
        raise BadInput(
            f"Line {line} of {name} does not name the right columns ({'; '.join(said)}).",
            f"They are, separated by commas: {','.join(columns)}",
        )
    return [header.index(column) for column in columns]
