"""Is the text in the language that it says it is in?"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tidewire import languages
from tidewire.intake.checks.found import warning, words
from tidewire.model.errors import Problem
from tidewire.model.release import Release

FEWEST_CHARACTERS = 200
SURE = 0.9
_LOOK_AT = 5_000
# Characters that only one of the two Chinese scripts has, among the most frequent.
_SIMPLIFIED = frozenset("这个来国们为说时会过对学发经见开实现问间关应业东车马单书话语长门")
_TRADITIONAL = frozenset("這個來國們為說時會過對學發經見開實現問間關應業東車馬單書話語長門")


@dataclass(frozen=True, slots=True)
class Guess:
    """The language that a text seems to be in; `sure` runs from 0 to 1."""

    language: str
    sure: float


def declared_language(release: Release) -> Iterator[Problem]:
    """A text of 200 characters or more that seems to be in another language is a warning."""
    for at, rendition in enumerate(release.renditions):
        guess = detect(words(rendition.body))
        if guess and guess.sure >= SURE and not _same(guess.language, rendition.language):
            yield warning(
                "language-doubtful",
                f"/renditions/{at}/language",
                f"The text is declared as {rendition.language} but reads like {guess.language}"
                f" ({guess.sure:.0%} sure).",
                "Declare the language that it is in.",
            )


def detect(text: str) -> Guess | None:
    """The language of a text; None where it has under 200 characters (60 in Chinese letters)."""
    weight = sum(3 if "\u3000" <= c <= "\uffff" else 1 for c in text[:_LOOK_AT])
    if weight < FEWEST_CHARACTERS:
        return None
    language, sure = _identifier().classify(text[:_LOOK_AT])
    if language != "zh":
        return Guess(str(language), float(sure))
    found = set(text[:_LOOK_AT])
    simplified = len(found & (_SIMPLIFIED - _TRADITIONAL))
    traditional = len(found & (_TRADITIONAL - _SIMPLIFIED))
    return Guess("zh-Hans" if simplified >= traditional else "zh-Hant", float(sure))


def _same(guessed: str, declared: str) -> bool:
    """Indonesian and Malay are too close to be told apart here."""
    close = {"ms": "id"}
    if guessed.startswith("zh-") and declared in ("zh-Hans", "zh-Hant"):
        return guessed == declared
    a, b = guessed.split("-")[0].lower(), declared.split("-")[0].lower()
    return close.get(a, a) == close.get(b, b)


@cache
def _identifier() -> Any:
    """The identifier, loaded once, on first use, and kept to the languages of the house."""
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(sorted({tag.split("-")[0] for tag in languages.KNOWN_15}))
    return identifier
