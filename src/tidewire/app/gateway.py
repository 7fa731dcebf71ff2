"""The gateway program: wires the stream to keys, store, bell and ledger."""

import asyncio
import signal
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog

from tidewire.access.tokens import read_desktop_key
from tidewire.app.assemble import House
from tidewire.app.settings import Settings
from tidewire.channels.stream.gateway import Gateway, GatewayContext
from tidewire.channels.stream.shelf import BATCH
from tidewire.channels.stream.tls import load_certificate, server_context
from tidewire.ledger.record import record_stream
from tidewire.ledger.sums import desktops_served
from tidewire.meters import StreamCount
from tidewire.model.delivery import StreamReceipts
from tidewire.model.errors import Misconfigured

log = structlog.get_logger()


async def run_gateway(
    house: House,
    stopping: asyncio.Event,
    *,
    host: str | None = None,
    port: int | None = None,
    reuse_port: bool = False,
    ready: Callable[[str, int], None] | None = None,
) -> None:
    """Feed desktops until `stopping` is set. Raises Misconfigured where it cannot listen.

    `host` and `port` go before the settings' own; with `reuse_port` several processes
    share one port. `ready` is told the address that is listened on.
    """
    own = house.settings.gateway
    host = own.host if host is None else host
    port = own.port if port is None else port
    tls = _tls(house.settings)
    gateway = Gateway(gateway_context(house, tls))
    reuse_port = reuse_port or house.settings.gateways > 1
    house.loading["shelf"] = "The newest editions are being loaded."
    house.meters.stream = lambda: _count(gateway)
    try:
        found = await gateway.start(host, port, reuse_port=reuse_port)
    except OSError as error:
        raise Misconfigured(
            f"The gateway cannot listen on {host}:{port}: {error.strerror}.",
            "Stop what listens there, or set TIDEWIRE_GATEWAY_ADDRESS.",
        ) from error
    log.info("gateway listens", host=found[0], port=found[1], tls=tls is not None)
    if tls is not None:
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _reload, tls, house.settings)
    try:
        if ready is not None:
            ready(*found)
        with suppress(Exception):  # what is not loaded now is loaded when it is asked for
            await gateway.shelf.after(max(0, gateway.hub.position - BATCH))
        house.loading.pop("shelf", None)
        await stopping.wait()
    finally:
        await gateway.stop()


def _count(gateway: Gateway) -> StreamCount:
    hub = gateway.hub
    return StreamCount(
        connections=len(hub.screens()),
        cut=hub.counters.cut,
        frames=hub.counters.frames,
        position=hub.position,
    )


def gateway_context(house: House, tls: ssl.SSLContext | None = None) -> GatewayContext:
    """What the gateway needs, from the parts of the house."""

    async def record(found: Sequence[StreamReceipts]) -> None:
        async with house.database.transaction() as tx:
            await record_stream(tx, found, house.clock.now())
        for one in found:
            house.meters.streamed(tuple(one.spread.items()))

    return GatewayContext(
        clock=house.clock,
        database=house.database,
        bell=house.bell,
        base_url=house.settings.base_url,
        read_key=lambda key: read_desktop_key(house.signer, key),
        record=record,
        counted=desktops_served,
        tls=tls,
    )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    return None if settings.certificate is None else server_context(*settings.certificate)


def _reload(tls: ssl.SSLContext, settings: Settings) -> None:
    """Show a renewed certificate from here on; where it cannot be used, the old one stays."""
    assert settings.certificate is not None
    try:
        load_certificate(tls, *settings.certificate)
        log.info("certificate read again")
    except Misconfigured as error:
        log.error("the old certificate stays", why=error.message)
