"""Issuers, accounts and their keys."""

from datetime import datetime

from tidewire.model.issuer import Caller, Issuer, Role
from tidewire.store.database import Connection


async def add_issuer(tx: Connection, issuer: Issuer, now: datetime) -> int:
    """Store an issuer (its `id` is ignored) and return its id. Raises UniqueViolation."""
    row = await (
        await tx.execute(
            "INSERT INTO issuer (slug, name, website, created_at) VALUES (%s, %s, %s, %s)"
            " RETURNING id",
            (issuer.slug, issuer.name, issuer.website, now),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def list_issuers(tx: Connection) -> list[Issuer]:
    """All issuers, by slug."""
    rows = await tx.execute("SELECT id, slug, name, website FROM issuer ORDER BY slug")
    return [Issuer(*row) for row in await rows.fetchall()]


async def find_issuer(tx: Connection, slug: str) -> Issuer | None:
    """The issuer of this slug."""
    query = "SELECT id, slug, name, website FROM issuer WHERE slug = %s"
    row = await (await tx.execute(query, (slug,))).fetchone()
    return Issuer(*row) if row else None


async def add_account(
    tx: Connection, role: Role, name: str, issuer_id: int | None, now: datetime
) -> int:
    """Store an account and return its id. Raises UniqueViolation on a second of that name."""
    row = await (
        await tx.execute(
            "INSERT INTO account (role, name, issuer_id, created_at) VALUES (%s, %s, %s, %s)"
            " RETURNING id",
            (role.value, name, issuer_id, now),
        )
    ).fetchone()
    assert row is not None
    return int(row[0])


async def find_account(tx: Connection, role: Role, name: str) -> Caller | None:
    """The account of this role and name."""
    row = await (
        await tx.execute(
            "SELECT id, name, issuer_id FROM account WHERE role = %s AND name = %s",
            (role.value, name),
        )
    ).fetchone()
    return Caller(row[0], role, row[1], row[2]) if row else None


async def add_key(tx: Connection, account_id: int, digest: bytes, now: datetime) -> None:
    """Store the SHA-256 digest of a new key."""
    await tx.execute(
        "INSERT INTO access_key (account_id, digest, created_at) VALUES (%s, %s, %s)",
        (account_id, digest, now),
    )


async def revoke_keys(tx: Connection, account_id: int, now: datetime) -> int:
    """Void all keys of an account; returns how many."""
    done = await tx.execute(
        "UPDATE access_key SET revoked_at = %s WHERE account_id = %s AND revoked_at IS NULL",
        (now, account_id),
    )
    return done.rowcount


async def account_of_key(tx: Connection, digest: bytes) -> Caller | None:
    """The account that holds this key, unless it was revoked."""
    row = await (
        await tx.execute(
            "SELECT a.id, a.role, a.name, a.issuer_id FROM access_key k"
            " JOIN account a ON a.id = k.account_id"
            " WHERE k.digest = %s AND k.revoked_at IS NULL",
            (digest,),
        )
    ).fetchone()
    return Caller(row[0], Role(row[1]), row[2], row[3]) if row else None
