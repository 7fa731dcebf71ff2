"""XLIFF 2.1 back in: all of a translation, joined to the rendition it was made from, or a refusal.

Whatever is not exactly what was given out is refused by name; nothing is guessed or left out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lxml import etree
from lxml.etree import _Element

from tidewire.formats.codes import Code, Piece, Pieces, Side, joined, plain
from tidewire.formats.segments import segments, translated
from tidewire.formats.xliff.names import MOST_BYTES, NAMESPACE, SegmentState, name
from tidewire.languages import canonical
from tidewire.model.errors import BadInput, Problem, Severity, TooLarge, Unreadable
from tidewire.model.rendition import Rendition

_STATES = tuple(SegmentState)


@dataclass(frozen=True, slots=True)
class Translated:
    """A translation: the rendition, how far each of its texts is, and what the translator noted."""

    rendition: Rendition
    states: Mapping[str, SegmentState]
    notes: Mapping[str, tuple[str, ...]]

    @property
    def state(self) -> SegmentState:
        """How far the whole is: as far as the segment that is least so."""
        return min(self.states.values(), key=_STATES.index)


def read_xliff(raw: bytes, source: Rendition, *, most: int = MOST_BYTES) -> Translated:
    """The translation of `source` in an XLIFF 2.1 document of at most `most` bytes.

    Raises TooLarge, Unreadable where it is no such XML, and BadInput, with every text that is
    wrong, where it is not a whole translation of this very source.
    """
    root = _root(raw, most)
    language = _language(root, source)
    units = _units(root)
    sources = {segment.id: joined(segment.pieces) for segment in segments(source)}
    found: dict[str, Pieces] = {}
    states: dict[str, SegmentState] = {}
    for unit_id, unit in units.items():
        said, target, state = _segment(unit_id, unit)
        _same_source(unit_id, said, sources.get(unit_id))
        states[unit_id] = state
        if target is not None:
            found[unit_id] = target
    rendition = translated(source, language, found)
    return Translated(rendition, states, {key: _notes(unit) for key, unit in units.items()})


def _root(raw: bytes, most: int) -> _Element:
    if len(raw) > most:
        raise TooLarge(
            f"This XLIFF has over {most / 1_000_000:g} MB.", "Send one release's file, as it was."
        )
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None)
        where = f" (line {line})" if line else ""
        raise Unreadable(
            f"This XLIFF is not well-formed XML{where}.", "Save it again in the tool it is from."
        ) from None
    if root.getroottree().docinfo.internalDTD is not None or any(root.iter(etree.Entity)):
        raise Unreadable(
            "This XLIFF has a DOCTYPE, which is not taken.", "Take the DOCTYPE and entities out."
        )
    version = root.get("version", "")
    if root.tag != name("xliff") or version not in ("2.0", "2.1"):
        raise Unreadable(
            "This is not XLIFF 2.1.", f"Save it as XLIFF 2.1, with the namespace {NAMESPACE}."
        )
    return root


def _language(root: _Element, source: Rendition) -> str:
    given = root.get("srcLang", "")
    if canonical(given) != canonical(source.language):
        raise _refusal(
            "source-language",
            "/srcLang",
            f'srcLang is "{given[:40]}", and the release is in "{source.language}".',
            "Use the file that was made from this release.",
        )
    wanted = root.get("trgLang", "")
    language = canonical(wanted) if wanted else None
    if language is None:
        said = f'trgLang is "{wanted[:40]}", which is no language.' if wanted else "It has none."
        raise _refusal(
            "target-language", "/trgLang", said, "State the language as a BCP 47 tag in trgLang."
        )
    if language == canonical(source.language):
        raise _refusal(
            "target-language",
            "/trgLang",
            "srcLang and trgLang are the same language.",
            "State the language that it was translated into.",
        )
    return language


def _units(root: _Element) -> dict[str, _Element]:
    """The units by id. Raises BadInput for more than one file, and ids that come twice."""
    files = root.findall(name("file"))
    if len(files) != 1:
        raise _refusal(
            "one-file", "", f"It has {len(files)} files.", "Send one file, of one release."
        )
    units: dict[str, _Element] = {}
    for unit in files[0].iter(name("unit")):
        unit_id = unit.get("id", "")
        if unit_id in units:
            raise _refusal(
                "id-twice", f"/{unit_id}", f'The id "{unit_id}" comes twice.', "Keep one unit."
            )
        units[unit_id] = unit
    return units


def _segment(unit_id: str, unit: _Element) -> tuple[Pieces, Pieces | None, SegmentState]:
    """The source, the target and the state of one unit, its parts joined."""
    said: list[Piece] = []
    target: list[Piece] = []
    states: list[SegmentState] = []
    seen: set[str] = set()
    whole = True
    for part in unit.iterchildren(name("segment"), name("ignorable")):
        _unique(unit_id, part, seen)
        source, aim = part.find(name("source")), part.find(name("target"))
        if source is None:
            raise _odd(unit_id, "has a segment without a source")
        if aim is not None and aim.get("order"):
            raise _odd(unit_id, "has its segments in another order")
        said += _pieces(unit_id, source)
        if part.tag == name("segment"):
            states.append(_state(unit_id, part))
            whole = whole and aim is not None
            target += [] if aim is None else _pieces(unit_id, aim)
        else:
            target += _pieces(unit_id, source if aim is None else aim)
    if not states:
        raise _odd(unit_id, "has no segment")
    return joined(said), joined(target) if whole else None, min(states, key=_STATES.index)


def _unique(unit_id: str, part: _Element, seen: set[str]) -> None:
    """Ids of segments and of codes, each once in a unit's sources (section 4.3.1.15)."""
    source = part.find(name("source"))
    inside = [] if source is None else [e.get("id") for e in source.iter() if e is not source]
    for one in [part.get("id"), *inside]:
        if one is not None and one in seen:
            raise _odd(unit_id, f'has the id "{one[:40]}" twice', "id-twice")
        if one is not None:
            seen.add(one)


def _state(unit_id: str, part: _Element) -> SegmentState:
    try:
        return SegmentState(part.get("state", "initial"))
    except ValueError:
        states = ", ".join(_STATES)
        raise _odd(unit_id, f"has a state that is none of {states}") from None


def _pieces(unit_id: str, element: _Element) -> Iterator[Piece]:
    """Text and codes inside an element. A span of a pc, or of an sc and its ec, is one code."""
    if element.text:
        yield element.text
    for child in element:
        local = etree.QName(child).localname if isinstance(child.tag, str) else ""
        if child.tag != name(local):
            raise _odd(unit_id, "holds something that is not of XLIFF's core")
        if local == "pc":
            number = _number(unit_id, child.get("id"))
            yield Code(number, Side.START)
            yield from _pieces(unit_id, child)
            yield Code(number, Side.END)
        elif local == "sc":
            yield Code(_number(unit_id, child.get("id")), Side.START)
        elif local == "ec":
            yield Code(_number(unit_id, child.get("startRef") or child.get("id")), Side.END)
        elif local == "ph":
            yield Code(_number(unit_id, child.get("id")), Side.LONE)
        elif local == "mrk":  # a tool's annotation; what it marks is text
            yield from _pieces(unit_id, child)
        elif local not in ("sm", "em"):
            raise _odd(unit_id, f"holds <{local[:20]}>, which no text of a release can hold")
        if child.tail:
            yield child.tail


def _number(unit_id: str, given: str | None) -> int:
    if given and given.isascii() and given.isdigit() and len(given) < 6:
        return int(given)
    raise _odd(unit_id, f'has a code "{(given or "")[:20]}" that the source does not have')


def _same_source(unit_id: str, said: Pieces, now: Pieces | None) -> None:
    if now is not None and now != said:
        raise _odd(
            unit_id,
            "has another source than the release has now",
            "source-differs",
            "Take the file anew, and move the translation over.",
        )


def _notes(unit: _Element) -> tuple[str, ...]:
    """What translators noted on a unit; our own note on its kind is left out."""
    return tuple(
        plain([note.text or ""])
        for note in unit.iterfind(f"{name('notes')}/{name('note')}")
        if note.get("id") != "kind"
    )


def _odd(unit_id: str, said: str, code: str = "unit", advice: str = "") -> BadInput:
    unit_id = unit_id[:60]
    return _refusal(
        code, f"/{unit_id}", f'The unit "{unit_id}" {said}.', advice or "Mend it in the tool."
    )


def _refusal(code: str, pointer: str, said: str, advice: str) -> BadInput:
    problem = Problem(Severity.ERROR, code, pointer, said, advice)
    return BadInput("This XLIFF cannot be taken.", "Mend what is named.", [problem])
