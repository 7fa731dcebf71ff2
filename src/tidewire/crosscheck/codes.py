"""Codes that are written alike everywhere: tickers, ISINs, telephone numbers, links, addresses."""

import re
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

from stdnum import isin

from tidewire.crosscheck.fact import Fact, Kind, Place
from tidewire.crosscheck.text import Block
from tidewire.languages.tags import is_language

MOST = 500  # that are read of one block
# What stands before a colon in capitals and is no exchange.
_NO_EXCHANGES = frozenset(
    {
        "ISIN",
        "LEI",
        "WKN",
        "CUSIP",
        "TEL",
        "FAX",
        "CEO",
        "CFO",
        "CTO",
        "COO",
        "FAQ",
        "EBITDA",
        "EBIT",
    }
    | {"ESG", "PDF", "URL", "HTTP", "HTTPS", "NB", "PS", "RE"}
)
_TICKER = re.compile(
    r"(?<![A-Za-z0-9])(?P<x>[A-Z]{2,6}|Nasdaq|Euronext(?: [A-Z][a-z]{2,12})?|Xetra)"
    r"(?: [A-Z]{2,8})?[ \u00a0]?[::][ \u00a0]?(?P<s>[A-Z0-9][A-Z0-9.\-]{0,9})(?![A-Za-z0-9])"
)
_ISIN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}[A-Z0-9]{9}\d(?![A-Za-z0-9])")
_LEI = re.compile(r"(?<![A-Za-z0-9])[A-Z0-9]{18}\d\d(?![A-Za-z0-9])")
_PHONE = re.compile(
    r"(?<![A-Za-z0-9+])\+[ \u00a0]?\d(?:[ \u00a0\-‑–/.()]{0,3}\d){6,17}(?!\d)"
    r"|(?<![A-Za-z0-9.,])\(?0\d{1,4}\)?[ \u00a0\-/]\d(?:[ \u00a0\-/]?\d){4,11}(?!\d|[.,]\d)"
)
_MAIL = re.compile(
    r"(?<![A-Za-z0-9_.+-])[A-Za-z0-9_.+-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.){1,6}[A-Za-z]{2,24}"
)
_URL = re.compile(
    r"(?:https?://|(?<![\w./@-])(?=[a-z0-9]))(?:[a-z0-9](?:[a-z0-9-]{0,62})\.){1,5}"
    r"(?:[a-z]{2,24})(?![a-z0-9])(?:/[A-Za-z0-9\-._~%!$&'()*+,;=:@/?#]{0,400})?",
)


def codes(block: Block, text: str) -> Iterator[tuple[Fact, int, int]]:
    """The codes of a block: each as a fact, and where in `text` it stands."""
    for found in islice(_MAIL.finditer(text), MOST):
        yield _fact(block, Kind.MAIL, found.group().lower(), found.span())
    for found in islice(_URL.finditer(text), MOST):
        # Inside a link the address counts, not what is shown of it.
        if not block.links:
            yield _fact(block, Kind.LINK, link_value(found.group()), found.span())
        else:
            yield _fact(block, Kind.NAME, "", found.span())
    for found in islice(_ISIN.finditer(text), MOST):
        if (
            isin.is_valid(found.group())
            or "ISIN" in text[max(0, found.start() - 8) : found.start()]
        ):
            yield _fact(block, Kind.ISIN, found.group(), found.span())
    for found in islice(_LEI.finditer(text), MOST):
        yield _fact(block, Kind.NAME, "", found.span())
    for found in islice(_TICKER.finditer(text), MOST):
        if found["x"] not in _NO_EXCHANGES and (_stock(found) or not found["s"].isdigit()):
            value = f"{found['x'].upper()}:{found['s'].rstrip('.-')}"
            yield _fact(block, Kind.TICKER, value, found.span())
    for found in islice(_PHONE.finditer(text), MOST):
        yield _fact(block, Kind.PHONE, phone_value(found.group()), found.span())


def links(block: Block) -> Iterator[Fact]:
    """The links of a block, by their addresses."""
    for href in block.links[:MOST]:
        kind = Kind.MAIL if href.lower().startswith("mailto:") else Kind.LINK
        value = href[7:].split("?")[0].lower() if kind is Kind.MAIL else link_value(href)
        if href.lower().startswith("tel:"):
            kind, value = Kind.PHONE, phone_value(href[4:])
        yield Fact(kind, value, Place(block.field, block.number, 0, len(block.raw)), href)


def link_value(address: str) -> str:
    """An address without its scheme, without what names a language in it, or a slash at its end."""
    try:
        parts = urlsplit(address if "//" in address else f"//{address}")
    except ValueError:
        return address
    host = (parts.netloc.lower()).removeprefix("www.").split(".")
    if len(host) > 2 and _names_language(host[0]):
        host = host[1:]
    path = [part for part in parts.path.split("/") if part and not _names_language(part)]
    asked = "&".join(p for p in parts.query.split("&") if not re.match(r"(?:lang|hl|locale|l)=", p))
    return "/".join([".".join(host), *path]).rstrip(".,;:)") + (f"?{asked}" if asked else "")


def phone_value(number: str) -> str:
    """The digits of a telephone number, "+" kept, "(0)" left out."""
    kept = re.sub(r"\(0\)", "", number)
    return ("+" if kept.strip().startswith("+") else "") + re.sub(r"\D", "", kept)


def _names_language(part: str) -> bool:
    tag = part.replace("_", "-")
    return 2 <= len(tag) <= 10 and (tag.isascii() and is_tag(tag))


def is_tag(tag: str) -> bool:
    """Whether a part of an address is a language tag, in whatever capitals."""
    lower = tag.lower()
    if len(lower) == 3:  # "act" and "new" are tags too; nobody names a language so in a path
        return False
    parts = lower.split("-")
    spelt = [p.title() if len(p) == 4 else p.upper() if len(p) == 2 else p for p in parts[1:]]
    return is_language("-".join([parts[0], *spelt]))


def _stock(found: "re.Match[str]") -> bool:
    """A symbol of digits, as in Hong Kong, Tokyo and Seoul."""
    return found["s"].isdigit() and 4 <= len(found["s"]) <= 6


def _fact(block: Block, kind: Kind, value: str, span: tuple[int, int]) -> tuple[Fact, int, int]:
    first, last, said = block.words(*span)
    return Fact(kind, value, Place(block.field, block.number, first, last), said), *span
