"""Editions: versions of releases with their content, read for formats, channels and pages."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from tidewire.model.release import Act, Edition, Release
from tidewire.store.database import Connection, Database

COLUMNS = """
    v.release_id, r.ref, v.version, v.act, i.name, i.slug, i.website, v.document::text, v.note,
    v.t0, v.sequence, v.published_at,
    (SELECT min(published_at) FROM release_version f WHERE f.release_id = v.release_id)
"""
FROM = """
    FROM release_version v JOIN release r ON r.id = v.release_id JOIN issuer i ON i.id = r.issuer_id
"""


# Stands in an edition whose text is under seal.
NO_TEXT = Release(slug="", renditions=())


def write_document(release: Release) -> str:
    """The content as JSON text for the store."""
    return msgspec.json.encode(release).decode()


def read_document(text: str) -> Release:
    """The content from the store's JSON text."""
    return msgspec.json.decode(text, type=Release)


async def edition(tx: Connection, release_id: int, version: int) -> Edition | None:
    """One version of one release; None also where its text is under seal (see vault/)."""
    query = f"SELECT {COLUMNS} {FROM} WHERE v.release_id = %s AND v.version = %s"
    query += " AND v.sealed IS NULL"
    return _one(await (await tx.execute(query.encode(), (release_id, version))).fetchone())


async def outline(tx: Connection, release_id: int, version: int) -> Edition | None:
    """One version of one release, without text (`NO_TEXT`) where that is under seal."""
    query = f"SELECT {COLUMNS} {FROM} WHERE v.release_id = %s AND v.version = %s"
    return _one(await (await tx.execute(query.encode(), (release_id, version))).fetchone())


async def public(tx: Connection, ref: str) -> Edition | None:
    """The newest published version of a release; None while nothing of it is public."""
    query = (
        f"SELECT {COLUMNS} {FROM} WHERE r.ref = %s AND v.sequence IS NOT NULL"
        " ORDER BY v.version DESC LIMIT 1"
    )
    return _one(await (await tx.execute(query.encode(), (ref,))).fetchone())


async def public_in(tx: Connection, ref: str, language: str) -> Edition | None:
    """The newest published version that said something in this language (`Edition.news`)."""
    query = (
        f"SELECT {COLUMNS} {FROM} WHERE r.ref = %(ref)s AND v.sequence IS NOT NULL"
        " AND (v.act <> 'add' OR v.document->'added' ? %(language)s)"
        " ORDER BY v.version DESC LIMIT 1"
    )
    values = {"ref": ref, "language": language}
    return _one(await (await tx.execute(query.encode(), values)).fetchone())


async def wire(tx: Connection, after: int, limit: int) -> list[Edition]:
    """Published editions with a sequence number above `after`, in its order."""
    query = f"SELECT {COLUMNS} {FROM} WHERE v.sequence > %s ORDER BY v.sequence LIMIT %s"
    return _many(await (await tx.execute(query.encode(), (after, limit))).fetchall())


async def selected(
    tx: Connection, after: int, upto: int, limit: int, wanted: Mapping[str, str]
) -> list[Edition]:
    """Published editions above `after` and up to `upto`, in the order of the sequence.

    `wanted` may name a language, a sector, a country, an issuer (its slug) and a circuit; each
    must fit.
    """
    query = f"""
        SELECT {COLUMNS} {FROM}
        WHERE v.sequence > %(after)s AND v.sequence <= %(upto)s AND {says("v")}
          AND (%(issuer)s::text IS NULL OR i.slug = %(issuer)s::text)
          AND (%(language)s::text IS NULL
               OR v.document @> jsonb_build_object('renditions',
                    jsonb_build_array(jsonb_build_object('language', %(language)s::text))))
          AND (%(sector)s::text IS NULL
               OR v.document @> jsonb_build_object('sectors', jsonb_build_array(%(sector)s::text)))
          AND (%(country)s::text IS NULL
               OR v.document @> jsonb_build_object('countries',
                    jsonb_build_array(%(country)s::text)))
          AND (%(circuit)s::text IS NULL
               OR v.document @> jsonb_build_object('circuits',
                    jsonb_build_array(%(circuit)s::text)))
        ORDER BY v.sequence LIMIT %(limit)s
    """
    names = ("language", "sector", "country", "issuer", "circuit")
    values: dict[str, str | int | None] = {name: wanted.get(name) for name in names}
    values |= {"after": after, "upto": upto, "limit": limit}
    return _many(await (await tx.execute(query.encode(), values)).fetchall())


async def newest_acts(tx: Connection, release_ids: Sequence[int]) -> dict[int, tuple[int, Act]]:
    """(sequence, act) of the newest published version of each of these releases.

    Versions that only add a rendition are passed over: they replace nothing.
    """
    query = """
        SELECT DISTINCT ON (release_id) release_id, sequence, act FROM release_version
        WHERE release_id = ANY(%s) AND sequence IS NOT NULL AND act <> 'add'
        ORDER BY release_id, version DESC
    """
    rows = await (await tx.execute(query, (list(release_ids),))).fetchall()
    return {row[0]: (row[1], Act(row[2])) for row in rows}


async def head(tx: Connection) -> int:
    """The last sequence number given out; 0 before the first."""
    row = await (await tx.execute("SELECT sequence FROM wire_head")).fetchone()
    assert row is not None
    return int(row[0])


async def head_now(database: Database) -> int:
    """The last sequence number given out, outside any transaction."""
    row = await database.glance("SELECT sequence FROM wire_head")
    assert row is not None
    return int(row[0])


async def changed_since(tx: Connection, after: int, most: int) -> tuple[int, list[str] | None]:
    """(head of the wire, refs of the releases with a version above `after`).

    None for the refs where more than `most` numbers have gone by, or `after` is none of this wire.
    """
    now = await head(tx)
    if now == after:
        return now, []
    if not 0 <= after < now or now - after > most:
        return now, None
    query = (
        "SELECT DISTINCT r.ref FROM release_version v JOIN release r ON r.id = v.release_id"
        " WHERE v.sequence > %s AND v.sequence <= %s"
    )
    return now, [row[0] for row in await (await tx.execute(query, (after, now))).fetchall()]


async def latest(
    tx: Connection, *, language: str | None = None, sector: str | None = None, limit: int = 50
) -> list[Edition]:
    """The newest public edition of each release, latest first.

    `language` keeps those with a rendition in exactly that language, `sector` those in it.
    With a language, a version that only added another one is passed over.
    """
    query = f"""
        SELECT {COLUMNS} {FROM}
        WHERE v.sequence IS NOT NULL AND {says("v")}
          AND NOT EXISTS (SELECT 1 FROM release_version n WHERE n.release_id = v.release_id
                          AND n.version > v.version AND n.sequence IS NOT NULL AND {says("n")})
          AND (%(language)s::text IS NULL
               OR v.document @> jsonb_build_object('renditions',
                    jsonb_build_array(jsonb_build_object('language', %(language)s::text))))
          AND (%(sector)s::text IS NULL
               OR v.document @> jsonb_build_object('sectors', jsonb_build_array(%(sector)s::text)))
        ORDER BY v.sequence DESC LIMIT %(limit)s
    """
    values = {"language": language, "sector": sector, "limit": limit}
    return _many(await (await tx.execute(query.encode(), values)).fetchall())


def says(version: str) -> str:
    """SQL: the version says something in %(language)s (`Edition.news`), if that is given."""
    return (
        f"(%(language)s::text IS NULL OR {version}.act <> 'add'"
        f" OR {version}.document->'added' ? %(language)s::text)"
    )


def read_edition(row: Sequence[Any]) -> Edition:
    """An edition from a row of COLUMNS."""
    return Edition(
        release_id=row[0],
        ref=row[1],
        version=row[2],
        act=Act(row[3]),
        issuer_name=row[4],
        issuer_slug=row[5],
        issuer_website=row[6],
        release=NO_TEXT if row[7] is None else read_document(row[7]),
        note=row[8],
        t0=row[9],
        sequence=row[10],
        published_at=row[11],
        first_published_at=row[12],
    )


def _one(row: Sequence[Any] | None) -> Edition | None:
    return None if row is None else read_edition(row)


def _many(rows: Sequence[Sequence[Any]]) -> list[Edition]:
    return [read_edition(row) for row in rows]
