"""Which versions a release has, whose it is, and when each became public."""

from dataclasses import dataclass
from datetime import datetime

from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class VersionFact:
    """One version of a release, as far as a report needs to know it."""

    release_id: int
    issuer_id: int
    version: int
    published_at: datetime | None


async def versions(tx: Connection, ref: str) -> list[VersionFact]:
    """All versions of a release, oldest first; empty where there is no such release."""
    rows = await tx.execute(
        "SELECT r.id, r.issuer_id, v.version, v.published_at FROM release r"
        " JOIN release_version v ON v.release_id = r.id WHERE r.ref = %s ORDER BY v.version",
        (ref,),
    )
    return [VersionFact(*row) for row in await rows.fetchall()]
