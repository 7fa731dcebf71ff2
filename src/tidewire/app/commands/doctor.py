"""`tidewire doctor`: what is stuck and why, in plain words; exit code 1 where anything is."""

import asyncio
import dataclasses
import json
import shutil
import smtplib
from typing import Annotated

import psycopg
import typer
from psycopg import errors
from psycopg_pool import PoolTimeout
from rich.console import Console

from tidewire.app.assemble import open_bell, open_store
from tidewire.app.running import run
from tidewire.app.settings import Settings, read_settings
from tidewire.bus.nats import NatsBell
from tidewire.channels.email.settings import Tls
from tidewire.channels.email.settings import read_settings as read_mail
from tidewire.clock import Clock, SystemClock
from tidewire.model.errors import Unavailable
from tidewire.publish.stage import LEAD
from tidewire.store import migrations
from tidewire.store.database import Database
from tidewire.store.standing import Standing, can_write, listeners, programs, standing
from tidewire.vault.unlock import closed
from tidewire.watch.rules import Facts, Finding, diagnose

RELAY_SECONDS = 10.0
OURSELVES = "tidewire.localhost"


def doctor(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Say what is stuck, why, and what to do; exit code 1 where anything is."""
    found, facts = run(examine(read_settings(), SystemClock()))
    if as_json:
        typer.echo(json.dumps(_document(found, facts), ensure_ascii=False))
    else:
        _say(found, facts)
    raise typer.Exit(1 if found else 0)


async def examine(settings: Settings, clock: Clock) -> tuple[list[Finding], Facts | None]:
    """What is wrong, and what was seen (None where the database told nothing)."""
    try:
        async with open_store(settings, "doctor") as database:
            facts = await _facts(settings, clock, database)
    except (errors.UndefinedTable, errors.UndefinedColumn):
        said = "The database is empty, or older than this program."
        return [
            Finding("old-schema", said, "Start any program of this version: it migrates.")
        ], None
    except (Unavailable, PoolTimeout, psycopg.OperationalError):
        said = "The database does not answer: nothing can be read, stored or sent."
        where = "Check that PostgreSQL runs, has connections left, and TIDEWIRE_DATABASE_URL."
        return [Finding("no-database", said, where)], None
    return diagnose(facts), facts


async def _facts(settings: Settings, clock: Clock, database: Database) -> Facts:
    async with database.transaction() as tx:
        now = clock.now()  # just before the store reads its own
        stands = await standing(tx, now, LEAD)
        running, ears = await programs(tx), await listeners(tx)
    relay = await asyncio.to_thread(_relay, settings)
    return Facts(
        now=now,
        known=migrations.newest(),
        standing=stands,
        programs=running,
        listeners=ears,
        bell=await _bell(settings, database),
        write=await _write(database, stands),
        relay=relay or "",
        no_relay=relay is None,
        free=shutil.disk_usage(settings.home).free if settings.home.exists() else None,
        told=await _vault(settings, database),
    )


async def _write(database: Database, stands: Standing) -> str:
    if stands.read_only:
        return ""
    try:
        await can_write(database)
    except errors.DiskFull:
        return "its disk is full"
    except psycopg.Error as error:
        return type(error).__name__
    return ""


async def _bell(settings: Settings, database: Database) -> bool | None:
    bell = open_bell(settings, database)
    try:
        if not isinstance(bell, NatsBell):
            return None
        async with bell.listen():
            return bell.connected
    finally:
        await bell.close()


def _relay(settings: Settings) -> str | None:
    """Why the relay does not take mail, "" where it does, None where none is set."""
    mail = read_mail(settings.environment, settings.base_url)
    relay = mail.relay
    if relay is None:
        return None
    context = mail.tls_context()
    try:
        if relay.implicit:
            session: smtplib.SMTP = smtplib.SMTP_SSL(
                relay.host, relay.port, OURSELVES, timeout=RELAY_SECONDS, context=context
            )
        else:
            session = smtplib.SMTP(relay.host, relay.port, OURSELVES, timeout=RELAY_SECONDS)
        with session:
            session.ehlo()
            if relay.tls is Tls.REQUIRED and not relay.implicit:
                session.starttls(context=context)
            if relay.user:
                session.login(relay.user, relay.password)
            code, _ = session.mail(mail.sender)
            return "" if code == 250 else f"{relay.label} answers {code} to MAIL"
    except smtplib.SMTPResponseException as error:
        return f"{relay.label} answers {error.smtp_code}"
    except (OSError, smtplib.SMTPException) as error:
        why = error.strerror if isinstance(error, OSError) else ""
        return f"{relay.label} cannot be used ({why or type(error).__name__})"


async def _vault(settings: Settings, database: Database) -> tuple[Finding, ...]:
    """What is wrong with the master key, which the store does not hold."""
    why = await closed(database, settings.master_key_file)
    if not why:
        return ()
    return (
        Finding(
            "no-master-key",
            f"What waits stays sealed. {why}",
            "The same key file must be on every machine (TIDEWIRE_MASTER_KEY_FILE).",
        ),
    )


def _say(found: list[Finding], facts: Facts | None) -> None:
    console = Console(highlight=False, soft_wrap=True, markup=False)
    if not found:
        console.print("Nothing is stuck.")
    for one in found:
        console.print(f"- {one.what}\n  {one.do}")
    if facts is not None:
        names = ", ".join(sorted(set(facts.programs) - {"doctor"})) or "no program"
        console.print(
            f"Connected: {names}. Editions on the wire: {facts.standing.sequence:,};"
            f" batches in the ledger: {facts.standing.position:,}."
        )


def _document(found: list[Finding], facts: Facts | None) -> dict[str, object]:
    return {
        "ok": not found,
        "findings": [dataclasses.asdict(one) for one in found],
        "programs": sorted(set(facts.programs) - {"doctor"}) if facts else [],
        "sequence": facts.standing.sequence if facts else None,
        "ledger": facts.standing.position if facts else None,
    }
