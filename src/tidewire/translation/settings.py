"""Which provider translates: the operator's TIDEWIRE_TRANSLATION settings."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from tidewire.model.errors import Misconfigured
from tidewire.translation.deepl import DeepL
from tidewire.translation.libretranslate import LibreTranslate
from tidewire.translation.provider import Provider

_NAME = "TIDEWIRE_TRANSLATION"
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


def open_provider(environment: Mapping[str, str]) -> Provider | None:
    """The provider that is set, None for none. Raises Misconfigured, naming the variable."""
    which = environment.get(_NAME, "").strip().lower()
    if not which:
        return None
    url, key = _url(environment), _key(environment)
    if which == "deepl":
        if not key:
            raise Misconfigured(
                f"{_NAME} is deepl, and there is no key.", f"Set {_NAME}_KEY_FILE to its file."
            )
        return DeepL(key, url)
    if which == "libretranslate":
        if url is None:
            raise Misconfigured(
                f"{_NAME} is libretranslate, and it has no address.", f"Set {_NAME}_URL."
            )
        return LibreTranslate(url, key)
    raise Misconfigured(f"{_NAME} is {which[:40]!r}.", "Use deepl, libretranslate, or nothing.")


def _url(environment: Mapping[str, str]) -> str | None:
    given = environment.get(f"{_NAME}_URL", "").strip()
    if not given:
        return None
    parts = urlsplit(given)
    safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    if not safe or not parts.hostname or parts.username:
        raise Misconfigured(
            f"{_NAME}_URL is no address that text and key may be sent to.",
            "Write it as https://translate.example; http is for this machine only.",
        )
    return given


def _key(environment: Mapping[str, str]) -> str:
    given = environment.get(f"{_NAME}_KEY_FILE", "")
    if not given:
        return ""
    try:
        key = Path(given).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        raise Misconfigured(
            f"{_NAME}_KEY_FILE cannot be read.", "Put the key into that file, alone."
        ) from None
    if not key or not key.isprintable():
        raise Misconfigured(f"{_NAME}_KEY_FILE holds no key.", "Put the key into it, alone.")
    return key
