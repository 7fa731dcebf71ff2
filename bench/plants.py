"""Errors as translators make them, planted in a rendition one at a time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lxml import etree, html

from tidewire.crosscheck.compare import Finding
from tidewire.crosscheck.currencies import names
from tidewire.crosscheck.fact import COUNTS, FIGURES, Fact, Kind
from tidewire.crosscheck.facts import Facts
from tidewire.crosscheck.vocabulary import vocabulary
from tidewire.languages.tags import cldr
from tidewire.model.rendition import Rendition

_DIGIT = r"\d"


@dataclass(frozen=True, slots=True)
class Planted:
    """A rendition with one error: the words of the fact before and after (`old`, `new`).

    Of a block that was taken out, `gone` is its number among those of its kind (`path`).
    """

    what: str
    rendition: Rendition
    new: str = ""
    old: str = ""
    path: str = ""
    gone: int = 0

    def is_meant(self, finding: Finding, base: Rendition) -> bool:
        """Whether a finding is about this error: it names its words, or what went with a block.

        What went is what the same block has in the text that is compared with.
        """
        if self.path:
            twins = html.fragment_fromstring(base.body, create_parent="div").findall(self.path)
            twin = html.tostring(twins[self.gone], encoding="unicode") if twins else ""
            lost = re.findall('"([^"]+)"', finding.message)
            return finding.kind in COUNTS or (
                finding.code.endswith("missing")
                and any(words.rstrip("…") in twin for words in lost)
            )
        said = re.findall('"([^"]+)"', finding.message)
        return any(_meet(words, self.new) or _meet(words, self.old) for words in said)


def _meet(one: str, other: str) -> bool:
    one, other = one.rstrip("…"), " ".join(other.split())
    return bool(one and other) and (one in other or other in one)


def plants(rendition: Rendition, facts: Facts) -> Iterator[Planted]:
    """Each kind of error, at each place that has what it needs, once for each fact of the body."""
    seen: set[tuple[Kind, str]] = set()
    for fact in facts.said():
        if fact.place.field != "body_html" or (fact.kind, fact.value) in seen:
            continue
        seen.add((fact.kind, fact.value))
        for what, new in _changes(fact, rendition.language):
            body = _put(rendition.body, fact, new)
            if body is not None:
                yield Planted(what, replace(rendition, body=body), new, fact.words)
    yield from _without(rendition)


def _changes(fact: Fact, language: str) -> Iterator[tuple[str, str]]:
    words = fact.words
    if fact.kind in FIGURES and fact.kind is not Kind.YEAR:
        label = {Kind.AMOUNT: "amount", Kind.PERCENT: "percentage"}.get(fact.kind, "number")
        if (new := _tenfold(words, vocabulary(language).decimal)) != words:
            yield f"{label}: ten times", new
        if (new := _swapped(words)) != words:
            yield f"{label}: digits swapped", new
    if fact.kind is Kind.AMOUNT and (new := _other_money(words, language)):
        yield "currency", new
    if fact.kind is Kind.DATE and len(fact.value) == 10:
        if new := _other_day(words, int(fact.value[8:])):
            yield "date: day", new
        if new := _other_month(words, int(fact.value[5:7]), language):
            yield "date: month", new
    if fact.kind is Kind.WEEKDAY and (new := _other_weekday(words, int(fact.value), language)):
        yield "weekday", new
    if fact.kind is Kind.TICKER:
        yield "ticker", words[:-2] + words[-1] + words[-2] if words[-1] != words[-2] else ""
    if fact.kind is Kind.PHONE:
        yield "phone", words[:-1] + _next(words[-1])
    if fact.kind in (Kind.LINK, Kind.MAIL):
        yield "link", words[:-1] + ("x" if words[-1] != "x" else "y")


def _next(digit: str) -> str:
    """The next digit, in the same digit system; nine becomes zero."""
    return chr(ord(digit) - 9) if int(digit) == 9 else chr(ord(digit) + 1)


def _tenfold(words: str, decimal: str) -> str:
    """A figure with another zero, or with its decimal sign one place on, as slips are made."""
    found = list(re.finditer(_DIGIT + "+", words))
    if not found:
        return words
    run = found[-1] if len(found) == 1 or not words[found[0].end()].isalpha() else found[0]
    sign = "٫" if "٫" in words else re.escape(decimal)
    broken = re.search(rf"(\d+)({sign})(\d)(\d*)", words)
    if broken:
        moved = f"{broken[1]}{broken[3]}" + (f"{broken[2]}{broken[4]}" if broken[4] else "")
        return words[: broken.start()] + moved + words[broken.end() :]
    if len(found) > 1 and re.fullmatch(r"[.,٫٬\s’']", words[found[0].end() : found[1].start()]):
        run = found[-1]
    zero = chr(ord(run.group()[0]) - int(run.group()[0]))
    return words[: run.end()] + zero + words[run.end() :]


def _swapped(words: str) -> str:
    """Two neighbouring digits that are not alike, changed."""
    for found in re.finditer(rf"(?=({_DIGIT})({_DIGIT}))", words):
        a, b, at = found[1], found[2], found.start()
        if a != b and not (at == 0 and int(b) == 0):
            return words[:at] + b + a + words[at + 2 :]
    return words


def _other_day(words: str, day: int) -> str:
    """Another day of the same month."""
    for found in re.finditer(_DIGIT + "{1,2}(?!\\d)", words):
        if int(found.group()) == day:
            other = day + 1 if day < 28 else day - 1
            zero = ord(found.group()[0]) - int(found.group()[0])
            text = "".join(chr(zero + int(digit)) for digit in str(other))
            return words[: found.start()] + text + words[found.end() :]
    return ""


def _other_month(words: str, month: int, language: str) -> str:
    """The same day of another month."""
    other = month % 12 + 1
    for form in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            names = cldr(language).months[form][width]
            if not str(names[month])[0].isdigit() and str(names[month]) in words:
                return words.replace(str(names[month]), str(names[other]), 1)
    east = re.search(r"(\d{1,2})(?=\s?[月월])|(?<=tháng )(\d{1,2})", words)
    return words[: east.start()] + str(other) + words[east.end() :] if east else ""


def _other_weekday(words: str, day: int, language: str) -> str:
    for form in ("format", "stand-alone"):
        for width in ("wide", "abbreviated"):
            names = cldr(language).days[form][width]
            here, there = str(names[day]), str(names[(day + 2) % 7])
            if here.casefold() in words.casefold():
                at = words.casefold().index(here.casefold())
                return words[:at] + there + words[at + len(here) :]
    return ""


def _other_money(words: str, language: str) -> str:
    """Another currency, by the name or the sign that the language has for it."""
    known = sorted(names(cldr(language)).items(), key=lambda item: -len(item[0]))
    for name, code in known:
        at = words.casefold().find(name.casefold())
        if at >= 0:
            other = next((n for n, c in known if c == ("SEK" if code != "SEK" else "CHF")), "")
            return words[:at] + other + words[at + len(name) :]
    for sign, other in (("€", "£"), ("£", "€"), ("US$", "€"), ("$", "€"), ("¥", "€"), ("₩", "€")):
        if sign in words:
            return words.replace(sign, other, 1)
    if found := re.search(r"(?<![A-Za-z])(USD|EUR|GBP|JPY|CNY|DKK|SEK|NOK|CHF|RM|Rp)", words):
        return words.replace(found[1], "CHF" if found[1] != "CHF" else "EUR", 1)
    for code, start, end in vocabulary(language).currencies.every(words):
        other = "SEK" if "EUR" in code else "EUR"
        return words[:start] + next((n for n, c in known if c == other), other) + words[end:]
    return ""


def _put(body: str, fact: Fact, new: str) -> str | None:
    """The body with one fact's words changed, in its own block; None where markup is in the way."""
    if not new or new == fact.words:
        return None
    if f'"{fact.words}"' in body:
        return body.replace(f'"{fact.words}"', f'"{new}"', 1)
    root = html.fragment_fromstring(body, create_parent="div")
    for event, element in _texts(root, fact.place.block):
        text = str(getattr(element, event) or "")
        if fact.words in text:
            setattr(element, event, text.replace(fact.words, new, 1))
            return _inner(root)
    return None


def _texts(root: "etree._Element", block: int) -> Iterator[tuple[str, "etree._Element"]]:
    """Each piece of text of a block, numbered as the cross-check numbers them."""
    leaves = [
        e
        for e in root.iter("p", "h2", "h3", "li", "td", "th", "caption")
        if "".join(map(str, e.itertext())).strip()
    ]
    if block < len(leaves):
        for element in leaves[block].iter():
            yield "text", element
            if element is not leaves[block]:
                yield "tail", element


def _without(rendition: Rendition) -> Iterator[Planted]:
    """The body without one quote, and without one paragraph, each in turn."""
    root = html.fragment_fromstring(rendition.body, create_parent="div")
    for what, path in (("quote dropped", "./blockquote"), ("paragraph dropped", "./p")):
        for at in range(len(root.findall(path))):
            copy = html.fragment_fromstring(rendition.body, create_parent="div")
            gone = copy.findall(path)[at]
            gone.drop_tree()
            yield Planted(what, replace(rendition, body=_inner(copy)), path=path, gone=at)


def _inner(root: "etree._Element") -> str:
    return "".join(str(html.tostring(child, encoding="unicode")) for child in root)
