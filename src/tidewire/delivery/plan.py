"""Plan: fan a staged edition out to pages of deliveries."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog

from tidewire.bus.bell import Bell, Topic
from tidewire.clock import Clock
from tidewire.formats.feed_names import names_of
from tidewire.formats.feeds import feeds_of
from tidewire.model.delivery import ChannelCode, PageState
from tidewire.model.opening import Opening, Why
from tidewire.model.release import Act, Edition
from tidewire.model.subscriber import Kind
from tidewire.store import (
    audience_sets,
    circuits,
    deliveries,
    endpoints,
    pages,
    stagings,
    subscriptions,
)
from tidewire.store.database import Connection, Database
from tidewire.store.pages import Page
from tidewire.vault.vault import Vault

PAGE_SIZE = 500  # what one worker claims at once: bounds memory, and what a crash repeats

log = structlog.get_logger()

Due = dict[tuple[ChannelCode, str], list[int]]


@dataclass(frozen=True, slots=True)
class Plan:
    """What planning works with."""

    database: Database
    clock: Clock
    bell: Bell
    vault: Vault


async def plan_waiting(plan: Plan) -> int:
    """Write the pages of every staged edition that has none; returns how many editions.

    It may run before the edition's moment or after it: pages go with the moment, or at once.
    """
    async with plan.database.transaction() as tx:
        waiting = await stagings.unplanned(tx)
    done = 0
    for release_id, version in waiting:
        try:
            planned = await _plan(plan, release_id, version)
        except Exception as error:  # one release must not hold up the others
            log.error("planning failed", release=release_id, error=type(error).__name__)
            continue
        if planned:
            done += 1
            await plan.bell.ring(Topic.PLANNED, str(release_id))
    return done


async def _plan(plan: Plan, release_id: int, version: int) -> bool:
    async with plan.database.transaction() as tx:
        public = await stagings.hold_unplanned(tx, release_id, version)
        if public is None:
            return False
        opening = Opening("plan", Why.PLAN)
        edition = await plan.vault.edition(tx, release_id, version, opening)
        assert edition is not None
        first = edition.act in (Act.PUBLISH, Act.ADD)
        due = await _first_readers(tx, edition) if first else await _holders(tx, edition)
        due |= await _feeds(tx, edition)
        now = plan.clock.now()
        due = _joined(due, await _followers(tx, edition, now))
        due = await _news(tx, edition, due, settled=public)
        state, due_at = (PageState.READY, now) if public else (PageState.STAGED, None)
        for (channel, language), ids in due.items():
            for run in _runs(ids):
                page = Page(0, release_id, version, channel, language)
                page_id = await pages.add_page(tx, page, size=len(run), state=state, due_at=due_at)
                await deliveries.add(tx, page_id, page, int(channel), run)
        await stagings.mark_planned(tx, release_id, version, now)
    return True


async def _news(tx: Connection, edition: Edition, due: Due, *, settled: bool) -> Due:
    """What is due and not planned; what is planned and no longer due is taken back.

    Nothing is taken back of an edition that is out (`settled`).
    """
    planned = await deliveries.planned(tx, edition.release_id, edition.version)
    if not planned:
        return due
    wanted = {(*key, endpoint_id) for key, ids in due.items() for endpoint_id in ids}
    gone = [endpoint_id for *_, endpoint_id in planned - wanted]
    if gone and not settled:
        await deliveries.take_back(tx, edition.release_id, edition.version, gone)
    known = {endpoint_id for *_, endpoint_id in (planned if settled else planned & wanted)}
    return {key: [one for one in ids if one not in known] for key, ids in due.items()}


async def _first_readers(tx: Connection, edition: Edition) -> Due:
    due: Due = {}
    for kind in (Kind.OUTLET, Kind.JOURNALIST):
        sets = await audience_sets.due(tx, edition.release_id, edition.version, int(kind))
        for language, subscribers in sets.items():
            for endpoint_id, _, channel in await endpoints.active_for(tx, list(subscribers)):
                due.setdefault((ChannelCode(channel), language), []).append(endpoint_id)
    return due


async def _holders(tx: Connection, edition: Edition) -> Due:
    """Whoever had an earlier version; in their language, or the best there is now."""
    languages = edition.release.languages()
    due: Due = {}
    for endpoint_id, channel, language in await deliveries.holders(
        tx, edition.release_id, edition.version
    ):
        if channel != ChannelCode.FEED:
            reads = language if language in languages else languages[0]
            due.setdefault((ChannelCode(channel), reads), []).append(endpoint_id)
    return due


async def _feeds(tx: Connection, edition: Edition) -> Due:
    due: Due = {}
    for name in feeds_of(edition):
        language = name.partition("/")[0]
        endpoint_id = await endpoints.ensure_feed(tx, name)
        due.setdefault((ChannelCode.FEED, language), []).append(endpoint_id)
    return due


async def _followers(tx: Connection, edition: Edition, now: datetime) -> Due:
    """Who has subscribed at the hub to a feed that the edition stands in."""
    names = {str(n): n.language for n in names_of(edition, await circuits.every(tx))}
    due: Due = {}
    for endpoint_id, feed in await subscriptions.following(tx, list(names), now):
        due.setdefault((ChannelCode.WEBSUB, names[feed]), []).append(endpoint_id)
    return due


def _joined(due: Due, others: Due) -> Due:
    """Both, with nobody in twice: what `others` says of an endpoint holds."""
    known = {endpoint_id for ids in others.values() for endpoint_id in ids}
    left = {key: [one for one in ids if one not in known] for key, ids in due.items()}
    return {key: left.get(key, []) + others.get(key, []) for key in left | others}


def _runs(ids: Sequence[int]) -> Iterator[list[int]]:
    """The ids in an order of their own for each release, cut into pages: nobody is always first."""
    shuffled = list(ids)
    random.SystemRandom().shuffle(shuffled)
    for start in range(0, len(shuffled), PAGE_SIZE):
        yield shuffled[start : start + PAGE_SIZE]
