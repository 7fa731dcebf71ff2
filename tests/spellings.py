"""Every way in which a text may stand in bytes: what a thief would search for."""

import json
import re
from base64 import b64encode
from urllib.parse import quote, quote_plus

from ahocorasick_rs import BytesAhoCorasick


def spellings(text: str) -> set[bytes]:
    """The text in UTF-8, -16 and -32, hex, base64, JSON, HTML, URLs and quoted-printable."""
    utf8 = text.encode()
    found = {utf8, *(text.encode(f"utf-{size}") for size in ("16-le", "16-be", "32-le", "32-be"))}
    for raw in (utf8, text.encode("utf-16-le"), text.encode("utf-16-be")):
        found |= {raw.hex().encode(), raw.hex().upper().encode()}
        found |= _base64(raw)
    escaped = json.dumps(text)[1:-1]
    references = [(f"&#{ord(c)};", f"&#x{ord(c):x};", f"&#x{ord(c):X};") for c in text]
    written = {
        escaped,
        re.sub(r"\\u([0-9a-f]{4})", lambda m: f"\\u{m[1].upper()}", escaped),
        quote(text),
        quote_plus(text),
        quote(text, safe="").replace("%", "="),
        "".join(chr(b) if b < 128 else f"={b:02X}" for b in utf8),
        "".join(chr(b) if b < 128 else f"={b:02X}" for b in utf8).replace(" ", "_"),
        *("".join(kind) for kind in zip(*references, strict=True)),
        text.encode("ascii", "xmlcharrefreplace").decode(),
    }
    for one in list(written):
        written.add(re.sub(r"[%=][0-9A-F]{2}", lambda m: m[0].lower(), one))
    return found | {one.encode() for one in written}


class Search:
    """Looks for many texts at once, in all their spellings."""

    def __init__(self, texts: list[str]) -> None:
        pairs = sorted({(one, text) for text in texts for one in spellings(text)})
        self._texts = [text for _, text in pairs]
        self._patterns = BytesAhoCorasick([one for one, _ in pairs])

    def found(self, data: bytes) -> set[str]:
        """Those of the texts that stand in `data`, in whatever spelling."""
        return {self._texts[n] for n, _, _ in self._patterns.find_matches_as_indexes(data)}


def _base64(raw: bytes) -> set[bytes]:
    """What is the same of its base64 wherever it begins: three ways, in both alphabets."""
    found = set()
    for before in range(3):
        whole = b64encode(b"\0" * before + raw)
        first, last = (0, 2, 3)[before], (before + len(raw)) * 8 // 6
        found.add(whole[first:last])
    return found | {one.replace(b"+", b"-").replace(b"/", b"_") for one in found}
