"""A whole rendition through a provider: its texts out, and its structure with theirs back."""

from tidewire.formats.body import safe
from tidewire.formats.codes import Code, Codes, Pieces, Unbalanced, coded, markup_of
from tidewire.formats.segments import Segment, segments, translated
from tidewire.model.errors import BadInput, Unavailable
from tidewire.model.rendition import Rendition
from tidewire.translation.provider import Provider


async def translate_texts(
    provider: Provider, source: Rendition, language: str
) -> dict[str, Pieces]:
    """All texts of `source` in another language, by segment id, with the source's codes.

    Raises as Provider.translate does, and Unavailable where an answer has lost inline markup.
    """
    wanted = segments(source)
    texts = [markup_of(segment.pieces, segment.codes) for segment in wanted]
    answers = await provider.translate(texts, source.language, language)
    if len(answers) != len(wanted):
        raise _unfit(provider, "sent another number of texts")
    targets = {
        segment.id: _pieces(provider, segment, answer)
        for segment, answer in zip(wanted, answers, strict=True)
    }
    try:
        translated(source, language, targets)
    except BadInput as error:
        names = ", ".join(problem.pointer[1:] for problem in error.problems[:5])
        raise _unfit(provider, f"did not keep these texts whole: {names}") from None
    return targets


async def translate_rendition(provider: Provider, source: Rendition, language: str) -> Rendition:
    """`source` in another language, all of it or nothing. Raises as `translate_texts`."""
    return translated(source, language, await translate_texts(provider, source, language))


def _pieces(provider: Provider, segment: Segment, answer: str) -> Pieces:
    """An answer as pieces, with the source's numbers for its codes."""
    try:
        pieces, codes = coded(safe(answer))
    except Unbalanced:
        raise _unfit(provider, f"broke the markup of {segment.id}") from None
    numbers = _numbers(segment.codes, codes)
    return tuple(Code(numbers[p.number - 1], p.side) if isinstance(p, Code) else p for p in pieces)


def _numbers(source: Codes, answer: Codes) -> list[int]:
    """For each code of an answer the first like it in the source; past its end for others."""
    left = dict(enumerate(source, 1))
    numbers = []
    for at, tags in enumerate(answer, 1):
        number = next((n for n, known in left.items() if known == tags), len(source) + at)
        left.pop(number, None)
        numbers.append(number)
    return numbers


def _unfit(provider: Provider, said: str) -> Unavailable:
    return Unavailable(f"{provider.name} {said}.", "Ask again, or translate by hand.")
