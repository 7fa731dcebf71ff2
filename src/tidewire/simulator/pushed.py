"""Which outlets are pushed to, where, with what secret, and how their servers behave. Pure."""

import hashlib
from collections.abc import Mapping
from enum import StrEnum

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

SHARE, LEAST = 0.004, 3  # of the outlets, on each way; real servers cost memory and time
USER = "wire"  # of every site

# Names that say which delivery a file is; the outlets ask for the formats in turn.
PATTERNS = tuple(f"{{ref}}_v{{version}}_{{language}}{ending}" for ending in (
    ".json", ".ninjs.json", ".xml", ".nitf.xml", ".ninjs-1.6.json",
))  # fmt: skip


class Way(StrEnum):
    """How an outlet is pushed to: the channel's name. FTPS is not among them.

    No library that the product needs has a server for it.
    """

    SFTP = "sftp"
    WORDPRESS = "wordpress"


class PushTemper(StrEnum):
    """What a server does that is pushed to."""

    TAKES = "takes"
    SHAKY = "shaky"  # breaks off at the first try, then takes
    LOCKED = "locked"  # turns the login down
    BROKEN = "broken"  # its disk is full, its site is down


# The tempers of one way's servers, in turn: three are enough for the first three.
TEMPERS = (
    PushTemper.TAKES,
    PushTemper.SHAKY,
    PushTemper.LOCKED,
    PushTemper.TAKES,
    PushTemper.BROKEN,
    PushTemper.TAKES,
    PushTemper.TAKES,
    PushTemper.TAKES,
)


def pushed(outlets: int) -> Mapping[int, tuple[Way, PushTemper]]:
    """Of so many outlets the last are pushed to and reached in no other way, by their numbers."""
    each = min(max(LEAST, round(outlets * SHARE)), outlets // 4)
    first = outlets - each * len(Way) + 1
    return {
        first + turn * len(Way) + place: (way, TEMPERS[turn % len(TEMPERS)])
        for turn in range(each)
        for place, way in enumerate(Way)
    }


def host_name(number: int) -> str:
    """The host of an outlet's servers."""
    return f"outlet-{number:04d}.sim.localhost"


def login_name(number: int) -> str:
    """Whom the wire logs in as on outlet `number`'s file server."""
    return f"outlet-{number:04d}"


def files_address(number: int, port: int, host_key: str) -> str:
    """Where outlet `number` takes files; `host_key` is "SHA256:..."."""
    pattern = PATTERNS[number // len(Way) % len(PATTERNS)]
    where = f"{login_name(number)}@{host_name(number)}:{port}"
    return f"sftp://{where}/in/{pattern}?host_key={host_key}"


def site_address(number: int, port: int) -> str:
    """The site of outlet `number`."""
    return f"https://{USER}@{host_name(number)}:{port}/news/"


def password(seed: int, number: int) -> str:
    """The password of outlet `number`'s server."""
    return hashlib.sha256(f"{seed} password {number}".encode()).hexdigest()[:24]


def has_key(number: int) -> bool:
    """Whether the wire logs in with a key there: every other one does."""
    return number // len(Way) % 2 == 0


def key(seed: int, number: int) -> Ed25519PrivateKey:
    """The key that opens outlet `number`'s file server."""
    raw = hashlib.sha256(f"{seed} key {number}".encode()).digest()
    return Ed25519PrivateKey.from_private_bytes(raw)


def secret(seed: int, number: int, way: Way) -> str:
    """What the wire logs in with: a password, or a private key in OpenSSH's form."""
    if way is Way.SFTP and has_key(number):
        made = key(seed, number)
        return made.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return password(seed, number)
