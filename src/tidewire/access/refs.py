"""Refs: public ids of releases that cannot be guessed and can be read aloud."""

import re
import secrets

from tidewire.model.errors import NotFound

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # no 0/o, 1/l/i
LENGTH = 12  # 59 bits

_SHAPE = re.compile(f"[{ALPHABET}]{{{LENGTH}}}")


def new_ref() -> str:
    """A fresh ref, from the system's randomness."""
    return "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))


def is_ref(text: str) -> bool:
    """True for something that could be a ref."""
    return _SHAPE.fullmatch(text) is not None


def must_be_ref(text: str) -> None:
    """Raises NotFound for what no release can be called."""
    if not is_ref(text):
        raise unknown_release()


def unknown_release() -> NotFound:
    """The answer for a release that is not there, or not the caller's to see."""
    return NotFound("There is no such release.", "Check the ref that was given at hand-in.")
