"""Pictures: bytes under seal, what they are, and which release names which."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tidewire.model.picture import Picture
from tidewire.store.database import Connection


@dataclass(frozen=True, slots=True)
class StoredPicture:
    """A picture's sealed bytes; `key` opens them once it is public, None before."""

    ref: str
    issuer_id: int
    media_type: str
    sealed: bytes
    key: bytes | None


async def find_same(tx: Connection, issuer_id: int, mark: bytes, now: datetime) -> str | None:
    """The ref of an issuer's picture with the same bytes, which counts as uploaded anew."""
    row = await (
        await tx.execute(
            "UPDATE picture SET uploaded_at = %s WHERE issuer_id = %s AND mark = %s RETURNING ref",
            (now, issuer_id, mark),
        )
    ).fetchone()
    return None if row is None else str(row[0])


async def add(
    tx: Connection,
    issuer_id: int,
    picture: Picture,
    *,
    mark: bytes,
    sealed: bytes,
    now: datetime,
) -> bool:
    """Store a picture; False where one with the same bytes was stored meanwhile."""
    done = await tx.execute(
        "INSERT INTO picture (ref, issuer_id, mark, media_type, size, width, height, uploaded_at,"
        " sealed) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s)"
        " ON CONFLICT (issuer_id, mark) DO NOTHING",
        (
            picture.ref,
            issuer_id,
            mark,
            picture.media_type,
            picture.size,
            picture.width,
            picture.height,
            now,
            sealed,
        ),
    )
    return done.rowcount == 1


async def drop_unused(tx: Connection, issuer_id: int, before: datetime) -> int:
    """Drop the issuer's pictures that no release names, uploaded before; returns how many stay."""
    unused = "NOT EXISTS (SELECT 1 FROM release_picture r WHERE r.picture_id = p.id)"
    await tx.execute(
        f"DELETE FROM picture p WHERE issuer_id = %s AND uploaded_at < %s AND {unused}".encode(),
        (issuer_id, before),
    )
    query = f"SELECT count(*) FROM picture p WHERE issuer_id = %s AND {unused}"
    row = await (await tx.execute(query.encode(), (issuer_id,))).fetchone()
    assert row is not None
    return int(row[0])


async def of_issuer(tx: Connection, issuer_id: int, refs: Sequence[str]) -> dict[str, Picture]:
    """Those of `refs` that are this issuer's, by their ref."""
    rows = await tx.execute(
        "SELECT ref, media_type, size, width, height FROM picture"
        " WHERE issuer_id = %s AND ref = ANY(%s)",
        (issuer_id, list(refs)),
    )
    return {row[0]: Picture(*row) for row in await rows.fetchall()}


async def link(tx: Connection, release_id: int, refs: Sequence[str]) -> bool:
    """Write down that a release names these pictures; False where one of them is gone."""
    await tx.execute(
        "INSERT INTO release_picture (release_id, picture_id)"
        " SELECT %s, id FROM picture WHERE ref = ANY(%s) FOR KEY SHARE"
        " ON CONFLICT DO NOTHING",
        (release_id, list(refs)),
    )
    row = await (
        await tx.execute(
            "SELECT count(*) FROM release_picture r JOIN picture p ON p.id = r.picture_id"
            " WHERE r.release_id = %s AND p.ref = ANY(%s)",
            (release_id, list(refs)),
        )
    ).fetchone()
    assert row is not None
    return int(row[0]) == len(set(refs))


async def unlink(tx: Connection, release_id: int) -> None:
    """Forget which pictures a release names: its content is about to be replaced."""
    await tx.execute("DELETE FROM release_picture WHERE release_id = %s", (release_id,))


async def stored(tx: Connection, ref: str) -> StoredPicture | None:
    """A picture with its sealed bytes."""
    row = await (
        await tx.execute(
            "SELECT ref, issuer_id, media_type, sealed, key FROM picture WHERE ref = %s", (ref,)
        )
    ).fetchone()
    if row is None:
        return None
    return StoredPicture(row[0], row[1], row[2], bytes(row[3]), row[4] and bytes(row[4]))


async def not_public(tx: Connection, refs: Sequence[str]) -> list[tuple[str, int]]:
    """(ref, issuer id) of those that are not public yet, under lock."""
    rows = await tx.execute(
        "SELECT ref, issuer_id FROM picture WHERE ref = ANY(%s) AND key IS NULL"
        " ORDER BY id FOR UPDATE",
        (list(refs),),
    )
    return [(row[0], row[1]) for row in await rows.fetchall()]


async def was_public(tx: Connection, release_id: int, ref: str) -> bool:
    """Whether any public version of the release holds this picture."""
    row = await (
        await tx.execute(
            "SELECT 1 FROM release_version WHERE release_id = %s AND sequence IS NOT NULL"
            " AND document->'pictures' @> jsonb_build_array(jsonb_build_object('ref', %s::text))"
            " LIMIT 1",
            (release_id, ref),
        )
    ).fetchone()
    return row is not None
