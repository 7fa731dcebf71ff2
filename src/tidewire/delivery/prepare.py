"""Prepare: before the moment, make and seal what can be made, then open connections.

    staged page → channel.prepare (in a thread) → sealed → staged_page;  then channel.warm

Several workers share the pages. What is not ready at the moment is made while sending.
"""

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import msgspec
import structlog

from tidewire.channels.channel import WARM_SECONDS, Channel
from tidewire.clock import Clock
from tidewire.model.delivery import ChannelCode
from tidewire.model.release import Act, Edition
from tidewire.store import deliveries, pages, staged_pages, stagings
from tidewire.store.database import Connection, Database
from tidewire.store.pages import Page
from tidewire.store.stagings import Waiting
from tidewire.vault.reading import Reading
from tidewire.vault.seal import seal
from tidewire.vault.vault import Vault

LEAD = timedelta(minutes=15)  # as staging's: nothing is planned earlier
TOO_LATE = timedelta(seconds=1)  # no page is begun so shortly before the moment

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Prepare:
    """What preparing works with. `owner` names this worker; `warmed` is what it opened for."""

    database: Database
    clock: Clock
    channels: Mapping[ChannelCode, Channel]
    vault: Vault
    reading: Reading
    owner: str
    warmed: set[Waiting] = field(default_factory=set)


def fingerprint(edition: Edition, language: str) -> bytes:
    """A digest of all that a page of this language is made from; 32 octets.

    Other renditions are left out, so that a change of one leaves the pages of the others.
    """
    release = edition.release
    only = tuple(r for r in release.renditions if r.language == language) or release.renditions
    content = replace(
        edition,
        release=replace(release, renditions=only),
        sequence=None,
        published_at=None,
        first_published_at=None,
    )
    return hashlib.sha256(msgspec.json.encode(content)).digest()


def about(page_id: int) -> bytes:
    """What the sealed part of a page is bound to."""
    return f"page {page_id}".encode()


async def prepare_coming(prepare: Prepare) -> int:
    """Prepare what is staged and goes soon; returns how many pages were."""
    now, done = prepare.clock.now(), 0
    async with prepare.database.transaction() as tx:
        coming = await stagings.planned(tx, now + TOO_LATE, now + LEAD)
    for waiting in coming:
        done += await _prepare_edition(prepare, waiting)
    return done


async def _prepare_edition(prepare: Prepare, waiting: Waiting) -> int:
    done, prints = 0, dict[str, bytes]()
    while waiting.t0 - prepare.clock.now() > TOO_LATE:
        async with prepare.database.transaction() as tx:
            edition = await prepare.reading.edition(tx, waiting.release_id, waiting.version)
            if edition is None or edition.act is not Act.PUBLISH or edition.t0 != waiting.t0:
                break
            prints = {tag: fingerprint(edition, tag) for tag in edition.release.languages()}
            page = await staged_pages.take_unprepared(
                tx, waiting.release_id, waiting.version, prepare.channels, prints
            )
            if page is None:
                break
            await _prepare_page(prepare, tx, page, edition, prints[page.language])
        done += 1
    return done


async def _prepare_page(
    prepare: Prepare, tx: Connection, page: Page, edition: Edition, mark: bytes
) -> None:
    outgoing = await deliveries.staged(tx, page)
    channel, made = prepare.channels[page.channel], b""
    try:
        made = await asyncio.to_thread(channel.prepare, edition, page.language, outgoing)
    except Exception as error:  # it is made, or found wanting, while sending
        log.error("preparing failed", page=page.id, error=type(error).__name__)
    key = await prepare.vault.key_of(tx, page.release_id)
    await staged_pages.write(tx, page.id, mark, seal(key, made, about(page.id)))


async def warm_coming(prepare: Prepare) -> None:
    """Open connections for what goes within seconds, once for each moment."""
    now = prepare.clock.now()
    soon = now + timedelta(seconds=WARM_SECONDS)
    async with prepare.database.transaction() as tx:
        coming = set(await stagings.planned(tx, now, soon))
    prepare.warmed.intersection_update(coming)
    for waiting in coming - prepare.warmed:
        prepare.warmed.add(waiting)
        await asyncio.gather(*(_warm(prepare, waiting, code) for code in prepare.channels))


async def _warm(prepare: Prepare, waiting: Waiting, code: ChannelCode) -> None:
    """Page by page, so that the workers share them."""
    async with prepare.database.transaction() as tx:
        edition = await prepare.reading.edition(tx, waiting.release_id, waiting.version)
    opened = 0
    while edition is not None and (left := _seconds(waiting.t0, prepare.clock.now())) > 0:
        async with prepare.database.transaction() as tx:
            page = await pages.speak_for(
                tx, waiting.release_id, waiting.version, code, prepare.owner
            )
            if page is None:
                break
            addresses = [one.address for one in await deliveries.staged(tx, page)]
        try:
            async with asyncio.timeout(left):
                await prepare.channels[code].warm(edition, page.language, addresses)
        except TimeoutError:
            break
        opened += 1
    log.info("warm", release=waiting.release_id, channel=code.label, pages=opened)


def _seconds(until: datetime, now: datetime) -> float:
    return (until - now).total_seconds()
