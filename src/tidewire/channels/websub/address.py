"""The address of a WebSub endpoint: the document of a feed, and the callback, with a space between.

A subscriber is known by both (WebSub, section 5.1), so that a callback may have several topics.
"""

from tidewire.formats.feed_names import FeedAddress, read_address

LONGEST = 2500  # an index entry of the store holds no more


def written(topic: FeedAddress, callback: str) -> str:
    """ "/feeds/de.atom https://reader.example/7"; the wire's own address is left out."""
    return f"{topic.url('')} {callback}"


def read(address: str) -> tuple[FeedAddress, str]:
    """(topic, callback) of an address. Raises ValueError."""
    path, _, callback = address.partition(" ")
    topic = read_address(path, "")
    if topic is None:
        raise ValueError("the address names no feed")
    return topic, callback


def callback_of(address: str) -> str:
    """The callback of an address."""
    return address.partition(" ")[2]
