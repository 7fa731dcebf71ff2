"""Is the text in the language that it says it is in?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from tidewire import languages
from tidewire.intake.checks.found import error, warning, words
from tidewire.intake.checks.neighbours import chinese_script, indonesian_or_malay
from tidewire.model.errors import Problem
from tidewire.model.release import Release

FEWEST_CHARACTERS = 200
SURE = 0.9
_LOOK_AT = 5_000
# So alike that the detector takes one for the other: what it says of these is never an error.
_CLOSE = (
    {"da", "nb", "nn", "no", "sv"}, {"cs", "sk"}, {"bs", "hr", "sl", "sr"}, {"hi", "mr", "ne"},
    {"be", "ru", "uk"}, {"id", "ms"}, {"es", "gl", "pt"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Guess:
    """The language that a text seems to be in; `sure` runs from 0 to 1.

    `or_else` is another that it may be as well: nothing in the text tells the two apart.
    """

    language: str
    sure: float
    or_else: str = ""

    def fits(self, declared: str) -> bool:
        """Whether a text declared as that may be what was found."""
        return any(tag and languages.best([declared], tag) for tag in (self.language, self.or_else))


def declared_language(release: Release) -> Iterator[Problem]:
    """A text of 200 characters or more that seems to be in another language.

    It is an error where that is the language of another rendition: the wrong text was put in.
    Otherwise it is a warning.
    """
    texts = [words(rendition.body) for rendition in release.renditions]
    for at, rendition in enumerate(release.renditions):
        twin = texts.index(texts[at])
        guess = detect(texts[at])
        if twin < at and len(texts[at]) >= FEWEST_CHARACTERS:
            yield _of_another(at, rendition.language, release.renditions[twin].language, "the same")
        elif guess and guess.sure >= SURE and not guess.fits(rendition.language):
            others = [one.language for one in release.renditions if guess.fits(one.language)]
            if others and not _close(guess.language, rendition.language):
                how = f"in {guess.language} ({guess.sure:.0%} sure)"
                yield _of_another(at, rendition.language, others[0], how)
            else:
                yield _doubtful(at, rendition.language, guess)


def _of_another(at: int, declared: str, other: str, how: str) -> Problem:
    return error(
        "language-of-another",
        f"/renditions/{at}/body",
        f"The text declared as {declared} is {how}, as the rendition in {other} is."
        if how != "the same"
        else f"The text declared as {declared} is the same as that in {other}.",
        f"Put the text in {declared} here.",
    )


def _doubtful(at: int, declared: str, guess: Guess) -> Problem:
    return warning(
        "language-doubtful",
        f"/renditions/{at}/language",
        f"The text is declared as {declared} but reads like {guess.language}"
        f" ({guess.sure:.0%} sure).",
        "Declare the language that it is in.",
    )


def detect(text: str) -> Guess | None:
    """The language of a text; None where it has under 200 characters (67 in Chinese letters).

    `sure` is the detector's own probability among the languages that have furniture; times that
    of the words or signs where those decide.
    """
    head = text[:_LOOK_AT]
    if sum(3 if "\u3000" <= c <= "\uffff" else 1 for c in head) < FEWEST_CHARACTERS:
        return None
    code, sure = _identifier(languages.known()).classify(head)
    if code == "zh":
        return _between("zh-Hans", "zh-Hant", chinese_script(head), float(sure))
    if code in ("id", "ms"):
        # It shares its probability between the two, so what it says of one says little.
        return _between("id", "ms", indonesian_or_malay(head), 1.0)
    return Guess(languages.canonical(code) or code, float(sure))


def _between(one: str, other: str, told: tuple[str, float] | None, sure: float) -> Guess:
    if told is None:
        return Guess(one, sure, other)
    return Guess(told[0], sure * told[1])


def _close(one: str, other: str) -> bool:
    a, b = (tag.split("-")[0] for tag in (one, other))
    return any(a in group and b in group for group in _CLOSE)


@lru_cache(maxsize=1)
def _identifier(known: tuple[str, ...]) -> Any:
    """The identifier, kept to the languages that it knows and the house does."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    spoken = [*known, *languages.KNOWN_15]
    codes = {str(code) for code in identifier.nb_classes}
    identifier.set_languages(
        sorted(c for c in codes if languages.best(spoken, languages.canonical(c) or ""))
    )
    return identifier
