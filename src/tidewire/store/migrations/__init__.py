"""Numbered migrations: files NNNN_name.sql, applied in order, each once, each in a transaction."""

from importlib import resources

from tidewire.model.errors import Misconfigured
from tidewire.store.database import Connection, Database

LOCK = 0x71DE  # one program migrates at a time


def migrations() -> list[tuple[int, str, str]]:
    """All migrations in order, as (number, name, sql)."""
    found = []
    for file in resources.files(__name__).iterdir():
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            found.append((int(number), name, file.read_text(encoding="utf-8")))
    return sorted(found)


def newest() -> int:
    """The number of the last migration that this program knows."""
    return migrations()[-1][0]


async def migrate(database: Database) -> list[int]:
    """Bring the store up to date; returns the numbers applied now.

    Raises Misconfigured where the store is newer than this program.
    """
    async with database.transaction() as tx:
        await tx.execute("SELECT pg_advisory_xact_lock(%s)", (LOCK,))
        done = await _applied(tx)
        known = migrations()
        if done and max(done) > known[-1][0]:
            raise Misconfigured(
                f"The database is at migration {max(done)}, this program knows {known[-1][0]}.",
                "Install the newer Tidewire that wrote it.",
            )
        fresh = [entry for entry in known if entry[0] not in done]
        for number, name, sql in fresh:
            await tx.execute(sql.encode())
            await tx.execute("INSERT INTO migration (number, name) VALUES (%s, %s)", (number, name))
        return [number for number, _, _ in fresh]


async def _applied(tx: Connection) -> set[int]:
    await tx.execute(
        "CREATE TABLE IF NOT EXISTS migration (number int PRIMARY KEY, name text NOT NULL,"
        " applied_at timestamptz NOT NULL DEFAULT now())"
    )
    rows = await (await tx.execute("SELECT number FROM migration")).fetchall()
    return {row[0] for row in rows}
