"""Inbound mail: bounces, complaints and unsubscriptions reach the ledger."""

import asyncio
from functools import partial

import structlog

from tidewire.app.assemble import House
from tidewire.channels.email.inbound import InboundMail
from tidewire.delivery.feedback import hear

log = structlog.get_logger()


async def run_inbound(house: House, stopping: asyncio.Event) -> None:
    """Take mail on TIDEWIRE_INBOUND_ADDRESS until `stopping` is set; without one, none."""
    mail = InboundMail(house.channel_context(), partial(hear, house.database, house.clock))
    if not mail.wanted:
        log.warning("no bounces are taken", do="set TIDEWIRE_INBOUND_ADDRESS (host:port)")
        await stopping.wait()
        return
    await mail.start()
    log.info("inbound mail listens", port=mail.port)
    try:
        await stopping.wait()
    finally:
        await mail.close()
