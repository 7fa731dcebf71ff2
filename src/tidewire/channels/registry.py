"""The channels that deliver page by page: one line each.

The stream is fed by the gateway, a process of its own, straight from the wire.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from tidewire.channels.channel import Channel, ChannelContext
from tidewire.channels.email.channel import EmailChannel
from tidewire.channels.feed.channel import FeedChannel
from tidewire.channels.webhook.channel import WebhookChannel
from tidewire.channels.websub.channel import WebSubChannel
from tidewire.model.delivery import ChannelCode

CHANNELS: Mapping[ChannelCode, Callable[[ChannelContext], Channel]] = MappingProxyType(
    {
        ChannelCode.EMAIL: EmailChannel,
        ChannelCode.WEBHOOK: WebhookChannel,
        ChannelCode.FEED: FeedChannel,
        ChannelCode.WEBSUB: WebSubChannel,
    }
)
