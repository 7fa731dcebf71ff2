"""A personal link to one's settings, sent to whoever asks and is known."""

import ipaddress
import secrets
from collections import OrderedDict, deque
from datetime import datetime, timedelta

from tidewire.channels.channel import ChannelContext
from tidewire.channels.email.channel import EmailChannel
from tidewire.channels.email.mailbox import mailbox
from tidewire.channels.email.message import body
from tidewire.channels.email.preferences import address_key
from tidewire.formats.addresses import preferences_url
from tidewire.languages import Furniture, led
from tidewire.store import endpoints

AGAIN_AFTER = timedelta(minutes=10)
MOST_ASKED = 20  # by one client, within that time
MOST_REMEMBERED = 10_000


class Links:
    """Sends links; one to an address in ten minutes, so that nobody can be flooded.

    One client may ask for so many only; what an address or client asked for is kept in memory.
    """

    def __init__(self, context: ChannelContext) -> None:
        self._context = context
        self._channel = EmailChannel(context)
        self._sent: OrderedDict[str, datetime] = OrderedDict()
        self._asked: OrderedDict[str, deque[datetime]] = OrderedDict()

    async def send(self, address: str, words: Furniture, client: str) -> bool:
        """Send the link to an address that is on the list; false where none was sent.

        `client` is the network address that asks.
        """
        channel, key = address_key(address)
        try:
            to = mailbox(key)
        except ValueError:
            return False
        if not self._may_ask(client):
            return False
        async with self._context.database.transaction() as tx:
            endpoint = await endpoints.of_address(tx, channel, key)
        if endpoint is None or endpoint.subscriber_id is None or not self._may_send(key):
            return False
        token = self._context.tokens.sign("preferences", str(endpoint.id))
        link = preferences_url(self._context.base_url, token)
        paragraphs = (
            words.word("preferences_mail_open"),
            link,
            words.word("preferences_mail_ignore"),
        )
        text = "\n\n".join(led(said, words.direction) for said in paragraphs) + "\n"
        content = body(words.word("preferences_mail_subject"), words.tag, text)
        try:
            return await self._channel.write_to(to, content, f"link.{secrets.token_hex(16)}")
        finally:
            await self._channel.close()

    def _may_ask(self, client: str) -> bool:
        now, who = self._context.clock.now(), _network(client)
        asked = self._asked.setdefault(who, deque(maxlen=MOST_ASKED))
        self._asked.move_to_end(who)
        if len(self._asked) > MOST_REMEMBERED:
            self._asked.popitem(last=False)
        if len(asked) == MOST_ASKED and now - asked[0] < AGAIN_AFTER:
            return False
        asked.append(now)
        return True

    def _may_send(self, key: str) -> bool:
        # Only known addresses come here: strangers cannot push others out of the memory.
        now = self._context.clock.now()
        last = self._sent.get(key)
        if last is not None and now - last < AGAIN_AFTER:
            return False
        self._sent[key] = now
        self._sent.move_to_end(key)
        if len(self._sent) > MOST_REMEMBERED:
            self._sent.popitem(last=False)
        return True


def _network(client: str) -> str:
    """A client's address; of an IPv6 one its /64, which is what one customer gets."""
    try:
        address = ipaddress.ip_address(client)
    except ValueError:
        return client
    if address.version == 4:
        return client
    return str(ipaddress.IPv6Network((int(address), 64), strict=False))
