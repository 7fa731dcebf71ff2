"""Where an endpoint's files go: its address, read. Pure.

    sftp://user@host:22/folder/{issuer}-{slug}-v{version}.json?host_key=SHA256:...&on_kill=remove

The last part of the path is the pattern of the file's name (names); without one the default
holds. A path that begins "/~/" is taken from the folder that the login begins in.
"""

import posixpath
import re
from collections.abc import Collection
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import unquote, urlsplit

from tidewire.channels.filing.names import DEFAULT_PATTERN, check_pattern
from tidewire.model.errors import BadInput

LONGEST_ADDRESS = 2000
LONGEST_HOST = 253
KEEP, REMOVE = "keep", "remove"

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")  # as ssh-keygen -l writes it
_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?|[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class Login:
    """Who is connected to, and as whom: endpoints that share it share a connection."""

    host: str
    port: int
    user: str
    host_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """An endpoint: its login, its folder ("" is where the login begins), its names.

    `removes` is true where a kill takes the files of earlier versions away.
    """

    login: Login
    folder: str
    pattern: str
    removes: bool = False

    def path(self, name: str) -> str:
        """The path of a file of this name."""
        return posixpath.join(self.folder, name)


@lru_cache(20_000)
def read_place(address: str, scheme: str, port: int, endings: tuple[str, ...]) -> Place:
    """Read an address of `scheme` whose usual port is `port`. Raises BadInput, saying why.

    `endings` are those of the forms that there are (forms).
    """
    if len(address) > LONGEST_ADDRESS or not address.isprintable() or "\\" in address:
        raise _bad(scheme, "It is too long, or holds characters that an address cannot hold.")
    try:
        parts = urlsplit(address)
        host, given = parts.hostname or "", parts.port
    except ValueError:
        raise _bad(scheme, "It is not an address.") from None
    if parts.scheme != scheme or ("?" in address and not parts.query) or parts.fragment:
        raise _bad(scheme, f"It must begin with {scheme}:// and have no fragment.")
    if len(host) > LONGEST_HOST or not _HOST.fullmatch(host):
        raise _bad(scheme, "It names no host (write other letters as xn--).")
    if given == 0:
        raise _bad(scheme, "Port 0 is none.")
    if parts.password is not None:
        raise _bad(scheme, "It holds a password, which belongs into the secret.")
    user = unquote(parts.username or "")
    if not user or not user.isprintable():
        raise _bad(scheme, "It names no user.")
    folder, pattern = _path(parts.path, scheme)
    settings = _settings(parts.query, scheme)
    check_pattern(pattern, endings)
    login = Login(host, given or port, user, settings.get("host_key", ()))
    return Place(login, folder, pattern, settings.get("on_kill") == (REMOVE,))


def _path(text: str, scheme: str) -> tuple[str, str]:
    """(folder, pattern) of a path."""
    path = unquote(text) or "/"
    if not path.isprintable() or any(part in (".", "..") for part in path.split("/")):
        raise _bad(scheme, "Its path holds . or .. or a control character.")
    folder, _, pattern = path.rpartition("/")
    folder = folder or "/"
    if folder == "/~" or folder.startswith("/~/"):
        folder = folder[3:]
    return folder, pattern or DEFAULT_PATTERN


def _settings(query: str, scheme: str) -> dict[str, tuple[str, ...]]:
    known: Collection[str] = ("host_key", "on_kill") if scheme == "sftp" else ("on_kill",)
    found: dict[str, tuple[str, ...]] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name not in known:
            raise _bad(scheme, f"It has a setting {name!r}; known are {', '.join(known)}.")
        found[name] = (*found.get(name, ()), unquote(value))
    if found.get("on_kill", (KEEP,)) not in ((KEEP,), (REMOVE,)):
        raise _bad(scheme, f"on_kill is {KEEP} or {REMOVE}.")
    if scheme == "sftp" and not found.get("host_key"):
        raise _bad(scheme, "It pins no host key.")
    if not all(_FINGERPRINT.fullmatch(key) for key in found.get("host_key", ())):
        raise _bad(scheme, "Its host_key is not SHA256: and 43 characters.")
    return found


def _bad(scheme: str, why: str) -> BadInput:
    pin = "?host_key=SHA256:... (ssh-keyscan HOST | ssh-keygen -lf -)" if scheme == "sftp" else ""
    example = f"{scheme}://user@host/folder/{DEFAULT_PATTERN}{pin}"
    return BadInput(f"Files cannot be sent to this address. {why}", f"Write it as {example}.")


def host_of(address: str) -> str:
    """The host name of an address, in lower case; "" where it is none."""
    try:
        return urlsplit(address).hostname or ""
    except ValueError:
        return ""
