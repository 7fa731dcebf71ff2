"""The address of a WordPress site, read. Pure.

    https://user@news.example/blog/?categories=energy:Energie,technology:Technik
        &status=publish&on_kill=trash

The path is the site's own; the REST API lies below it. All settings may be left out.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, unquote, urlsplit

from tidewire.model.errors import BadInput

HTTPS_PORT = 443
LONGEST_ADDRESS = 2000
STATUSES = ("publish", "pending", "draft", "private")
ON_KILL = ("draft", "trash")
KNOWN = ("categories", "status", "on_kill")

_HOST = re.compile(r"[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?\.?|[0-9a-f:.]+")


@dataclass(frozen=True, slots=True)
class Site:
    """A site and a user of it. `api` ends in "/wp-json/wp/v2".

    `categories` name a category for each sector; a sector that is not among them is looked
    for by its own names. `status` is what a post gets, `on_kill` what becomes of it then.
    """

    host: str
    port: int
    user: str
    api: str
    categories: Mapping[str, str] = field(default_factory=dict, hash=False)
    status: str = "publish"
    on_kill: str = "draft"


@lru_cache(20_000)
def read_site(address: str) -> Site:
    """Read an address. Raises BadInput, saying why it is none."""
    if len(address) > LONGEST_ADDRESS or not address.isprintable() or "\\" in address:
        raise _bad("It is too long, or holds characters that an address cannot hold.")
    try:
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _bad("It is not an address.") from None
    if parts.scheme != "https" or parts.fragment:
        raise _bad("It must begin with https:// and have no fragment.")
    if not _HOST.fullmatch(host) or port == 0:
        raise _bad("It names no host (write other letters as xn--).")
    if parts.password is not None:
        raise _bad("It holds a password, which belongs into the secret.")
    user, path = unquote(parts.username or ""), unquote(parts.path)
    if not user or not user.isprintable() or ":" in user:
        raise _bad("It names no user.")
    if "wp-json" in path or "wp-admin" in path or any(p in (".", "..") for p in path.split("/")):
        raise _bad("It names more than the site: the path ends where the site begins.")
    settings = _settings(parts.query)
    name = f"[{host}]" if ":" in host else host
    where = name if port in (None, HTTPS_PORT) else f"{name}:{port}"
    return Site(
        host,
        port or HTTPS_PORT,
        user,
        f"https://{where}{quote(path.rstrip('/'))}/wp-json/wp/v2",
        _categories(settings.get("categories", "")),
        _one_of(settings, "status", STATUSES),
        _one_of(settings, "on_kill", ON_KILL),
    )


def _settings(query: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in query.split("&") if query else ():
        name, _, value = part.partition("=")
        if name not in KNOWN or name in found:
            raise _bad(f"It has a setting {name!r}; known are, once each, {', '.join(KNOWN)}.")
        found[name] = unquote(value)
    return found


def _one_of(settings: Mapping[str, str], name: str, allowed: tuple[str, ...]) -> str:
    value = settings.get(name, allowed[0])
    if value not in allowed:
        raise _bad(f"{name} is one of {', '.join(allowed)}.")
    return value


def _categories(text: str) -> dict[str, str]:
    pairs = [part.partition(":") for part in text.split(",") if part.strip()]
    if not all(sector.strip() and name.strip() for sector, _, name in pairs):
        raise _bad("categories are written sector:Category,sector:Category.")
    return {sector.strip(): name.strip() for sector, _, name in pairs}


def _bad(why: str) -> BadInput:
    example = "https://user@news.example/?categories=energy:Energy&on_kill=draft"
    return BadInput(f"Posts cannot be sent to this address. {why}", f"Write it as {example}.")
