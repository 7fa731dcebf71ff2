"""Collect: put deferred deliveries that are due again on new pages."""

from tidewire.clock import Clock
from tidewire.delivery.plan import PAGE_SIZE
from tidewire.model.delivery import PageState
from tidewire.store import deliveries, pages
from tidewire.store.database import Database


async def collect_retries(database: Database, clock: Clock) -> int:
    """Write pages for all deferred deliveries that are due; returns how many deliveries."""
    moved = 0
    while True:
        async with database.transaction() as tx:
            now = clock.now()
            groups = await deliveries.take_retries(tx, now, PAGE_SIZE)
            for page, endpoint_ids in groups:
                page_id = await pages.add_page(
                    tx, page, size=len(endpoint_ids), state=PageState.READY, due_at=now
                )
                await deliveries.move(tx, page_id, page, endpoint_ids)
                moved += len(endpoint_ids)
        if not groups:
            return moved
