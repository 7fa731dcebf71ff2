"""Where releases came from: the news items that they were made of, and the wires followed."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tidewire.model.release import State
from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class Origin:
    """A release, and the newest versions of the items that it was made of, by their guids."""

    release_id: int
    ref: str
    state: State
    version: int
    public: bool
    digest: bytes | None
    items: Mapping[str, int]


async def find(tx: Connection, issuer_id: int, guids: Sequence[str]) -> list[Origin]:
    """The issuer's releases that were made of these items."""
    names = {_name(guid): guid for guid in guids}
    found = await tx.execute(
        "SELECT o.release_id, r.ref, r.state, r.version, v.sequence IS NOT NULL,"
        " r.request_digest, o.guid, o.version"
        " FROM item_origin o JOIN release r ON r.id = o.release_id"
        " JOIN release_version v ON v.release_id = r.id AND v.version = r.version"
        " WHERE o.issuer_id = %s AND o.guid = ANY(%s)",
        (issuer_id, list(names)),
    )
    releases: dict[int, Origin] = {}
    for row in await found.fetchall():
        digest = None if row[5] is None else bytes(row[5])
        one = Origin(row[0], row[1], State(row[2]), row[3], row[4], digest, {})
        items = releases.setdefault(row[0], one).items
        assert isinstance(items, dict)
        items[names[bytes(row[6])]] = row[7]
    return list(releases.values())


async def put(
    tx: Connection, issuer_id: int, release_id: int, items: Sequence[tuple[str, int]]
) -> bool:
    """Remember (guid, version) of the release's items; False where one is of another release."""
    for guid, version in items:
        done = await tx.execute(
            "INSERT INTO item_origin (issuer_id, guid, version, release_id)"
            " VALUES (%s, %s, %s, %s) ON CONFLICT (issuer_id, guid)"
            " DO UPDATE SET version = excluded.version"
            " WHERE item_origin.release_id = excluded.release_id",
            (issuer_id, _name(guid), version, release_id),
        )
        if done.rowcount == 0:
            return False
    return True


async def followed(tx: Connection, name: str) -> tuple[str, int] | None:
    """(address, last sequence number taken) of the wire of this name; None for a new one."""
    found = await tx.execute("SELECT url, taken_in FROM followed_wire WHERE name = %s", (name,))
    row = await found.fetchone()
    return None if row is None else (row[0], row[1])


async def advance(tx: Connection, name: str, url: str, sequence: int) -> None:
    """Up to this sequence number the wire of this name, at `url`, was taken."""
    await tx.execute(
        "INSERT INTO followed_wire (name, url, taken_in) VALUES (%s, %s, %s)"
        " ON CONFLICT (name) DO UPDATE SET taken_in = excluded.taken_in"
        " WHERE followed_wire.taken_in < excluded.taken_in",
        (name, url, sequence),
    )


def _name(guid: str) -> bytes:
    return hashlib.sha256(guid.encode()).digest()
