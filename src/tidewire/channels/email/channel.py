"""The email channel: a page of deliveries over a few connections to the relay."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from tidewire.channels.channel import ChannelContext
from tidewire.channels.email.dkim import DkimSigner, dns_records, open_signer
from tidewire.channels.email.line import Patience
from tidewire.channels.email.mailbox import Mailbox, mailbox
from tidewire.channels.email.message import Body, Writer
from tidewire.channels.email.pool import Pool
from tidewire.channels.email.prepared import Header, Headers, pack, unpack
from tidewire.channels.email.render import Bodies
from tidewire.channels.email.session import Letter, Settle
from tidewire.channels.email.settings import NO_RELAY, MailSettings, read_settings
from tidewire.model.delivery import (
    Accepted,
    ChannelCode,
    Deferred,
    Outcome,
    Outgoing,
    Receipt,
    Refused,
)
from tidewire.model.release import Edition
from tidewire.waiting import end_tasks

NO_ADDRESS = 553  # RFC 5321: mailbox name not allowed


class EmailChannel:
    """Sends mail to the relay in TIDEWIRE_SMTP_URL; without one, no mail leaves."""

    code = ChannelCode.EMAIL

    def __init__(self, context: ChannelContext, *, patience: Patience | None = None) -> None:
        """Reads its settings. Raises Misconfigured where one of them is wrong."""
        self._clock = context.clock
        self._settings = read_settings(context.environment, context.base_url)
        self._context = context
        self._bodies = Bodies(context.base_url)
        self._writer: Writer | None = None
        relay = self._settings.relay
        self._pool = Pool(self._settings, relay, patience or Patience()) if relay else None

    def host(self, address: str) -> str:  # noqa: ARG002  # the protocol hands it in
        """The relay: it answers for every address; "" where none is set."""
        return self._settings.relay.host.lower() if self._settings.relay else ""

    def prepare(self, edition: Edition, language: str, deliveries: Sequence[Outgoing]) -> bytes:
        """Sign a header block for each delivery, dated with the moment."""
        if self._pool is None or edition.t0 is None:
            return b""
        content, writer, blocks = self._bodies.of(edition, language), self._open_writer(), {}
        for delivery in deliveries:
            try:
                to = mailbox(delivery.address)
            except ValueError:
                continue  # refused while sending
            block = writer.header(content, to, delivery, edition.t0)
            sender = writer.envelope_sender(delivery)
            kept = Header(delivery.address, delivery.name, to.local, to.domain, sender, block)
            blocks[delivery.endpoint_id] = kept
        return pack(Headers(content.digest, blocks))

    async def warm(self, edition: Edition, language: str, addresses: Sequence[str]) -> None:
        """Render the body, and open the connections to the relay."""
        if self._pool is None or not addresses:
            return
        try:
            await asyncio.to_thread(self._bodies.of, edition, language)
            await asyncio.to_thread(self._open_writer)
        except Exception:
            return  # `send` meets it again, and has receipts to say so with
        await self._pool.warm()

    async def send(
        self,
        edition: Edition,
        language: str,
        deliveries: Sequence[Outgoing],
        prepared: bytes = b"",
    ) -> AsyncGenerator[Receipt, None]:
        """Part of the Channel protocol."""
        if self._pool is None:
            for delivery in deliveries:
                yield self._receipt(delivery, Deferred(0, NO_RELAY, blame_host=False))
            return
        try:
            content = self._bodies.of(edition, language)
            writer = self._open_writer()
            headers = unpack(prepared, content.digest)
        except Exception as error:  # whatever a rendition holds, every delivery has its receipt
            detail = f"the mail could not be made: {type(error).__name__}"
            for delivery in deliveries:
                yield self._receipt(delivery, Deferred(0, detail, blame_host=False))
            return
        receipts = self._distribute(self._pool, Desk(writer, content, headers), deliveries)
        async with aclosing(receipts):  # who stops iterating stops the sending at once
            async for receipt in receipts:
                yield receipt

    async def write_to(self, to: Mailbox, content: Body, name: str) -> bool:
        """Send one mail that is no delivery; `name` makes its Message-ID. True if accepted."""
        if self._pool is None:
            return False
        writer, outcomes = self._open_writer(), list[Outcome]()
        head = partial(writer.letter_header, content, to, name, self._clock.now())
        letter = Letter("", to, lambda: (head(), content.content), outcomes.append)
        await self._pool.send([letter])
        return isinstance(outcomes[0], Accepted)

    async def close(self) -> None:
        """Say goodbye to the relay."""
        if self._pool is not None:
            await self._pool.close()

    async def _distribute(
        self, pool: Pool, desk: "Desk", deliveries: Sequence[Outgoing]
    ) -> AsyncGenerator[Receipt, None]:
        """Share the letters between the connections; receipts in the order of the answers."""
        at = self._clock.now()
        letters: list[Letter] = []
        ready: list[Receipt] = []  # settled since the reader last looked
        news = asyncio.Event()
        unsettled = {delivery.endpoint_id: delivery for delivery in deliveries}

        def settle_one(delivery: Outgoing, outcome: Outcome) -> None:
            if unsettled.pop(delivery.endpoint_id, None):
                ready.append(self._receipt(delivery, outcome))
                news.set()

        for delivery in deliveries:
            settle = partial(settle_one, delivery)
            try:
                letters.append(desk.letter(delivery, at, settle))
            except ValueError:
                settle(Refused(NO_ADDRESS, "this is not an address that mail can be sent to"))
        work = asyncio.create_task(pool.send(letters))
        work.add_done_callback(partial(_settle_rest, unsettled, settle_one))
        try:
            while unsettled or ready:
                await news.wait()
                news.clear()
                taken, ready = ready, []
                for receipt in taken:
                    yield receipt
        finally:
            if unsettled:  # otherwise it is done, and keeps its connections
                await end_tasks([work])
            await asyncio.gather(work, return_exceptions=True)

    def _receipt(self, delivery: Outgoing, outcome: Outcome) -> Receipt:
        return Receipt(delivery.endpoint_id, delivery.attempt, outcome, self._clock.now())

    def _open_writer(self) -> Writer:
        if self._writer is None:
            settings, context = self._settings, self._context
            signer = _signer(context, settings)
            self._writer = Writer(settings, context.tokens, signer, context.base_url)
        return self._writer


def dkim_records(context: ChannelContext) -> str:
    """The TXT records that the operator publishes, so that our signatures can be checked.

    The keys are made if there are none yet. Raises Misconfigured where a setting is wrong.
    """
    return dns_records(_signer(context, read_settings(context.environment, context.base_url)))


def _signer(context: ChannelContext, settings: MailSettings) -> DkimSigner:
    return open_signer(context.keys, settings.domain, settings.selector, ed25519=settings.ed25519)


@dataclass(frozen=True, slots=True)
class Desk:
    """Where the letters of a page are written: what they share, and what is made already."""

    writer: Writer
    content: Body
    headers: Headers

    def letter(self, delivery: Outgoing, at: datetime, settle: Settle) -> Letter:
        """The letter of one delivery; it is signed when it is sent, unless it has been.

        Raises ValueError where mail cannot be sent to its address.
        """
        body, made = self.content.content, self.headers.blocks.get(delivery.endpoint_id)
        if made and made.address == delivery.address and made.name == delivery.name:
            block = made.block
            return Letter(
                made.sender, Mailbox(made.local, made.domain), lambda: (block, body), settle
            )
        to = mailbox(delivery.address)

        def signed() -> tuple[bytes, bytes]:
            return self.writer.header(self.content, to, delivery, at), body

        return Letter(self.writer.envelope_sender(delivery), to, signed, settle)


def _settle_rest(
    unsettled: dict[int, Outgoing],
    settle: Callable[[Outgoing, Outcome], None],
    work: asyncio.Task[None],
) -> None:
    """Every delivery has its receipt, also where a fault of ours ended the work."""
    if work.cancelled():
        return
    detail = f"a fault while sending: {type(work.exception()).__name__}"
    for delivery in list(unsettled.values()):
        settle(delivery, Deferred(0, detail, blame_host=False, unseen=True))
